"""The Responses API: the body of a request, and the response object.

Every key of a response is always written; what may be absent is typed `UnsetType`.
https://www.openresponses.org (2026-04-24), https://platform.openai.com/docs/api-reference/responses
"""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

from msgspec import UNSET, Meta, Raw, Struct, UnsetType

from specs.openai.marks import (
    LARGEST,
    METADATA,
    MODEL,
    NOTHING,
    OBJECT,
    OBJECT_OR_NULL,
    OLD,
    TOOL_NAME,
    listed,
    shaped,
    sized,
    within,
    words,
)
from specs.openai.mcp_tools import McpToolEcho
from specs.openai.response_items import OutputItem
from specs.openai.search_tools import SearchChoice, SearchToolEcho
from specs.requests import Effort

CONVERSATION = Meta(
    extra_json_schema={
        "anyOf": [
            {"type": "string"},
            {"type": "object", "properties": {"id": {"type": "string"}}, "required": ["id"]},
            {"type": "null"},
        ]
    }
)

Verbosity: TypeAlias = Literal["low", "medium", "high"]
SummaryKind: TypeAlias = Literal["auto", "concise", "detailed"]
ChoiceMode: TypeAlias = Literal["none", "auto", "required"]
ServiceTier: TypeAlias = Literal["auto", "default", "flex", "scale", "priority", "fast", "ultrafast"]
Truncation: TypeAlias = Literal["auto", "disabled"]

INCLUDABLE = words(
    "reasoning.encrypted_content",
    "message.output_text.logprobs",
    "file_search_call.results",
    "web_search_call.results",
    "web_search_call.action.sources",
    "message.input_image.image_url",
    "computer_call_output.output.image_url",
    "code_interpreter_call.outputs",
)


class TextFormat(Struct, frozen=True, tag_field="type", tag="text"):
    """Plain text."""


class JsonObjectFormat(Struct, frozen=True, tag_field="type", tag="json_object"):
    """Any JSON object."""


class JsonSchemaFormat(Struct, frozen=True, tag_field="type", tag="json_schema"):
    """JSON that follows a schema. `strict` is false where it is left out."""

    name: Annotated[str, TOOL_NAME]
    schema: Annotated[Raw, OBJECT]
    description: str | UnsetType | None = UNSET
    strict: bool | None = None


Format: TypeAlias = TextFormat | JsonObjectFormat | JsonSchemaFormat


class TextParam(Struct, frozen=True):
    format: Format | None = None
    verbosity: Verbosity | None = None


class ReasoningConfigParam(Struct, frozen=True):
    effort: Effort | None = None
    summary: SummaryKind | None = None
    generate_summary: Annotated[SummaryKind, OLD] | None = None
    """The former name of `summary`."""
    context: str | None = None
    mode: str | None = None


class StreamOptionsParam(Struct, frozen=True):
    include_obfuscation: bool | None = None
    """Only an explicit true adds padding to deltas."""


class FunctionToolParam(Struct, frozen=True):
    name: Annotated[str, TOOL_NAME]
    description: str | None = None
    parameters: Annotated[Raw, OBJECT_OR_NULL] | UnsetType = UNSET
    """JSON Schema of the arguments, at most 256 KiB and 32 levels deep."""
    strict: bool | None = None
    defer_loading: bool | None = None
    output_schema: Annotated[Raw, OBJECT_OR_NULL] | UnsetType = UNSET
    allowed_callers: list[str] | None = None


class TextInputFormat(Struct, frozen=True, tag_field="type", tag="text"):
    """Any text."""


class GrammarFormat(Struct, frozen=True, tag_field="type", tag="grammar"):
    """Text that a grammar allows."""

    syntax: Literal["lark", "regex"]
    definition: Annotated[str, sized(0, 262_144)]


CustomFormat: TypeAlias = TextInputFormat | GrammarFormat


