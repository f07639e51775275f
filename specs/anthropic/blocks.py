"""The content blocks of a request to the Messages API, one Struct a kind. A block is read by its `type`
alone, so that a kind nobody here knows fails no request.

After https://platform.claude.com/docs/en/api/messages/create, version 2023-06-01.
"""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import UNSET, Raw, Struct, UnsetType

from specs.openai.marks import OBJECT, URL, listed, shaped, sized, words

TOOL_NAME_128 = sized(1, 128)
"""The name of a tool; this API takes longer ones than others."""


class CacheControl(Struct, frozen=True, tag_field="type", tag="ephemeral"):
    """Cache the prompt up to and including what carries this."""

    ttl: Literal["5m", "1h"] | None = None
    """How long; five minutes where it is left out."""


class CitationsConfig(Struct, frozen=True):
    enabled: bool | None = None


class TextBlock(Struct, frozen=True, tag_field="type", tag="text"):
    text: str
    cache_control: CacheControl | None = None
    citations: list[Annotated[Raw, OBJECT]] | None = None
    """Of an earlier answer; what they say is in its text."""


class Base64Source(Struct, frozen=True, tag_field="type", tag="base64"):
    media_type: str
    data: str


class UrlSource(Struct, frozen=True, tag_field="type", tag="url"):
    url: Annotated[str, URL]


class FileSource(Struct, frozen=True, tag_field="type", tag="file"):
    file_id: str
    """A file stored here."""


class TextSource(Struct, frozen=True, tag_field="type", tag="text"):
    data: str
    media_type: Annotated[str, words("text/plain")] = "text/plain"


class ContentSource(Struct, frozen=True, tag_field="type", tag="content"):
    content: str | list[Annotated[Raw, shaped("DocumentContent")]]


class ImageBlock(Struct, frozen=True, tag_field="type", tag="image"):
    source: Base64Source | UrlSource | FileSource
    cache_control: CacheControl | None = None
    transformations: Annotated[Raw, OBJECT] | UnsetType = UNSET
    """Not honoured; answered with a warning."""


class DocumentBlock(Struct, frozen=True, tag_field="type", tag="document"):
    source: Base64Source | UrlSource | FileSource | TextSource | ContentSource
    title: str | None = None
    context: str | None = None
    citations: CitationsConfig | None = None
    cache_control: CacheControl | None = None


class SearchResultBlock(Struct, frozen=True, tag_field="type", tag="search_result"):
    """Something found by the caller, given to the model as text with its source."""

    content: list[TextBlock]
    source: str
    title: str
    citations: CitationsConfig | None = None
    cache_control: CacheControl | None = None


class ThinkingBlock(Struct, frozen=True, tag_field="type", tag="thinking"):
    """Thinking of an earlier answer, sent back as it came."""

    thinking: str
    signature: str = ""


class RedactedThinkingBlock(Struct, frozen=True, tag_field="type", tag="redacted_thinking"):
    data: str


class ToolUseBlock(Struct, frozen=True, tag_field="type", tag="tool_use"):
    """A call of a tool the caller runs."""

    id: Annotated[str, sized(1, 64)]
    name: Annotated[str, TOOL_NAME_128]
    input: Annotated[Raw, OBJECT] | UnsetType = UNSET
    cache_control: CacheControl | None = None


class ToolResultBlock(Struct, frozen=True, tag_field="type", tag="tool_result"):
    tool_use_id: str
    """Of a `tool_use` block of an earlier assistant message."""
    content: str | list[Annotated[Raw, shaped("ToolResultContent")]] | None = None
    is_error: bool | None = None
    cache_control: CacheControl | None = None


class ServerToolUseBlock(Struct, frozen=True, tag_field="type", tag="server_tool_use"):
    """A call that some server ran itself."""

    id: str
    name: str
    input: Annotated[Raw, OBJECT] | UnsetType = UNSET
    cache_control: CacheControl | None = None


class McpToolUseBlock(Struct, frozen=True, tag_field="type", tag="mcp_tool_use"):
    """A call that this server ran itself."""

    id: str
    name: str
    server_name: str
    input: Annotated[Raw, OBJECT] | UnsetType = UNSET
    cache_control: CacheControl | None = None


class McpToolResultBlock(Struct, frozen=True, tag_field="type", tag="mcp_tool_result"):
    tool_use_id: str
    content: str | list[TextBlock] | None = None
    is_error: bool | None = None
    cache_control: CacheControl | None = None


class ServerToolResult(Struct, frozen=True):
    """What came of a `server_tool_use`; each tool has a type of its own for it."""

    tool_use_id: str
    content: Raw | UnsetType = UNSET
    cache_control: CacheControl | None = None


class CompactionBlock(Struct, frozen=True, tag_field="type", tag="compaction"):
    """A summary in place of what went before."""

    content: str | None = None
    cache_control: CacheControl | None = None


class WebSearchResult(ServerToolResult, frozen=True, tag_field="type", tag="web_search_tool_result"):
    """What came of a search."""


SERVER_RESULTS = (
    "web_search_tool_result",
    "web_fetch_tool_result",
    "code_execution_tool_result",
    "bash_code_execution_tool_result",
    "text_editor_code_execution_tool_result",
    "tool_search_tool_result",
    "advisor_tool_result",
)
"""The types a `ServerToolResult` comes with."""


class UserTurn(Struct, frozen=True, tag_field="role", tag="user"):
    """What the user says and shows, and what tools gave back."""

    content: (
        str
        | Annotated[
            list[TextBlock | ImageBlock | DocumentBlock | SearchResultBlock | ToolResultBlock],
            listed(1, 8_192),
        ]
    )


class AssistantTurn(Struct, frozen=True, tag_field="role", tag="assistant"):
    """An earlier answer, sent back; the last message may be the beginning of one."""

    content: (
        str
        | list[
            TextBlock
            | ThinkingBlock
            | RedactedThinkingBlock
            | ToolUseBlock
            | ServerToolUseBlock
            | WebSearchResult
            | McpToolUseBlock
            | McpToolResultBlock
        ]
    )


class SystemTurn(Struct, frozen=True, tag_field="role", tag="system"):
    """Instructions in mid-conversation."""

    content: str | list[TextBlock]
