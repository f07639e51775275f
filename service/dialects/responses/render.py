"""Neutral events to the stream of the Responses API, and to the whole answer: the same object.

A run that pauses for function outputs ends `completed`: its calls are the answer. A cancelled run
ends with `response.incomplete`, the only terminal event for what is neither whole nor failed; the
response in it says `cancelled`. Warnings have no place in this API; the HTTP layer tells them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from msgspec import Struct, structs

from service.dialects.deltas import Deltas, gathered
from service.dialects.responses.call_writers import (
    CustomCallWriter,
    FunctionCallWriter,
    HostedCallWriter,
    ListingWriter,
    SearchCallWriter,
)
from service.dialects.responses.echo import Echo
from service.dialects.responses.outlet import Outlet
from service.dialects.responses.output import Show, output_item
from service.dialects.responses.response import first_response, last_response
from service.dialects.responses.spelling import PLAIN, Spelling
from service.dialects.responses.writers import ItemWriter, MessageWriter, ReasoningWriter
from specs.events import (
    AnnotationAdded,
    Event,
    ItemEnded,
    ItemStarted,
    PartEnded,
    PartStarted,
    RunCreated,
    RunEnded,
    RunStarted,
    RunStatus,
)
from specs.items import (
    ApprovalRequest,
    ApprovalResponse,
    Compaction,
    FunctionCall,
    FunctionResult,
    HostedCall,
    Item,
    Message,
    Reasoning,
    ToolListing,
)
from specs.openai import response_events as wire
from specs.openai.response_items import OutputItem
from specs.openai.responses import Response

_WRITERS: dict[type[Item], type[ItemWriter]] = {
    Message: MessageWriter,
    Reasoning: ReasoningWriter,
    FunctionCall: FunctionCallWriter,
    FunctionResult: ItemWriter,
    HostedCall: HostedCallWriter,
    Compaction: ItemWriter,
    ToolListing: ListingWriter,
    ApprovalRequest: ItemWriter,
    ApprovalResponse: ItemWriter,
}
_TERMINAL: dict[RunStatus, type[wire.ResponseState]] = {
    "completed": wire.ResponseCompleted,
    "incomplete": wire.ResponseIncomplete,
    "cancelled": wire.ResponseIncomplete,
    "expired": wire.ResponseIncomplete,
    "failed": wire.ResponseFailed,
}


class ResponsesRenderer:
    """Writes one response. Feed it the events of one run, from `RunCreated` on, in order."""

    def __init__(self, echo: Echo, spelling: Spelling = PLAIN) -> None:
        self._echo = echo
        self._spelling = spelling
        self._open: dict[int, ItemWriter] = {}
        self._output: dict[int, OutputItem] = {}
        self._whole: Response | None = None

    def feed(self, events: list[Event]) -> list[Struct]:
        """Give the wire events for a batch."""
        for event in gathered(events):
            handler = _HANDLERS.get(type(event))
            if handler is not None:
                handler(self, event)
        return self._spelling.events(self._out.take())

    def fold(self, events: list[Event]) -> None:
        """Take in a batch without writing the wire's events."""
        for event in events:
            match event:
                case RunCreated():
                    self._begin(event)
                case ItemEnded():
                    self._output[event.index] = output_item(event.item, self._show)
                case RunEnded():
                    self._finish(event)
                case _:
                    pass

    def whole(self) -> Response:
        """Give the response that the terminal event carried."""
        assert self._whole is not None, "the run has not ended"
        return self._spelling.response(self._whole)

    def _begin(self, event: RunCreated) -> Response:
        begun = self._begun = first_response(event, self._echo)
        thoughts = event.request.settings.reasoning_summary is not None
        said = self._echo
        self._show = Show(thoughts, said.sealed, self._spelling.raw_reasoning, said.sources, said.results)
        return begun

    def _finish(self, event: RunEnded) -> Response:
        output = tuple(self._output[index] for index in sorted(self._output))
        whole = self._whole = last_response(self._begun, output, event)
        return whole

    def _created(self, event: RunCreated) -> None:
        begun = self._begin(event)
        out = self._out = Outlet(begun.id, padded=self._echo.padded)
        if self._echo.background:
            queued = structs.replace(begun, status="queued")
            out.events.append(wire.ResponseCreated(out.number(), queued))
            out.events.append(wire.ResponseQueued(out.number(), queued))
        else:
            out.events.append(wire.ResponseCreated(out.number(), begun))
            out.events.append(wire.ResponseInProgress(out.number(), begun))

    def _started(self, event: RunStarted) -> None:
        """A run in the background waits before it begins; any other began when it was created."""
        if self._echo.background:
            self._out.events.append(wire.ResponseInProgress(self._out.number(), self._begun))

    def _item_started(self, event: ItemStarted) -> None:
        item = event.item
        writer = _writer_of(item)(self._out, event.index, item, self._show)
        self._open[event.index] = writer
        writer.start(item)

    def _item_ended(self, event: ItemEnded) -> None:
        self._output[event.index] = self._open.pop(event.index).end(event.item)

    def _part_started(self, event: PartStarted) -> None:
        self._open[event.index].start_part(event)

    def _deltas(self, event: Deltas) -> None:
        self._open[event.index].grow(event.part, event.deltas)

    def _annotated(self, event: AnnotationAdded) -> None:
        self._open[event.index].annotate(event)

    def _part_ended(self, event: PartEnded) -> None:
        self._open[event.index].end_part(event)

    def _ended(self, event: RunEnded) -> None:
        whole = self._finish(event)
        self._out.events.append(_TERMINAL[event.status](self._out.number(), whole))


def _writer_of(item: Item) -> type[ItemWriter]:
    match item:
        case FunctionCall(custom=True):
            return CustomCallWriter
        case HostedCall(kind="web_search"):
            return SearchCallWriter
        case _:
            return _WRITERS[type(item)]


_HANDLERS: dict[type, Callable[[ResponsesRenderer, Any], None]] = {
    RunCreated: ResponsesRenderer._created,
    RunStarted: ResponsesRenderer._started,
    ItemStarted: ResponsesRenderer._item_started,
    PartStarted: ResponsesRenderer._part_started,
    Deltas: ResponsesRenderer._deltas,
    AnnotationAdded: ResponsesRenderer._annotated,
    PartEnded: ResponsesRenderer._part_ended,
    ItemEnded: ResponsesRenderer._item_ended,
    RunEnded: ResponsesRenderer._ended,
}
"""Events without an entry show nothing in this API."""
