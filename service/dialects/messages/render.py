"""A run's events, rendered as the Messages API's stream or as one whole message.

What the server does itself is shown as `mcp_tool_use` and `mcp_tool_result` blocks.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from msgspec import Struct

from service.dialects.base import Reading
from service.dialects.chat.answer import failure_of
from service.dialects.deltas import Deltas, gathered
from service.dialects.messages.answer import blocks_of, refusal_details, stop_reason, usage_of
from service.dialects.messages.block_queue import BlockQueue
from service.dialects.messages.failures import message_error
from service.dialects.messages.settings import hides_thinking
from service.dialects.messages.writers import Writer, writer_of
from specs.anthropic.answers import MessageAnswer, MessageErrorBody, Usage
from specs.anthropic.events import MessageDelta, MessageStart, MessageStop, Ping, Stop
from specs.anthropic.messages import CreateMessage
from specs.events import (
    AnnotationAdded,
    Event,
    ItemEnded,
    ItemStarted,
    PartEnded,
    PartStarted,
    RunCreated,
    RunEnded,
    StepEnded,
    StepStarted,
)
from specs.fold import Fold
from specs.items import FunctionCall


class MessagesRenderer:
    """Renders the events of one run. One per request."""

    def __init__(self, reading: Reading, request_id: str) -> None:
        wire = reading.wire
        assert isinstance(wire, CreateMessage)
        self._fold = Fold()
        self._model = reading.request.agent
        self._request_id = request_id
        self._hides_thinking = hides_thinking(wire.thinking)
        self._id = ""
        self._begun = False
        self._raw_finish: str | None = None
        self._stopped_at: str | None = None
        self._out: list[Struct] = []
        self._queue = BlockQueue(self._out)
        self._writers: dict[int, Writer] = {}

    def fold(self, events: list[Event]) -> None:
        """Take in a batch without writing the stream's events."""
        self._fold.feed(events)
        for event in events:
            if type(event) is StepEnded:
                self._raw_finish = event.raw_finish
                self._stopped_at = event.stop_sequence

    def feed(self, events: list[Event]) -> list[Struct]:
        """Give the stream's events for a batch."""
        self.fold(events)
        for event in gathered(events):
            handler = _HANDLERS.get(type(event))
            if handler is not None:
                handler(self, event)
        out = self._out[:]
        self._out.clear()
        return out

    def whole(self) -> MessageAnswer | MessageErrorBody:
        """Give the message, or the error envelope of a run that failed."""
        ended = self._fold.ended
        if ended is None:
            raise RuntimeError("the run has not ended yet")
        if (failure := failure_of(ended)) is not None:
            return message_error(failure, self._request_id)
        stop = self._stop(ended)
        return MessageAnswer(
            _id_of(self._fold.created),
            self._model,
            tuple(blocks_of(self._fold.items, hides_thinking=self._hides_thinking)),
            stop.stop_reason,
            stop.stop_sequence,
            stop.stop_details,
            usage_of(ended.usage, ended.service_tier),
        )

    def _stop(self, ended: RunEnded) -> Stop:
        items = self._fold.items
        reason = stop_reason(
            ended,
            raw=self._raw_finish,
            stopped_at=self._stopped_at,
            calls=any(isinstance(item, FunctionCall) for item in items),
        )
        sequence = self._stopped_at if reason == "stop_sequence" else None
        return Stop(reason, sequence, refusal_details(reason, items))

    def _run_created(self, event: RunCreated) -> None:
        self._id = _id_of(event)

    def _begin(self, _: StepStarted | None = None) -> None:
        if not self._begun:
            self._begun = True
            message = MessageAnswer(self._id, self._model, (), None, None, None, Usage())
            self._out += [MessageStart(message), Ping()]

    def _item_started(self, event: ItemStarted) -> None:
        writer = writer_of(event.item, self._queue, hides_thinking=self._hides_thinking)
        if writer is not None:
            self._writers[event.index] = writer

    def _part_started(self, event: PartStarted) -> None:
        if (writer := self._writers.get(event.index)) is not None:
            writer.start_part(event.part, event.content)

    def _deltas(self, event: Deltas) -> None:
        texts = [delta.data for delta in event.deltas if delta.data]
        if texts and (writer := self._writers.get(event.index)) is not None:
            writer.grow(event.part, texts)

    def _annotation_added(self, event: AnnotationAdded) -> None:
        if (writer := self._writers.get(event.index)) is not None:
            writer.annotate(event.part, event.annotation)

    def _part_ended(self, event: PartEnded) -> None:
        if (writer := self._writers.get(event.index)) is not None:
            writer.end_part(event.part, event.content)

    def _item_ended(self, event: ItemEnded) -> None:
        writer = self._writers.pop(event.index, None)
        if writer is not None:
            writer.end(event.item)

    def _run_ended(self, event: RunEnded) -> None:
        if (failure := failure_of(event)) is not None:
            self._out.append(message_error(failure, self._request_id))
            return
        self._begin()
        self._out += [
            MessageDelta(self._stop(event), usage_of(event.usage, event.service_tier)),
            MessageStop(),
        ]


def _id_of(created: RunCreated | None) -> str:
    assert created is not None
    return f"msg_{created.run.partition('_')[2]}"


_HANDLERS: dict[type, Callable[[MessagesRenderer, Any], None]] = {
    RunCreated: MessagesRenderer._run_created,
    StepStarted: MessagesRenderer._begin,
    ItemStarted: MessagesRenderer._item_started,
    PartStarted: MessagesRenderer._part_started,
    Deltas: MessagesRenderer._deltas,
    AnnotationAdded: MessagesRenderer._annotation_added,
    PartEnded: MessagesRenderer._part_ended,
    ItemEnded: MessagesRenderer._item_ended,
    RunEnded: MessagesRenderer._run_ended,
}
