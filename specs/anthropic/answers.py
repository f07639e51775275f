"""What the Messages API answers: a whole message, its blocks and usage, a count, an error. Exact.

After https://platform.claude.com/docs/en/api/messages/create, version 2023-06-01.
"""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

from msgspec import UNSET, Raw, Struct, UnsetType

from specs.openai.marks import OBJECT

StopReason: TypeAlias = Literal[
    "end_turn",
    "max_tokens",
    "stop_sequence",
    "tool_use",
    "pause_turn",
    "refusal",
    "model_context_window_exceeded",
]


class WebSearchLocation(Struct, frozen=True, tag_field="type", tag="web_search_result_location"):
    """A page that a text block rests on."""

    url: str
    title: str | None
    cited_text: str = ""
    encrypted_index: str = ""


class SearchResultLocation(Struct, frozen=True, tag_field="type", tag="search_result_location"):
    """A search result of the caller's that it rests on."""

    source: str
    title: str | None
    cited_text: str
    search_result_index: int
    start_block_index: int
    end_block_index: int


class CharLocation(Struct, frozen=True, tag_field="type", tag="char_location"):
    """A document that it rests on; where the provider does not say where in it, the place is empty."""

    document_title: str | None
    file_id: str | None = None
    cited_text: str = ""
    document_index: int = 0
    start_char_index: int = 0
    end_char_index: int = 0


class PageLocation(Struct, frozen=True, tag_field="type", tag="page_location"):
    """Pages of a document that it rests on."""

    document_title: str | None
    cited_text: str
    document_index: int
    start_page_number: int
    end_page_number: int
    file_id: str | None = None


class ContentBlockLocation(Struct, frozen=True, tag_field="type", tag="content_block_location"):
    """Blocks of a document that it rests on."""

    document_title: str | None
    cited_text: str
    document_index: int
    start_block_index: int
    end_block_index: int
    file_id: str | None = None


Citation: TypeAlias = (
    WebSearchLocation | SearchResultLocation | CharLocation | PageLocation | ContentBlockLocation
)


class AnswerText(Struct, frozen=True, tag_field="type", tag="text"):
    text: str
    citations: tuple[Citation, ...] | None = None


class AnswerThinking(Struct, frozen=True, tag_field="type", tag="thinking"):
    thinking: str
    signature: str
    """Restores the thinking where it is sent back; opaque."""


class AnswerRedactedThinking(Struct, frozen=True, tag_field="type", tag="redacted_thinking"):
    data: str


class AnswerToolUse(Struct, frozen=True, tag_field="type", tag="tool_use"):
    id: str
    name: str
    input: Annotated[Raw, OBJECT]


class AnswerMcpToolUse(Struct, frozen=True, tag_field="type", tag="mcp_tool_use"):
    """A call the server ran itself."""

    id: str
    name: str
    server_name: str
    input: Annotated[Raw, OBJECT]


class AnswerMcpToolResult(Struct, frozen=True, tag_field="type", tag="mcp_tool_result"):
    tool_use_id: str
    is_error: bool
    content: tuple[AnswerText, ...]


class AnswerSearchUse(Struct, frozen=True, tag_field="type", tag="server_tool_use"):
    """A search that the server makes."""

    id: str
    name: str
    input: Annotated[Raw, OBJECT]


class FoundPage(Struct, frozen=True, tag_field="type", tag="web_search_result"):
    """A page that a search has found."""

    url: str
    title: str
    encrypted_content: str
    """Opaque; send it back as it came."""
    page_age: str | None = None


class SearchError(Struct, frozen=True, tag_field="type", tag="web_search_tool_result_error"):
    """Why a search gave nothing."""

    error_code: str


class AnswerSearchResult(Struct, frozen=True, tag_field="type", tag="web_search_tool_result"):
    """What came of a search."""

    tool_use_id: str
    content: tuple[FoundPage, ...] | SearchError


class AnswerCompaction(Struct, frozen=True, tag_field="type", tag="compaction"):
    """A summary in place of what went before it; send it back as it came."""

    content: str | None
    encrypted_content: None = None


AnswerBlock: TypeAlias = (
    AnswerText
    | AnswerThinking
    | AnswerRedactedThinking
    | AnswerToolUse
    | AnswerMcpToolUse
    | AnswerMcpToolResult
    | AnswerSearchUse
    | AnswerSearchResult
    | AnswerCompaction
)


class CacheCreation(Struct, frozen=True):
    """Tokens written to a cache, by its lifetime."""

    ephemeral_5m_input_tokens: int = 0
    ephemeral_1h_input_tokens: int = 0


class OutputTokensDetails(Struct, frozen=True):
    thinking_tokens: int = 0


class ServerToolUsage(Struct, frozen=True):
    web_search_requests: int = 0
    web_fetch_requests: int = 0


class Usage(Struct, frozen=True):
    """Tokens of the whole run. `input_tokens` leaves out what was read from and written to a cache."""

    input_tokens: int = 0
    output_tokens: int = 0
    cache_creation_input_tokens: int = 0
    cache_read_input_tokens: int = 0
    cache_creation: CacheCreation = CacheCreation()
    output_tokens_details: OutputTokensDetails = OutputTokensDetails()
    server_tool_use: ServerToolUsage | None = None
    service_tier: Literal["standard", "priority", "batch"] | None = None
    estimated: bool | UnsetType = UNSET
    """True where we counted because the provider did not say; else absent."""


class RefusalDetails(Struct, frozen=True, tag_field="type", tag="refusal"):
    category: str | None = None
    explanation: str | None = None


class MessageAnswer(Struct, frozen=True, tag_field="type", tag="message"):
    """A whole answer."""

    id: str
    model: str
    content: tuple[AnswerBlock, ...]
    stop_reason: StopReason | None
    stop_sequence: str | None
    stop_details: RefusalDetails | None
    usage: Usage
    role: Literal["assistant"] = "assistant"
    container: None = None


class MessageTokens(Struct, frozen=True):
    """How many tokens an input has."""

    input_tokens: int


class MessageErrorDetails(Struct, frozen=True):
    error_code: str
    param: str
    """The field at fault; empty where it is none."""


class MessageErrorDetail(Struct, frozen=True):
    type: str
    message: str
    details: MessageErrorDetails


class MessageErrorBody(Struct, frozen=True, tag_field="type", tag="error"):
    """The envelope of every error, as an answer's body or as the last event of a stream."""

    error: MessageErrorDetail
    request_id: str
