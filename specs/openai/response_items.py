"""The items of the Responses API, as clients send them and as we do.

What clients send is lenient where clients differ (ids, nulls, extra fields); what we send is exact.
https://www.openresponses.org (2026-04-24), https://platform.openai.com/docs/api-reference/responses
"""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

from msgspec import UNSET, Raw, Struct, UnsetType

from specs.openai.marks import OBJECT, OBJECT_OR_NULL, TOOL_NAME, sized
from specs.openai.search_tools import SearchCallItem

Phase: TypeAlias = Literal["commentary", "final_answer"]
ItemStatus: TypeAlias = Literal["in_progress", "completed", "incomplete"]


class InputText(Struct, frozen=True, tag_field="type", tag="input_text"):
    text: str


class PlainText(Struct, frozen=True, tag_field="type", tag="text"):
    text: str


class OutputTextParam(Struct, frozen=True, tag_field="type", tag="output_text"):
    """Text of an earlier answer, sent back."""

    text: str
    annotations: list[Annotated[Raw, OBJECT]] | None = None


class RefusalPart(Struct, frozen=True, tag_field="type", tag="refusal"):
    refusal: str


class InputImage(Struct, frozen=True, tag_field="type", tag="input_image"):
    image_url: str | None = None
    """An https URL or a `data:` URL."""
    file_id: str | None = None
    detail: Literal["low", "high", "auto", "original"] | None = None


class InputFile(Struct, frozen=True, tag_field="type", tag="input_file"):
    file_data: str | None = None
    """A `data:` URL, or bare base64."""
    file_url: str | None = None
    file_id: str | None = None
    filename: str | None = None


class InputVideo(Struct, frozen=True, tag_field="type", tag="input_video"):
    video_url: str


class AudioData(Struct, frozen=True):
    data: str
    """Base64."""
    format: str


class InputAudio(Struct, frozen=True, tag_field="type", tag="input_audio"):
    input_audio: AudioData


PartParam: TypeAlias = (
    InputText | PlainText | OutputTextParam | RefusalPart | InputImage | InputFile | InputVideo | InputAudio
)


class MessageParam(Struct, frozen=True):
    role: Literal["user", "assistant", "system", "developer"]
    content: str | list[PartParam] | None = None
    id: str | None = None
    status: str | None = None
    phase: Phase | None = None


class FunctionCallParam(Struct, frozen=True):
    call_id: Annotated[str, sized(1, 64)]
    name: Annotated[str, TOOL_NAME]
    arguments: str
    id: str | None = None
    status: str | None = None


class FunctionCallOutputParam(Struct, frozen=True):
    call_id: Annotated[str, sized(1, 64)]
    output: str | list[PartParam]
    id: str | None = None
    status: str | None = None


class CustomToolCallParam(Struct, frozen=True):
    call_id: Annotated[str, sized(1, 64)]
    name: Annotated[str, TOOL_NAME]
    input: str
    id: str | None = None
    status: str | None = None


class SummaryText(Struct, frozen=True, tag_field="type", tag="summary_text"):
    text: str


class ReasoningText(Struct, frozen=True, tag_field="type", tag="reasoning_text"):
    text: str


class CompactionParam(Struct, frozen=True):
    """What an earlier compaction gave, sent back unchanged."""

    encrypted_content: str
    id: str | None = None


class ReasoningParam(Struct, frozen=True):
    summary: list[SummaryText] | None = None
    content: list[ReasoningText] | None = None
    encrypted_content: str | None = None
    id: str | None = None
    status: str | None = None


class McpCallParam(Struct, frozen=True):
    """The receipt of a call that the server ran, sent back."""

    server_label: str
    name: str
    arguments: str = ""
    output: str | None = None
    error: Raw | UnsetType = UNSET
    id: str | None = None
    status: str | None = None
    approval_request_id: str | None = None


class ListedMcpToolParam(Struct, frozen=True):
    name: str
    input_schema: Annotated[Raw, OBJECT_OR_NULL] | UnsetType = UNSET
    description: str | None = None
    annotations: Annotated[Raw, OBJECT_OR_NULL] | UnsetType = UNSET


class McpListToolsParam(Struct, frozen=True):
    """What a server offered, sent back: where it still offers that, it is not said again."""

    server_label: str
    tools: list[ListedMcpToolParam]
    id: str | None = None
    error: str | None = None


class McpApprovalRequestParam(Struct, frozen=True):
    """What was asked, sent back unchanged."""

    id: Annotated[str, sized(1, 64)]
    server_label: str
    name: str
    arguments: str


