"""The events of one leg of a run on a thread to the stream of the Assistants API.

What a step or the run has come to is computed by `specs.steps` and `specs.legs`, as for the store: a
stream and a later GET say the same. A step is told to be complete when the next begins, or at the end.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from functools import partial
from typing import Any

from msgspec import Struct, structs

from service.dialects.assistants import deltas
from service.dialects.assistants.messages import message_to_wire
from service.dialects.assistants.objects import run_to_wire, step_to_wire, thread_to_wire
from service.ids import minted_at
from specs.events import (
    AnnotationAdded,
    Delta,
    Event,
    ItemEnded,
    ItemStarted,
    PartEnded,
    PartStarted,
    RunCreated,
    RunEnded,
    RunStarted,
)
from specs.fold import Fold
from specs.items import FunctionCall, HostedCall, Message, Part
from specs.legs import leg_end, thread_message
from specs.openai.assistants_events import ThreadEvent
from specs.steps import Moment, steps_of
from specs.threads import Step, Thread, ThreadMessage, ThreadRun, ThreadRunStatus


class ThreadRenderer:
    """Writes one leg. Feed it the events of its run, from `RunCreated` on, in order."""

    def __init__(self, run: ThreadRun, *, thread: Thread | None = None, answered: Step | None = None) -> None:
        """`thread` is told first where it was made for the run; `answered` is the step that what the
        caller gave has completed."""
        self._run = run
        self._thread = thread
        self._answered = answered
        self._fold = Fold()
        self._out: list[Struct] = []
        self._moment: Moment = partial(minted_at, near=run.created_at)
        self._told: set[str] = set()
        """The steps that were begun."""
        self._closed: set[str] = set()
        self._messages: dict[int, str] = {}
        """Messages by the index of their item."""
        self._calls: dict[int, tuple[str, int]] = {}
        """Calls by the index of their item: the step, and the place in it."""
        self._parts: dict[tuple[int, int], Part] = {}
        self._grown: set[tuple[int, int]] = set()
        self._marks: Counter[tuple[int, int]] = Counter()

    def feed(self, events: list[Event]) -> list[Struct]:
        """Give the wire events for a batch."""
        for event in events:
            self._fold.feed((event,))
            handler = _HANDLERS.get(type(event))
            if handler is not None:
                handler(self, event)
        out, self._out = self._out, []
        return out

    def whole(self) -> Struct:
        """The run, as its events have left it."""
        return run_to_wire(self._run)

    def _created(self, event: RunCreated) -> None:
        self._moment = partial(minted_at, near=event.created_at)
        if self._thread is not None:
            self._emit("thread.created", thread_to_wire(self._thread))
        if self._answered is not None:
            self._emit("thread.run.step.completed", step_to_wire(self._answered, self._run))
        if self._run.legs == 1:
            self._emit("thread.run.created", run_to_wire(self._run))
        self._stand("queued")

    def _started(self, event: RunStarted) -> None:
        self._stand("in_progress")

    def _item_started(self, event: ItemStarted) -> None:
        item = event.item
        if not isinstance(item, Message | FunctionCall | HostedCall):
            return
        steps = steps_of(self._fold.items, self._fold.turns, moment=self._moment, end=None)
        for step in steps:
            if step.status != "in_progress":
                self._close(step)
        if isinstance(item, Message):
            self._message_started(event.index, item, steps[-1])
        else:
            self._call_started(event.index, item, steps)

    def _message_started(self, index: int, item: Message, step: Step) -> None:
        self._begin(step)
        self._messages[index] = item.id
        shown = message_to_wire(thread_message(self._run, item, step))
        self._emit("thread.message.created", shown)
        self._emit("thread.message.in_progress", shown)

    def _call_started(self, index: int, item: FunctionCall | HostedCall, steps: tuple[Step, ...]) -> None:
        step = next(step for step in steps if any(call.id == item.id for call in step.calls))
        self._begin(step)
        place = next(place for place, call in enumerate(step.calls) if call.id == item.id)
        self._calls[index] = (step.id, place)
        self._out.append(deltas.step_delta(step.id, deltas.call_begun(place, item)))

    def _part_started(self, event: PartStarted) -> None:
        self._parts[event.index, event.part] = event.content
        begun = deltas.part_begun(event.part, event.content)
        if begun is not None:
            self._grown.add((event.index, event.part))
            self._grow(event.index, begun)

    def _delta(self, event: Delta) -> None:
        if event.index in self._calls:
            step, place = self._calls[event.index]
            self._out.append(deltas.step_delta(step, deltas.call_growth(place, event.data)))
            return
        part = self._parts.get((event.index, event.part))
        if part is not None:
            self._grown.add((event.index, event.part))
            self._grow(event.index, deltas.part_growth(event.part, part, event.data))

    def _part_ended(self, event: PartEnded) -> None:
        """A part of which nothing came is told of too: clients count them."""
        place = (event.index, event.part)
        if place in self._parts and place not in self._grown:
            self._grow(event.index, deltas.part_growth(event.part, event.content, ""))

    def _annotated(self, event: AnnotationAdded) -> None:
        place = (event.index, event.part)
        annotated = deltas.part_annotated(event.part, self._marks[place], event.annotation)
        if annotated is not None:
            self._marks[place] += 1
            self._grow(event.index, annotated)

    def _item_ended(self, event: ItemEnded) -> None:
        if isinstance(event.item, HostedCall) and event.index in self._calls:
            step, place = self._calls[event.index]
            self._out.append(deltas.step_delta(step, deltas.call_output(place, event.item)))

    def _ended(self, event: RunEnded) -> None:
        end = leg_end(self._run, self._fold.items, self._fold.turns, event, moment=self._moment)
        messages = {message.item.id: message for message in end.messages}
        if event.status == "cancelled":
            self._stand("cancelling")
        self._run = end.run
        for step in end.steps:
            if step.status != "in_progress":
                self._close(step, messages.get(step.message or ""))
        self._emit(f"thread.run.{end.run.status}", run_to_wire(end.run))

    def _begin(self, step: Step) -> None:
        if step.id not in self._told:
            self._told.add(step.id)
            shown = step_to_wire(structs.replace(step, calls=()), self._run)
            self._emit("thread.run.step.created", shown)
            self._emit("thread.run.step.in_progress", shown)

    def _close(self, step: Step, message: ThreadMessage | None = None) -> None:
        if step.id in self._closed:
            return
        self._closed.add(step.id)
        if step.message is not None:
            message = message or thread_message(self._run, self._message(step.message), step)
            shown = message_to_wire(message)
            self._emit(f"thread.message.{shown.status}", shown)
        self._emit(f"thread.run.step.{step.status}", step_to_wire(step, self._run))

    def _message(self, id: str) -> Message:
        return next(item for item in self._fold.items if isinstance(item, Message) and item.id == id)

    def _grow(self, index: int, delta: deltas.ContentDelta | None) -> None:
        if delta is not None and index in self._messages:
            self._out.append(deltas.message_delta(self._messages[index], delta))

    def _stand(self, status: ThreadRunStatus) -> None:
        self._emit(f"thread.run.{status}", run_to_wire(structs.replace(self._run, status=status)))

    def _emit(self, event: str, data: Struct) -> None:
        self._out.append(ThreadEvent(event, data))


_HANDLERS: dict[type, Callable[[ThreadRenderer, Any], None]] = {
    RunCreated: ThreadRenderer._created,
    RunStarted: ThreadRenderer._started,
    ItemStarted: ThreadRenderer._item_started,
    PartStarted: ThreadRenderer._part_started,
    Delta: ThreadRenderer._delta,
    AnnotationAdded: ThreadRenderer._annotated,
    PartEnded: ThreadRenderer._part_ended,
    ItemEnded: ThreadRenderer._item_ended,
    RunEnded: ThreadRenderer._ended,
}
"""Events without an entry show nothing in this API."""