class CustomToolParam(Struct, frozen=True):
    """A tool that takes free text. Where a provider has none, it goes as a function of one string."""

    name: Annotated[str, TOOL_NAME]
    description: str | None = None
    format: CustomFormat | None = None
    defer_loading: bool | None = None
    allowed_callers: list[str] | None = None


class ToolChoiceParam(Struct, frozen=True):
    """A `tool_choice` that is an object, or an entry of `allowed_tools`."""

    type: str
    name: str | None = None
    server_label: str | None = None
    """Of type `mcp`: which server; `name` is then one of its tools, or left out for any of them."""
    mode: ChoiceMode | None = None
    tools: list[ToolChoiceParam] | None = None


class ConversationNamed(Struct, frozen=True):
    id: str


class ContextManagementParam(Struct, frozen=True):
    type: str
    """`compaction`; others are left out with a warning."""
    compact_threshold: Annotated[int, within(1_000, LARGEST)] | None = None
    """Tokens of context from which on it is compacted; left out, three quarters of the model's window."""


class CreateResponse(Struct, frozen=True):
    """The body of `POST /v1/responses`. Null is the same as absent throughout."""

    model: Annotated[str, MODEL] | None = None
    """An agent's id or alias; may be left out where `previous_response_id` implies it."""
    input: str | Annotated[list[Annotated[Raw, shaped("InputItem")]], listed(1, 8_192)] | None = None
    """A string is one user message."""
    previous_response_id: str | None = None
    """A stored response that this one continues; `model` is then that one's where it is left out."""
    conversation: Annotated[Raw, CONVERSATION] | UnsetType = UNSET
    """A conversation's id, bare or in an object; not together with `previous_response_id`."""
    instructions: str | None = None
    include: list[Annotated[str, INCLUDABLE]] | None = None
    """What only hosted tools have is taken without effect."""
    tools: list[Annotated[Raw, shaped("ResponseTool")]] | None = None
    tool_choice: ChoiceMode | ToolChoiceParam | None = None
    parallel_tool_calls: bool | None = None
    max_tool_calls: Annotated[int, within(1, LARGEST)] | None = None
    text: TextParam | None = None
    reasoning: ReasoningConfigParam | None = None
    temperature: Annotated[float, within(0, 2)] | None = None
    top_p: Annotated[float, within(0, 1)] | None = None
    presence_penalty: Annotated[float, within(-2, 2)] | None = None
    frequency_penalty: Annotated[float, within(-2, 2)] | None = None
    top_logprobs: Annotated[int, within(0, 20)] | None = None
    max_output_tokens: Annotated[int, within(16, LARGEST)] | None = None
    truncation: Truncation | None = None
    """Whether the oldest exchanges are left out where the input is longer than the model's context window."""
    service_tier: ServiceTier | None = None
    metadata: Annotated[dict[str, Annotated[str, sized(0, 512)]], METADATA] | None = None
    safety_identifier: Annotated[str, sized(0, 128)] | None = None
    prompt_cache_key: Annotated[str, sized(0, 64)] | None = None
    user: Annotated[str, OLD] | None = None
    """The former name of `safety_identifier`."""
    store: bool | None = None
    """Whether the response is kept; true where it is left out, unless the key's project forbids it."""
    background: Annotated[bool, words(False)] | None = None
    """Not supported."""
    stream: bool | None = None
    """Answer with server-sent events."""
    stream_options: StreamOptionsParam | None = None
    prompt: Annotated[Raw, NOTHING] | UnsetType = UNSET
    context_management: Annotated[list[ContextManagementParam], listed(1, 8)] | None = None
    """What is done about a context that grows long."""
    moderation: Raw | UnsetType = UNSET
    """Not honoured; answered with a warning."""
    image: Raw | UnsetType = UNSET
    """Not honoured; answered with a warning."""
    access_programs: Raw | UnsetType = UNSET
    """Not honoured; answered with a warning."""
    prompt_cache_options: Raw | UnsetType = UNSET
    """Not honoured; answered with a warning."""
    prompt_cache_retention: Raw | UnsetType = UNSET
    """Not honoured; answered with a warning."""


