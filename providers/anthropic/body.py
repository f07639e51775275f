"""What we write to the Messages API: the request body, exactly.

Source: https://platform.claude.com/docs/en/api/messages/create, version 2023-06-01.
"""

from __future__ import annotations

from typing import Literal, TypeAlias

from msgspec import Raw, Struct


class CacheControl(Struct, frozen=True, tag="ephemeral", omit_defaults=True):
    """Cache everything up to and including the block that carries it."""

    ttl: Literal["5m", "1h"] | None = None
    """Left out, it is five minutes."""


class Base64Source(Struct, frozen=True, tag="base64"):
    media_type: str
    data: str


class UrlSource(Struct, frozen=True, tag="url"):
    url: str


class TextSource(Struct, frozen=True, tag="text"):
    data: str
    media_type: str = "text/plain"


class TextBlock(Struct, frozen=True, tag="text", omit_defaults=True):
    text: str
    cache_control: CacheControl | None = None


class ImageBlock(Struct, frozen=True, tag="image", omit_defaults=True):
    source: Base64Source | UrlSource
    cache_control: CacheControl | None = None


class CitationsConfig(Struct, frozen=True):
    enabled: bool


class DocumentBlock(Struct, frozen=True, tag="document", omit_defaults=True):
    source: Base64Source | UrlSource | TextSource
    title: str | None = None
    citations: CitationsConfig | None = None
    cache_control: CacheControl | None = None


class ThinkingBlock(Struct, frozen=True, tag="thinking"):
    thinking: str
    signature: str


class RedactedThinkingBlock(Struct, frozen=True, tag="redacted_thinking"):
    data: str


class ToolUseBlock(Struct, frozen=True, tag="tool_use", omit_defaults=True):
    id: str
    name: str
    input: Raw
    cache_control: CacheControl | None = None


ResultBlock: TypeAlias = TextBlock | ImageBlock | DocumentBlock


class ToolResultBlock(Struct, frozen=True, tag="tool_result", omit_defaults=True):
    tool_use_id: str
    content: tuple[ResultBlock, ...] = ()
    is_error: bool = False
    cache_control: CacheControl | None = None


UserBlock: TypeAlias = TextBlock | ImageBlock | DocumentBlock | ToolResultBlock
AssistantBlock: TypeAlias = TextBlock | ThinkingBlock | RedactedThinkingBlock | ToolUseBlock | Raw
"""Raw is what the provider has said itself, said to it again."""
ContentBlock: TypeAlias = UserBlock | AssistantBlock
Role: TypeAlias = Literal["user", "assistant", "system"]


class Turn(Struct, frozen=True):
    role: Role
    content: tuple[ContentBlock, ...]


class ToolParam(Struct, frozen=True, omit_defaults=True):
    name: str
    input_schema: Raw
    description: str | None = None
    strict: bool | None = None
    cache_control: CacheControl | None = None


class SearchPlace(Struct, frozen=True, tag="approximate", omit_defaults=True):
    city: str | None = None
    region: str | None = None
    country: str | None = None
    timezone: str | None = None


class SearchTool(Struct, frozen=True, tag="web_search_20250305", omit_defaults=True):
    """The provider searches the web."""

    name: str
    max_uses: int | None = None
    allowed_domains: tuple[str, ...] = ()
    blocked_domains: tuple[str, ...] = ()
    user_location: SearchPlace | None = None
    cache_control: CacheControl | None = None


class ToolChoiceParam(Struct, frozen=True, omit_defaults=True):
    type: Literal["auto", "any", "tool", "none"]
    name: str | None = None
    disable_parallel_tool_use: bool = False


class Thinking(Struct, frozen=True, omit_defaults=True):
    type: Literal["enabled", "adaptive", "disabled", "between_tools"]
    budget_tokens: int | None = None
    display: Literal["summarized", "omitted"] | None = None


class OutputFormat(Struct, frozen=True, tag="json_schema"):
    schema: Raw


class OutputConfig(Struct, frozen=True, omit_defaults=True):
    effort: str | None = None
    format: OutputFormat | None = None


class Metadata(Struct, frozen=True):
    user_id: str


class Body(Struct, frozen=True, omit_defaults=True):
    """`POST /v1/messages`."""

    model: str
    max_tokens: int
    messages: tuple[Turn, ...]
    stream: bool
    system: tuple[TextBlock, ...] = ()
    tools: tuple[ToolParam | SearchTool, ...] = ()
    tool_choice: ToolChoiceParam | None = None
    thinking: Thinking | None = None
    output_config: OutputConfig | None = None
    temperature: float | None = None
    top_p: float | None = None
    stop_sequences: tuple[str, ...] = ()
    service_tier: Literal["auto", "standard_only"] | None = None
    metadata: Metadata | None = None
