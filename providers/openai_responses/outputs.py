"""The output items of one answer: what has been seen of each, so that each is told once and whole.

Items are known by their `output_index`: some servers send a new `item_id` with every event. Nothing
is trusted to come: a missing `added` is made up for by the first delta, missing deltas by a `done`,
a missing `done` by the final response, and what is said again is passed over. A delta cannot be
taken back, so where a final text disagrees with what was streamed, the streamed text stays.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from msgspec import Raw, structs

from providers.openai_responses import wire
from providers.openai_responses.outcome import citation_of, phase_of, status_of
from providers.openai_responses.searches import is_charged, searched
from providers.parts import PartTracker
from providers.searching import search_begun
from specs.items import (
    Arguments,
    FunctionCall,
    HostedCall,
    Item,
    Message,
    Part,
    Reasoning,
    Refusal,
    Sealed,
    Status,
    Summary,
    Text,
    Thought,
)

Key: TypeAlias = int | str
"""An item of the answer: its output index, or its id where a server sends no index."""
PartKey: TypeAlias = tuple[str, int]
"""A part of an item: its type on the wire, and its place among its kind."""

HOLDERS = {
    "output_text": "message",
    "refusal": "message",
    "summary_text": "reasoning",
    "reasoning_text": "reasoning",
}
"""The type of item that holds each type of part."""
SKELETONS: dict[str, Part] = {
    "output_text": Text(),
    "refusal": Refusal(),
    "summary_text": Summary(),
    "reasoning_text": Thought(),
}
CALLS = ("function_call", "custom_tool_call")
"""Types of items that are a call: of a function, or of a tool that takes free text."""
ARGUMENTS: PartKey = ("arguments", 0)
SEALED: PartKey = ("encrypted_content", 0)


class _Output:
    """What has been seen of one output item."""

    __slots__ = ("annotations", "closed", "done", "id", "measured", "type")

    def __init__(self, item_type: str, item_id: str | None) -> None:
        self.type = item_type
        self.id = item_id
        self.done = False
        self.closed: set[PartKey] = set()
        self.measured: set[PartKey] = set()
        """Parts whose log probabilities came with their deltas."""
        self.annotations: dict[PartKey, int] = {}


class Outputs:
    """Keeps the items of one answer and tells the tracker what is new of them."""

    def __init__(self, tracker: PartTracker, *, origin: str) -> None:
        self.tracker = tracker
        self.called = False
        """Whether a function call is among the items."""
        self.searches = 0
        """Searches that the provider has made and charges for."""
        self._origin = origin
        self._outputs: dict[Key, _Output] = {}
        self._ids: dict[str, Key] = {}
        self._nameless: set[Key] = set()
        self._told: set[str] = set()

    def tell(self, message: str) -> None:
        """Warn, once for each message."""
        if message not in self._told:
            self._told.add(message)
            self.tracker.warn(message)

    def is_foreign(self, frame: wire.Frame) -> bool:
        """Whether an event is about an item of a type we do not model."""
        output = self._outputs.get(_key(frame))
        return output is not None and output.type not in ENDERS

    def started(self, frame: wire.Frame) -> None:
        """An item was added. One that replaces an unfinished other ends it."""
        seen = wire.read_item_kind(frame.item)
        key = _key(frame, seen.id)
        known = self._outputs.get(key)
        if known is not None:
            if seen.id == known.id or (seen.type == known.type and not known.done):
                return
            self.tracker.end_item(key)
        self._open(key, seen, frame.item)

    def ended(self, frame: wire.Frame) -> None:
        """An item is done; what of it had not been streamed is told now."""
        self._end(_key(frame, wire.read_item_kind(frame.item).id), frame.item)

    def conclude(self, items: tuple[Raw, ...]) -> None:
        """Take in the final list of items: those that were not seen or not done."""
        for index, raw in enumerate(items):
            self._end(self._ids.get(wire.read_item_kind(raw).id or "", index), raw)
        if self._nameless:
            self.tell("The provider sent arguments of a function call without its name; it is not passed on")

    def grow(self, frame: wire.Frame, part_type: str) -> None:
        """More of a text."""
        key = _key(frame)
        part = (part_type, frame.place)
        output = self._open_part(key, part)
        if output is None:
            self._tell_late(key)
            return
        if frame.logprobs:
            output.measured.add(part)
        self.tracker.delta(key, part, frame.delta or "", frame.logprobs or ())

    def grow_arguments(self, frame: wire.Frame) -> None:
        """More of a call's arguments. A call whose name has not come yet waits for its end."""
        key = _key(frame)
        output = self._outputs.get(key)
        if output is None:
            self._nameless.add(key)
        elif output.type in CALLS and not output.done:
            self.tracker.delta(key, ARGUMENTS, frame.delta or "")
        else:
            self._tell_late(key)

    def complete(self, frame: wire.Frame, part_type: str) -> None:
        """The final text of a part; it stays open, as citations may follow."""
        part = (part_type, frame.place)
        if self._open_part(_key(frame), part) is not None:
            self._catch_up(_key(frame), part, frame.refusal if frame.text is None else frame.text)

    def complete_arguments(self, frame: wire.Frame) -> None:
        """The final arguments of a call."""
        output = self._outputs.get(_key(frame))
        if output is None:
            self._nameless.add(_key(frame))
        elif output.type in CALLS and not output.done:
            text = frame.input if frame.arguments is None else frame.arguments
            self._catch_up(_key(frame), ARGUMENTS, text)

    def part_started(self, frame: wire.Frame) -> None:
        """A part was added."""
        part_type = wire.read_part(frame.part).type
        if part_type in HOLDERS:
            self._open_part(_key(frame), (part_type, frame.place))
        else:
            self._tell_part(part_type)

    def part_ended(self, frame: wire.Frame) -> None:
        """A part is done."""
        told = wire.read_part(frame.part)
        part = (told.type, frame.place)
        if told.type not in HOLDERS:
            self._tell_part(told.type)
        elif (output := self._open_part(_key(frame), part)) is not None:
            self._close_part(_key(frame), output, part, told)

    def annotated(self, frame: wire.Frame) -> None:
        """A citation was added to a text."""
        part = ("output_text", frame.place)
        if (output := self._open_part(_key(frame), part)) is not None:
            self._annotate(_key(frame), output, part, frame.annotation)

    # Items

    def _open(self, key: Key, seen: wire.ItemKind, raw: Raw, *, final: bool = False) -> _Output | None:
        """Open an item, or note one that is not modelled. None: a call too unknown to be shown yet."""
        if seen.type in STARTERS:
            skeleton = STARTERS[seen.type](self, raw)
            if isinstance(skeleton, FunctionCall) and not self._is_named(key, skeleton, final=final):
                return None
            self._start(key, skeleton)
        else:
            self.tell(f"The provider sent an item of type {seen.type!r}; it is not passed on")
        output = self._outputs[key] = _Output(seen.type, seen.id)
        if seen.id:
            self._ids[seen.id] = key
        return output

    def _is_named(self, key: Key, call: FunctionCall, *, final: bool) -> bool:
        named = final or bool(call.name and call.call_id)
        (self._nameless.discard if named else self._nameless.add)(key)
        return named

    def _start(self, key: Key, skeleton: Item) -> None:
        if isinstance(skeleton, FunctionCall):
            self.called = True
            if not skeleton.call_id:
                skeleton = structs.replace(skeleton, call_id=self.tracker.call.new_id("call"))
        self.tracker.start_item(key, skeleton)
        if isinstance(skeleton, FunctionCall):
            self.tracker.start_part(key, ARGUMENTS, Arguments())

    def _message(self, raw: Raw) -> Message:
        phase = phase_of(wire.read_message(raw).phase)
        return Message(self.tracker.call.new_id("msg"), "assistant", status="in_progress", phase=phase)

    def _reasoning(self, raw: Raw) -> Reasoning:
        return Reasoning(
            self.tracker.call.new_id("rs"),
            status="in_progress",
            origin=self._origin,
            upstream_id=wire.read_reasoning(raw).id,
        )

    def _call(self, raw: Raw) -> FunctionCall:
        told = wire.read_call(raw)
        return FunctionCall(
            self.tracker.call.new_id("fc"), told.call_id or "", told.name or "", status="in_progress"
        )

    def _custom_call(self, raw: Raw) -> FunctionCall:
        return structs.replace(self._call(raw), custom=True)

    def _search(self, raw: Raw) -> HostedCall:
        call = self.tracker.call
        id = call.new_id("ws")
        return search_begun(id, id, step=call.step, origin=self._origin)

    def _end_search(self, key: Key, _: _Output, raw: Raw) -> Status:
        call = self.tracker.item(key)
        assert isinstance(call, HostedCall)
        self.tracker.replace_item(key, searched(call, raw))
        self.searches += is_charged(raw)
        return status_of(wire.read_call(raw).status)

    def _end(self, key: Key, raw: Raw) -> None:
        seen = wire.read_item_kind(raw)
        output = self._outputs.get(key)
        if output is not None and output.type != seen.type and not output.done:
            self.tracker.end_item(key)
            output = None
        if output is None:
            output = self._open(key, seen, raw, final=True)
        if output is None or output.done:
            return
        output.done = True
        if output.type in ENDERS:
            self.tracker.end_item(key, ENDERS[output.type](self, key, output, raw))

    def _end_message(self, key: Key, output: _Output, raw: Raw) -> Status:
        told = wire.read_message(raw)
        self._close_parts(key, output, told.content)
        if (phase := phase_of(told.phase)) is not None:
            self.tracker.replace_item(key, structs.replace(self.tracker.item(key), phase=phase))
        return status_of(told.status)

    def _end_reasoning(self, key: Key, output: _Output, raw: Raw) -> Status:
        told = wire.read_reasoning(raw)
        self._close_parts(key, output, told.summary)
        self._close_parts(key, output, told.content)
        if told.encrypted_content:
            self.tracker.start_part(key, SEALED, Sealed())
            self.tracker.delta(key, SEALED, told.encrypted_content)
            self.tracker.end_part(key, SEALED)
        if told.id is not None:
            # The final id goes with the final encrypted content, where ids change on the way.
            self.tracker.replace_item(key, structs.replace(self.tracker.item(key), upstream_id=told.id))
        return status_of(told.status)

    def _end_call(self, key: Key, _: _Output, raw: Raw) -> Status:
        told = wire.read_call(raw)
        self._catch_up(key, ARGUMENTS, told.input if told.arguments is None else told.arguments)
        return status_of(told.status)

    # Parts

    def _open_part(self, key: Key, part: PartKey) -> _Output | None:
        """See that the part is open. None: it or its item has ended, or is not modelled."""
        output = self._outputs.get(key)
        holder = HOLDERS[part[0]]
        if output is None or (output.type != holder and output.type in ENDERS):
            self.tracker.end_item(key)
            seen = wire.ItemKind(holder, key if isinstance(key, str) else None)
            output = self._open(key, seen, EMPTY_OBJECT)
        if output is None or output.type != holder or output.done or part in output.closed:
            return None
        self.tracker.start_part(key, part, SKELETONS[part[0]])
        return output

    def _catch_up(self, key: Key, part: PartKey, text: str | None, logprobs: tuple[Raw, ...] = ()) -> None:
        """Tell what a final text adds to what was streamed."""
        streamed = self.tracker.part_text(key, part)
        if text and not text.startswith(streamed):
            self.tell("The provider's final text is not the one it streamed; the streamed one is kept")
        else:
            self.tracker.delta(key, part, (text or "")[len(streamed) :], logprobs)

    def _close_parts(self, key: Key, output: _Output, parts: tuple[Raw, ...] | None) -> None:
        for number, raw in enumerate(parts or ()):
            told = wire.read_part(raw)
            if HOLDERS.get(told.type) == output.type:
                self._close_part(key, output, (told.type, number), told)
            else:
                self._tell_part(told.type)

    def _close_part(self, key: Key, output: _Output, part: PartKey, told: wire.Part) -> None:
        if part in output.closed:
            return
        output.closed.add(part)
        self.tracker.start_part(key, part, SKELETONS[part[0]])
        logprobs = () if part in output.measured else told.logprobs or ()
        self._catch_up(key, part, told.refusal if told.text is None else told.text, logprobs)
        for annotation in (told.annotations or ())[output.annotations.get(part, 0) :]:
            self._annotate(key, output, part, annotation)
        self.tracker.end_part(key, part)

    def _annotate(self, key: Key, output: _Output, part: PartKey, raw: Raw) -> None:
        output.annotations[part] = output.annotations.get(part, 0) + 1
        told = wire.read_annotation(raw)
        citation = citation_of(told)
        if citation is None:
            self.tell(f"The provider sent a citation of type {told.type!r}; it is not passed on")
        else:
            self.tracker.annotate(key, part, citation)

    def _tell_part(self, part_type: str) -> None:
        self.tell(f"The provider sent a part of type {part_type!r}; it is not passed on")

    def _tell_late(self, key: Key) -> None:
        """What comes for an item that was refused has been told of; what comes after an end has not."""
        if self._outputs[key].type in ENDERS:
            self.tell("The provider went on with an item after its end; that is not passed on")


def _key(frame: wire.Frame, item_id: str | None = None) -> Key:
    index = frame.output_index
    return index if index is not None else frame.item_id or item_id or ""


EMPTY_OBJECT = Raw(b"{}")
STARTERS: dict[str, Callable[[Outputs, Raw], Item]] = {
    "message": Outputs._message,
    "reasoning": Outputs._reasoning,
    "function_call": Outputs._call,
    "custom_tool_call": Outputs._custom_call,
    "web_search_call": Outputs._search,
}
ENDERS: dict[str, Callable[[Outputs, Key, _Output, Raw], Status]] = {
    "message": Outputs._end_message,
    "reasoning": Outputs._end_reasoning,
    "function_call": Outputs._end_call,
    "custom_tool_call": Outputs._end_call,
    "web_search_call": Outputs._end_search,
}
