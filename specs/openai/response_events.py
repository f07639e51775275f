"""The stream of the Responses API. A struct's tag is its `type` and its SSE `event` name.

State events carry the whole response; delta events are built once per delta, so they stay flat.
https://www.openresponses.org (2026-04-24), https://platform.openai.com/docs/api-reference/responses-streaming
"""

from __future__ import annotations

from typing import Annotated, TypeAlias

from msgspec import UNSET, Raw, Struct, UnsetType

from specs.openai.marks import OBJECT
from specs.openai.response_items import Annotation, OutputItem, OutputPart, ReasoningText, SummaryText
from specs.openai.responses import Response


class StreamEvent(Struct, frozen=True, tag_field="type"):
    """What every event has."""

    sequence_number: int
    """From 0, rising by one over the whole stream."""


class ResponseState(StreamEvent, frozen=True):
    """A status of the whole response changed."""

    response: Response


class ResponseCreated(ResponseState, frozen=True, tag="response.created"):
    """The first event."""


class ResponseQueued(ResponseState, frozen=True, tag="response.queued"):
    """The run is to go on in the background and has not begun."""


class ResponseInProgress(ResponseState, frozen=True, tag="response.in_progress"):
    """The run has begun."""


class ResponseCompleted(ResponseState, frozen=True, tag="response.completed"):
    """Terminal: the answer is whole."""


class ResponseIncomplete(ResponseState, frozen=True, tag="response.incomplete"):
    """Terminal: the answer was cut short; what there is, is in `output`."""


class ResponseFailed(ResponseState, frozen=True, tag="response.failed"):
    """Terminal: `response.error` says why."""


class OutputItemAdded(StreamEvent, frozen=True, tag="response.output_item.added"):
    output_index: int
    item: OutputItem


class OutputItemDone(StreamEvent, frozen=True, tag="response.output_item.done"):
    output_index: int
    item: OutputItem


class ItemEvent(StreamEvent, frozen=True):
    """Something happened to one item."""

    item_id: str
    output_index: int


class ContentPartAdded(ItemEvent, frozen=True, tag="response.content_part.added"):
    content_index: int
    part: OutputPart | ReasoningText


class ContentPartDone(ItemEvent, frozen=True, tag="response.content_part.done"):
    content_index: int
    part: OutputPart | ReasoningText


class OutputTextDelta(ItemEvent, frozen=True, tag="response.output_text.delta", gc=False):
    content_index: int
    delta: str
    logprobs: tuple[Annotated[Raw, OBJECT], ...] = ()
    obfuscation: str | UnsetType = UNSET


class OutputTextDone(ItemEvent, frozen=True, tag="response.output_text.done"):
    content_index: int
    text: str
    logprobs: tuple[Annotated[Raw, OBJECT], ...] = ()


class AnnotationAddedEvent(ItemEvent, frozen=True, tag="response.output_text.annotation.added"):
    content_index: int
    annotation_index: int
    annotation: Annotation


class RefusalDelta(ItemEvent, frozen=True, tag="response.refusal.delta", gc=False):
    content_index: int
    delta: str


class RefusalDone(ItemEvent, frozen=True, tag="response.refusal.done"):
    content_index: int
    refusal: str


class FunctionCallArgumentsDelta(
    ItemEvent, frozen=True, tag="response.function_call_arguments.delta", gc=False
):
    delta: str
    obfuscation: str | UnsetType = UNSET


class FunctionCallArgumentsDone(ItemEvent, frozen=True, tag="response.function_call_arguments.done"):
    name: str
    arguments: str


class CustomToolCallInputDelta(ItemEvent, frozen=True, tag="response.custom_tool_call_input.delta", gc=False):
    delta: str
    obfuscation: str | UnsetType = UNSET


class CustomToolCallInputDone(ItemEvent, frozen=True, tag="response.custom_tool_call_input.done"):
    input: str


class ReasoningSummaryPartAdded(ItemEvent, frozen=True, tag="response.reasoning_summary_part.added"):
    summary_index: int
    part: SummaryText


class ReasoningSummaryTextDelta(
    ItemEvent, frozen=True, tag="response.reasoning_summary_text.delta", gc=False
):
    summary_index: int
    delta: str
    obfuscation: str | UnsetType = UNSET


class ReasoningSummaryTextDone(ItemEvent, frozen=True, tag="response.reasoning_summary_text.done"):
    summary_index: int
    text: str


class ReasoningSummaryPartDone(ItemEvent, frozen=True, tag="response.reasoning_summary_part.done"):
    summary_index: int
    part: SummaryText


class ReasoningTextDelta(ItemEvent, frozen=True, tag="response.reasoning_text.delta", gc=False):
    content_index: int
    delta: str
    obfuscation: str | UnsetType = UNSET


class ReasoningTextDone(ItemEvent, frozen=True, tag="response.reasoning_text.done"):
    content_index: int
    text: str


class McpCallInProgress(ItemEvent, frozen=True, tag="response.mcp_call.in_progress"):
    """The server has begun a call of its own."""


class McpCallArgumentsDelta(ItemEvent, frozen=True, tag="response.mcp_call_arguments.delta", gc=False):
    delta: str


class McpCallArgumentsDone(ItemEvent, frozen=True, tag="response.mcp_call_arguments.done"):
    arguments: str


class McpCallCompleted(ItemEvent, frozen=True, tag="response.mcp_call.completed"):
    """The call gave a result."""


class McpCallFailed(ItemEvent, frozen=True, tag="response.mcp_call.failed"):
    """The call gave an error."""


class McpListToolsInProgress(ItemEvent, frozen=True, tag="response.mcp_list_tools.in_progress"):
    """A server is being asked for its tools."""


class McpListToolsCompleted(ItemEvent, frozen=True, tag="response.mcp_list_tools.completed"):
    """The server said what its tools are."""


class McpListToolsFailed(ItemEvent, frozen=True, tag="response.mcp_list_tools.failed"):
    """The server could not be asked; the run goes on without its tools."""


class SearchInProgress(ItemEvent, frozen=True, tag="response.web_search_call.in_progress"):
    """The model has begun to ask for a search."""


class SearchSearching(ItemEvent, frozen=True, tag="response.web_search_call.searching"):
    """The search is being made."""


class SearchCompleted(ItemEvent, frozen=True, tag="response.web_search_call.completed"):
    """The search has found what it has found."""


ResponseStreamEvent: TypeAlias = (
    ResponseCreated
    | ResponseQueued
    | ResponseInProgress
    | ResponseCompleted
    | ResponseIncomplete
    | ResponseFailed
    | OutputItemAdded
    | OutputItemDone
    | ContentPartAdded
    | ContentPartDone
    | OutputTextDelta
    | OutputTextDone
    | AnnotationAddedEvent
    | RefusalDelta
    | RefusalDone
    | FunctionCallArgumentsDelta
    | FunctionCallArgumentsDone
    | CustomToolCallInputDelta
    | CustomToolCallInputDone
    | ReasoningSummaryPartAdded
    | ReasoningSummaryTextDelta
    | ReasoningSummaryTextDone
    | ReasoningSummaryPartDone
    | ReasoningTextDelta
    | ReasoningTextDone
    | McpCallInProgress
    | McpCallArgumentsDelta
    | McpCallArgumentsDone
    | McpCallCompleted
    | McpCallFailed
    | McpListToolsInProgress
    | McpListToolsCompleted
    | McpListToolsFailed
    | SearchInProgress
    | SearchSearching
    | SearchCompleted
)
