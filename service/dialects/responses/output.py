"""Neutral items as the wire shows them when they are whole."""

from __future__ import annotations

from typing import assert_never

from msgspec import UNSET, Struct, UnsetType, structs

from service.dialects.responses.reasoning import seal
from service.dialects.responses.searches import search_item
from specs.items import (
    Annotation,
    ApprovalRequest,
    ApprovalResponse,
    Compaction,
    FileCitation,
    FunctionCall,
    FunctionResult,
    HostedCall,
    Item,
    ListedTool,
    Message,
    MessagePart,
    Part,
    Reasoning,
    Refusal,
    Status,
    Summary,
    Text,
    Thought,
    ToolListing,
    UrlCitation,
    plain_text,
)
from specs.openai import response_items as wire
from specs.openai.response_items import ItemStatus, OutputItem, OutputPart, ReasoningText, SummaryText


class Show(Struct, frozen=True):
    """How much of its reasoning an answer shows."""

    thoughts: bool = False
    """Raw reasoning goes out: the request or the agent asked for summaries."""
    sealed: bool = False
    """Reasoning items carry what restores them."""
    raw: bool = False
    """Raw reasoning is shown as such; else as summaries."""
    sources: bool = False
    """Searches name the pages they found."""
    results: bool = False
    """Searches show them with their titles."""

    def summarised(self, part: Part) -> bool:
        """Whether the part is shown as a summary."""
        return isinstance(part, Summary) or (self.thoughts and not self.raw and isinstance(part, Thought))

    def exposed(self, part: Part) -> bool:
        """Whether the part is shown as raw reasoning."""
        return self.thoughts and self.raw and isinstance(part, Thought)


def output_item(item: Item, show: Show) -> OutputItem:
    """Show an item that has ended."""
    match item:
        case Message():
            return _message(item)
        case Reasoning():
            return _reasoning(item, show)
        case FunctionCall(custom=True):
            return wire.CustomToolCallItem(
                item.id, item.call_id, item.name, item.arguments, item_status(item.status)
            )
        case FunctionCall():
            return wire.FunctionCallItem(
                item.id, item.call_id, item.name, item.arguments, item_status(item.status)
            )
        case FunctionResult():
            shape = wire.CustomToolCallOutputItem if item.custom else wire.FunctionCallOutputItem
            return shape(item.id, item.call_id, plain_text(item.output), item_status(item.status))
        case HostedCall(kind="web_search"):
            return search_item(item, sources=show.sources, results=show.results)
        case HostedCall():
            return _hosted_call(item)
        case Compaction():
            return wire.CompactionItem(item.id, item.sealed)
        case ToolListing():
            return wire.McpListToolsItem(item.id, item.label, tuple(map(_listed, item.tools)), item.error)
        case ApprovalRequest():
            return wire.McpApprovalRequestItem(item.id, item.label, item.name, item.arguments)
        case ApprovalResponse():
            return wire.McpApprovalResponseItem(item.id, item.request, item.approve, item.reason)
        case _:
            assert_never(item)


def empty_item(item: Item) -> OutputItem:
    """Show an item that has only begun: what streams is still empty."""
    match item:
        case Message():
            return wire.OutputMessage(item.id, "in_progress", item.role, (), item.phase or UNSET)
        case Reasoning():
            return wire.ReasoningItem(item.id, "in_progress", ())
        case FunctionCall():
            call = wire.CustomToolCallItem if item.custom else wire.FunctionCallItem
            return call(item.id, item.call_id, item.name, "", "in_progress")
        case FunctionResult():
            result = wire.CustomToolCallOutputItem if item.custom else wire.FunctionCallOutputItem
            return result(item.id, item.call_id, "", "in_progress")
        case HostedCall(kind="web_search"):
            return search_item(structs.replace(item, status="in_progress"), sources=False, results=False)
        case HostedCall():
            return wire.McpCallItem(
                item.id, "in_progress", item.label, item.name, "", approval_request_id=item.approval
            )
        case Compaction():
            return wire.CompactionItem(item.id, "")
        case ToolListing():
            return wire.McpListToolsItem(item.id, item.label, ())
        case ApprovalRequest():
            return wire.McpApprovalRequestItem(item.id, item.label, item.name, "")
        case ApprovalResponse():
            return output_item(item, Show())
        case _:
            assert_never(item)


def output_part(part: MessagePart) -> OutputPart | None:
    """Show a part of a message; None for what an answer of this API cannot hold."""
    match part:
        case Text():
            annotations = tuple(map(output_annotation, part.annotations))
            return wire.OutputText(part.text, annotations, part.logprobs)
        case Refusal():
            return wire.RefusalPart(part.text)
        case _:
            return None


def output_annotation(annotation: Annotation) -> wire.Annotation:
    """Show a citation."""
    match annotation:
        case UrlCitation():
            return wire.UrlCitation(annotation.url, annotation.start, annotation.end, annotation.title)
        case FileCitation():
            return wire.FileCitation(annotation.file_id, annotation.index, annotation.filename)
        case _:
            assert_never(annotation)


def item_status(status: Status) -> ItemStatus:
    """Standard items have no `failed`: one that was cut off is incomplete."""
    return "incomplete" if status == "failed" else status


def _message(item: Message) -> wire.OutputMessage:
    content = tuple(shown for part in item.content if (shown := output_part(part)) is not None)
    return wire.OutputMessage(item.id, item_status(item.status), item.role, content, item.phase or UNSET)


def _reasoning(item: Reasoning, show: Show) -> wire.ReasoningItem:
    summary = tuple(
        SummaryText(part.text)
        for part in item.content
        if isinstance(part, Summary | Thought) and show.summarised(part)
    )
    sealed = seal(item) if show.sealed else UNSET
    thoughts = tuple(
        ReasoningText(part.text) for part in item.content if isinstance(part, Thought) and show.exposed(part)
    )
    return wire.ReasoningItem(item.id, item_status(item.status), summary, sealed, thoughts or UNSET)


def _hosted_call(item: HostedCall) -> wire.McpCallItem:
    error = None if item.error is None else wire.McpToolError((wire.ToolErrorText(item.error),))
    status = "failed" if error is not None else item.status
    return wire.McpCallItem(
        item.id, status, item.label, item.name, item.arguments, item.output, error, item.approval
    )


def _listed(tool: ListedTool) -> wire.ListedMcpTool:
    annotations = None if isinstance(tool.annotations, UnsetType) else tool.annotations
    return wire.ListedMcpTool(tool.name, tool.schema, tool.description, annotations)