class McpApprovalResponseParam(Struct, frozen=True):
    """What the caller says to a request."""

    approval_request_id: str
    """Of an earlier item, which has to be in the context; answered once."""
    approve: bool
    reason: str | None = None
    """Told the model where the call is denied."""
    id: str | None = None


class UrlCitation(Struct, frozen=True, tag_field="type", tag="url_citation"):
    url: str
    start_index: int
    end_index: int
    title: str


class FileCitation(Struct, frozen=True, tag_field="type", tag="file_citation"):
    file_id: str
    index: int
    filename: str


Annotation: TypeAlias = UrlCitation | FileCitation


class OutputText(Struct, frozen=True, tag_field="type", tag="output_text"):
    """`annotations` and `logprobs` are always there: some clients refuse the part without them."""

    text: str = ""
    annotations: tuple[Annotation, ...] = ()
    logprobs: tuple[Annotated[Raw, OBJECT], ...] = ()


OutputPart: TypeAlias = OutputText | RefusalPart


class OutputMessage(Struct, frozen=True, tag_field="type", tag="message"):
    id: str
    status: ItemStatus
    role: Literal["user", "assistant", "system", "developer"]
    content: tuple[OutputPart, ...]
    phase: Phase | UnsetType = UNSET
    """Absent rather than null: validators of the suite refuse null."""


class FunctionCallItem(Struct, frozen=True, tag_field="type", tag="function_call"):
    id: str
    call_id: str
    name: str
    arguments: str
    status: ItemStatus


class FunctionCallOutputItem(Struct, frozen=True, tag_field="type", tag="function_call_output"):
    id: str
    call_id: str
    output: str
    status: ItemStatus


class CustomToolCallItem(Struct, frozen=True, tag_field="type", tag="custom_tool_call"):
    """A call of a custom tool: free text instead of arguments."""

    id: str
    call_id: str
    name: str
    input: str
    status: ItemStatus


class CustomToolCallOutputItem(Struct, frozen=True, tag_field="type", tag="custom_tool_call_output"):
    id: str
    call_id: str
    output: str
    status: ItemStatus


class ReasoningItem(Struct, frozen=True, tag_field="type", tag="reasoning"):
    id: str
    status: ItemStatus
    summary: tuple[SummaryText, ...]
    encrypted_content: str | UnsetType = UNSET
    """What restores the reasoning when the client sends it back; only when asked for, never null."""
    content: tuple[ReasoningText, ...] | UnsetType = UNSET
    """Raw reasoning, only in the strict spelling of Open Responses; elsewhere it is shown as summary."""


class ToolErrorText(Struct, frozen=True, tag_field="type", tag="text"):
    text: str


class McpToolError(Struct, frozen=True, tag_field="type", tag="mcp_tool_execution_error"):
    content: tuple[ToolErrorText, ...]


class McpCallItem(Struct, frozen=True, tag_field="type", tag="mcp_call"):
    """A call the server ran itself. Never a bare `function_call`: clients would try to run it."""

    id: str
    status: Literal["in_progress", "completed", "incomplete", "failed"]
    server_label: str
    name: str
    arguments: str
    output: str | None = None
    error: McpToolError | None = None
    approval_request_id: str | None = None


class ListedMcpTool(Struct, frozen=True):
    """A tool as its server described it."""

    name: str
    input_schema: Annotated[Raw, OBJECT]
    description: str | None = None
    annotations: Annotated[Raw | None, OBJECT_OR_NULL] = None


class McpListToolsItem(Struct, frozen=True, tag_field="type", tag="mcp_list_tools"):
    """What tools a server offered, or why it could not be asked."""

    id: str
    server_label: str
    tools: tuple[ListedMcpTool, ...]
    error: str | None = None


class McpApprovalRequestItem(Struct, frozen=True, tag_field="type", tag="mcp_approval_request"):
    """A call that is only made when the caller approves it, with an `mcp_approval_response`."""

    id: str
    server_label: str
    name: str
    arguments: str


class McpApprovalResponseItem(Struct, frozen=True, tag_field="type", tag="mcp_approval_response"):
    """What the caller said to such a request."""

    id: str
    approval_request_id: str
    approve: bool
    reason: str | None = None


class CompactionItem(Struct, frozen=True, tag_field="type", tag="compaction"):
    """A context's summary. Sent back unchanged, it stands for all that went before it."""

    id: str
    encrypted_content: str
    """Sealed; it opens in the same project only."""


OutputItem: TypeAlias = (
    OutputMessage
    | FunctionCallItem
    | FunctionCallOutputItem
    | CustomToolCallItem
    | CustomToolCallOutputItem
    | ReasoningItem
    | McpCallItem
    | McpListToolsItem
    | McpApprovalRequestItem
    | McpApprovalResponseItem
    | SearchCallItem
    | CompactionItem
)
