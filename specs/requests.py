"""What is asked: `RunRequest` of an agent, `ModelRequest` of a model (one step of a run)."""

from __future__ import annotations

from typing import Literal, TypeAlias

from msgspec import UNSET, Raw, Struct, UnsetType

from specs.items import ContextItem, Item, Lifetime
from specs.tools import HostedTool, WebSearch

Effort: TypeAlias = Literal["none", "minimal", "low", "medium", "high", "xhigh", "max"]


class CustomInput(Struct, frozen=True, omit_defaults=True):
    """What a custom tool takes instead of JSON arguments: free text, held to a grammar where it has one."""

    syntax: Literal["lark", "regex"] | None = None
    definition: str | None = None
    """The grammar, in that syntax."""


class FunctionTool(Struct, frozen=True, tag="function", omit_defaults=True):
    """A function the client runs."""

    name: str
    description: str | None = None
    parameters: Raw | UnsetType = UNSET
    """JSON Schema of the arguments, exactly as it was given."""
    strict: bool | None = None
    custom: CustomInput | None = None
    """Set where its calls hold free text instead of JSON; it has no parameters then."""
    cache: Lifetime | None = None
    """The caller's cache mark on it, where a wire has such marks."""


Tool: TypeAlias = FunctionTool


class ServerChoice(Struct, frozen=True, omit_defaults=True):
    """A tool of a server, whose name for the model is only known once the server was asked."""

    label: str
    name: str | None = None
    """As its server calls it; None is any of them."""
    param: str = "tool_choice"
    """Where the caller wrote it."""


class ToolChoice(Struct, frozen=True, omit_defaults=True):
    mode: Literal["auto", "none", "required"] = "auto"
    name: str | None = None
    """Force exactly this function (mode is then `required`)."""
    allowed: tuple[str, ...] | None = None
    """Only these may be called; the tool list is sent whole so that caches hold."""
    params: tuple[str, ...] = ()
    """Where the caller wrote `name` or each of `allowed`, for a refusal that names the field."""
    servers: tuple[ServerChoice, ...] = ()
    """To be added to `allowed`; where that is None, one of these has to be called."""


class ResponseFormat(Struct, frozen=True, omit_defaults=True):
    kind: Literal["text", "json_object", "json_schema"] = "text"
    name: str | None = None
    description: str | None = None
    schema: Raw | UnsetType = UNSET
    strict: bool | None = None


class Settings(Struct, frozen=True, omit_defaults=True):
    """How the model is to answer. None leaves it to the agent, then to the model."""

    temperature: float | None = None
    top_p: float | None = None
    presence_penalty: float | None = None
    frequency_penalty: float | None = None
    max_output_tokens: int | None = None
    stop: tuple[str, ...] | None = None
    seed: int | None = None
    logprobs: bool | None = None
    top_logprobs: int | None = None
    logit_bias: dict[str, float] | None = None
    reasoning_effort: Effort | None = None
    reasoning_summary: Literal["auto", "concise", "detailed"] | None = None
    thinking_budget: int | None = None
    """Tokens the model may think for, where a provider counts that way."""
    verbosity: Literal["low", "medium", "high"] | None = None
    response_format: ResponseFormat | None = None
    parallel_tool_calls: bool | None = None
    service_tier: str | None = None
    prompt_cache_key: str | None = None
    safety_identifier: str | None = None


class CacheMark(Struct, frozen=True):
    """Where in the instructions a caller wants the provider's cache to reach."""

    end: int
    """Characters of the instructions before it."""
    lifetime: Lifetime


class FilePlace(Struct, frozen=True):
    """Where a request names a stored file."""

    id: str
    param: str
    """`input[0].content[1].file_id`."""


class ModelRequest(Struct, frozen=True):
    """One model call, provider-neutral."""

    model: str
    """The provider's own name of the model."""
    items: tuple[ContextItem, ...]
    instructions: str | None = None
    tools: tuple[Tool, ...] = ()
    tool_choice: ToolChoice = ToolChoice()
    settings: Settings = Settings()
    instruction_marks: tuple[CacheMark, ...] = ()
    search: WebSearch | None = None
    """That the provider itself is to search the web for the model."""


class CompactAsk(Struct, frozen=True, omit_defaults=True):
    """That a context is to be compacted before it grows too long."""

    threshold: int | None = None
    """Tokens; None leaves it to the model's window."""


class Allowance(Struct, frozen=True, omit_defaults=True):
    """How many tokens the model calls of a run may take together; over it the run ends incomplete. None is
    no limit."""

    prompt: int | None = None
    completion: int | None = None
    cuts_middle: bool = False
    """Whether exchanges in the middle of the context are left out to keep to it, and to the model's
    window."""


class ApprovalPlace(Struct, frozen=True):
    """Where a caller answers a request for approval."""

    request: str
    param: str
    """`input[2].approval_request_id`."""


class RunRequest(Struct, frozen=True):
    """One run of an agent, as any of the APIs asks for it."""

    agent: str
    """What the caller wrote as `model`: an agent's id or alias."""
    items: tuple[Item, ...]
    instructions: str | None = None
    tools: tuple[Tool, ...] = ()
    tool_choice: ToolChoice | None = None
    settings: Settings = Settings()
    metadata: dict[str, str] = {}
    max_tool_calls: int | None = None
    """Hosted calls that may be made in the run; further ones are ignored. None is no limit."""
    may_truncate: bool = False
    """Whether the oldest exchanges may be left out where the input is longer than the model's window."""
    compaction: CompactAsk | None = None
    """Whether the context is replaced by a summary where it grows too long; None is never."""
    allowance: Allowance | None = None
    min_output_tokens: int | None = None
    """The least output the caller can use; None is the house's least (256)."""
    hosted: tuple[HostedTool, ...] = ()
    """Tools that the server is to run."""
    hosted_params: tuple[str, ...] = ()
    """Where the caller wrote each of them, for what is said of it; `tools` where nothing stands here."""
    may_ask: bool = False
    """Whether the caller can be asked for approvals; where not, what needs one is refused."""
    approvals: tuple[ApprovalPlace, ...] = ()
    """The approvals and denials that came with this very request; those before it have been dealt with."""
    warnings: tuple[str, ...] = ()
    """What the API's reader had to leave out, each a sentence naming the field."""
    instruction_marks: tuple[CacheMark, ...] = ()
