"""The Messages API on the wire: the body of a request. What it is answered with is in `answers.py`.

Requests are wide: every field may be null, blocks and tools stay raw until their `type` is known.
After https://platform.claude.com/docs/en/api/messages/create, version 2023-06-01,
and the official Python SDK 2.11.
"""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

from msgspec import UNSET, Meta, Raw, Struct, UnsetType

from specs.anthropic.blocks import TOOL_NAME_128, CacheControl, TextBlock
from specs.anthropic.mcp import McpServerParam
from specs.openai.marks import (
    LARGEST,
    MODEL,
    NOTHING,
    OBJECT,
    OBJECT_OR_NULL,
    like,
    listed,
    shaped,
    sized,
    within,
    words,
)

Display: TypeAlias = Literal["summarized", "omitted"]


class Metadata(Struct, frozen=True):
    user_id: str | None = None
    """Who the request is for, as an opaque id."""


class ThinkingEnabled(Struct, frozen=True, tag_field="type", tag="enabled"):
    """Think for at most so many tokens."""

    budget_tokens: Annotated[int, within(1_024, LARGEST)]
    """Less than `max_tokens`."""
    display: Display | None = None


class ThinkingAdaptive(Struct, frozen=True, tag_field="type", tag="adaptive"):
    """Think as long as the model sees fit."""

    display: Display | None = None


class ThinkingDisabled(Struct, frozen=True, tag_field="type", tag="disabled"):
    """Do not think."""


class ThinkingBetweenTools(Struct, frozen=True, tag_field="type", tag="between_tools"):
    """Think between tool calls only."""


Thinking: TypeAlias = ThinkingEnabled | ThinkingAdaptive | ThinkingDisabled | ThinkingBetweenTools


class OutputFormat(Struct, frozen=True, tag_field="type", tag="json_schema"):
    """JSON that follows a schema."""

    schema: Annotated[Raw, OBJECT]


class OutputConfig(Struct, frozen=True):
    effort: Literal["low", "medium", "high", "xhigh", "max"] | None = None
    format: OutputFormat | None = None


class ToolChoice(Struct, frozen=True):
    type: Literal["auto", "any", "tool", "none"]
    name: str | None = None
    """With `tool`: the one to call."""
    disable_parallel_tool_use: bool | None = None


class Tool(Struct, frozen=True):
    """A tool the caller runs. Tools of other types are left out, with a warning."""

    name: Annotated[str, TOOL_NAME_128]
    input_schema: Annotated[Raw, OBJECT]
    """JSON Schema of the input, at most 256 KiB and 32 levels deep."""
    description: str | None = None
    strict: bool | None = None
    cache_control: CacheControl | None = None
    type: Annotated[str, words("custom")] | None = None
    eager_input_streaming: bool | None = None
    """Inputs are always streamed as they come."""
    defer_loading: bool | None = None
    """Not honoured; answered with a warning."""
    allowed_callers: list[str] | None = None
    """Other callers than `direct` are answered with a warning."""
    input_examples: list[Annotated[Raw, OBJECT]] | None = None
    """Not honoured; answered with a warning."""


class SearchPlace(Struct, frozen=True):
    """Roughly where the user is."""

    type: Annotated[str, words("approximate")]
    city: Annotated[str, sized(0, 100)] | None = None
    region: Annotated[str, sized(0, 100)] | None = None
    country: Annotated[str, sized(0, 2)] | None = None
    timezone: Annotated[str, sized(0, 100)] | None = None


class SearchTool(Struct, frozen=True):
    """The server searches the web for the model."""

    name: Annotated[str, words("web_search")]
    type: Annotated[str, like(r"^web_search_20\d{6}$")]
    """`web_search_20250305`, or a later version."""
    max_uses: Annotated[int, within(1, 1_000)] | None = None
    """Searches in one run."""
    allowed_domains: Annotated[list[str], listed(0, 100)] | None = None
    """These and what is under them."""
    blocked_domains: Annotated[list[str], listed(0, 100)] | None = None
    user_location: SearchPlace | None = None
    cache_control: CacheControl | None = None
    defer_loading: bool | None = None
    """Not honoured; answered with a warning."""
    allowed_callers: list[str] | None = None
    """Other callers than `direct` are answered with a warning."""


class Trigger(Struct, frozen=True):
    type: Annotated[str, words("input_tokens")]
    value: Annotated[int, within(1_000, LARGEST)]


class ContextEdit(Struct, frozen=True):
    """`compact_20260112` has older context replaced by a summary; `clear_thinking_20251015` with `keep` =
    `all` is what is done anyway. Others are left out, with a warning."""

    type: str
    keep: Raw | UnsetType = UNSET
    trigger: Annotated[Trigger, Meta(description="Of `compact_20260112`: when.")] | None = None
    instructions: str | None = None
    """Not honoured; answered with a warning."""
    pause_after_compaction: bool | None = None
    """Not honoured; answered with a warning."""


class ContextManagement(Struct, frozen=True):
    edits: list[ContextEdit] | None = None


class CreateMessage(Struct, frozen=True, kw_only=True):
    """The body of `POST /v1/messages`."""

    model: Annotated[str, MODEL]
    messages: Annotated[list[Annotated[Raw, shaped("Turn")]], listed(1, 8_192)]
    max_tokens: Annotated[int, within(1, LARGEST)] | None = None
    system: str | list[TextBlock] | None = None
    stream: bool | None = None
    """Answer with server-sent events."""
    temperature: Annotated[float, within(0, 1)] | None = None
    top_p: Annotated[float, within(0, 1)] | None = None
    top_k: int | None = None
    """Not honoured; answered with a warning."""
    stop_sequences: list[Annotated[str, sized(1, 1_000)]] | None = None
    thinking: Thinking | None = None
    output_config: OutputConfig | None = None
    output_format: OutputFormat | None = None
    """The older place of `output_config.format`."""
    tools: list[Annotated[Raw, shaped("MessagesTool")]] | None = None
    tool_choice: ToolChoice | None = None
    metadata: Metadata | None = None
    service_tier: Literal["auto", "standard_only"] | None = None
    cache_control: CacheControl | None = None
    """A mark on the last block that can carry one."""
    context_management: ContextManagement | None = None
    """What is done about a context that grows long."""
    speed: Literal["standard", "fast"] | None = None
    """`fast` is answered with a warning."""
    inference_geo: Annotated[str, words("global")] | None = None
    """Nothing but `global` can be promised here."""
    compaction: Annotated[Raw, NOTHING] | UnsetType = UNSET
    thread: Annotated[Raw, NOTHING] | UnsetType = UNSET
    mcp_servers: Annotated[list[McpServerParam], listed(0, 20)] | None = None
    """Servers whose tools the server runs."""
    container: Annotated[Raw, OBJECT_OR_NULL] | UnsetType = UNSET
    """Not honoured; answered with a warning, as are the following."""
    diagnostics: Annotated[Raw, OBJECT_OR_NULL] | UnsetType = UNSET
    fallbacks: Raw | UnsetType = UNSET
    fallback_credit_token: Raw | UnsetType = UNSET
    billing_policy: Raw | UnsetType = UNSET
    user_profile_id: str | None = None