class FunctionToolEcho(Struct, frozen=True, tag_field="type", tag="function"):
    """A function tool as it is stated back; every key is there."""

    name: str
    description: str | None
    parameters: Annotated[Raw, OBJECT_OR_NULL]
    """Exactly as it was sent; the JSON null where it was not."""
    strict: bool | None


class CustomToolEcho(Struct, frozen=True, tag_field="type", tag="custom"):
    """A custom tool as it is stated back."""

    name: str
    description: str | None
    format: CustomFormat


ToolEcho: TypeAlias = FunctionToolEcho | CustomToolEcho | McpToolEcho | SearchToolEcho


class FunctionChoice(Struct, frozen=True, tag_field="type", tag="function"):
    name: str


class CustomChoice(Struct, frozen=True, tag_field="type", tag="custom"):
    name: str


class McpChoice(Struct, frozen=True, tag_field="type", tag="mcp", omit_defaults=True):
    """A tool of a server, or any of them."""

    server_label: str
    name: str | None = None


class AllowedTools(Struct, frozen=True, tag_field="type", tag="allowed_tools"):
    tools: tuple[FunctionChoice | CustomChoice | McpChoice | SearchChoice, ...]
    mode: ChoiceMode


ToolChoiceEcho: TypeAlias = (
    ChoiceMode | FunctionChoice | CustomChoice | McpChoice | SearchChoice | AllowedTools
)


class TextField(Struct, frozen=True):
    format: Format = TextFormat()
    verbosity: Verbosity | UnsetType = UNSET


class ReasoningField(Struct, frozen=True):
    effort: Effort | None
    summary: SummaryKind | None


class ResponseError(Struct, frozen=True):
    code: str
    message: str


class IncompleteDetails(Struct, frozen=True):
    reason: str
    """`max_output_tokens`, `max_tool_calls`, `content_filter`, or one of ours with the prefix `dragoman:`."""


class InputTokensDetails(Struct, frozen=True):
    cached_tokens: int
    cache_write_tokens: int


class OutputTokensDetails(Struct, frozen=True):
    reasoning_tokens: int


class ResponseUsage(Struct, frozen=True):
    """Tokens of all model calls of the run, added up."""

    input_tokens: int
    input_tokens_details: InputTokensDetails
    output_tokens: int
    output_tokens_details: OutputTokensDetails
    total_tokens: int
    estimated: bool | UnsetType = UNSET
    """True where we counted because the provider did not say; absent otherwise."""


ResponseStatus: TypeAlias = Literal["queued", "in_progress", "completed", "incomplete", "failed", "cancelled"]


class Response(Struct, frozen=True, kw_only=True):
    """The response object, whole: in the answer and in every `response.*` state event."""

    id: str
    object: Literal["response"] = "response"
    created_at: int
    completed_at: int | None = None
    status: ResponseStatus
    error: ResponseError | None = None
    incomplete_details: IncompleteDetails | None = None
    model: str
    """What the caller sent."""
    previous_response_id: str | None = None
    instructions: str | None = None
    """The caller's, never the agent's."""
    output: tuple[OutputItem, ...] = ()
    tools: tuple[ToolEcho, ...] = ()
    tool_choice: ToolChoiceEcho = "auto"
    parallel_tool_calls: bool = True
    max_tool_calls: int | None = None
    text: TextField = TextField()
    reasoning: ReasoningField | None = None
    temperature: float = 1.0
    top_p: float = 1.0
    presence_penalty: float = 0.0
    frequency_penalty: float = 0.0
    top_logprobs: int = 0
    max_output_tokens: int | None = None
    truncation: Truncation = "disabled"
    service_tier: str = "default"
    usage: ResponseUsage | None = None
    metadata: dict[str, str] = {}
    safety_identifier: str | None = None
    prompt_cache_key: str | None = None
    user: str | UnsetType = UNSET
    store: bool = False
    background: bool = False
    conversation: ConversationNamed | None = None
