"""`PartTracker`: balanced items and parts, whatever order a vendor's stream comes in.

A decoder says what it saw under the vendor's own keys; the tracker mints ids and indices, opens
what was never opened, joins the deltas, and ends everything once. Its events are read by `take`.
"""

from __future__ import annotations

from collections.abc import Hashable

from msgspec import UNSET, Raw, UnsetType, structs

from providers.alike import Mould
from providers.base import Call
from specs.events import (
    AnnotationAdded,
    Delta,
    Event,
    Finish,
    ItemEnded,
    ItemStarted,
    PartEnded,
    PartStarted,
    StepEnded,
    StepStarted,
    Warned,
)
from specs.items import Annotation, Item, Part, Sealed, Status, Text, with_parts
from specs.usage import Usage


class _OpenPart:
    __slots__ = ("annotations", "index", "logprobs", "pieces", "skeleton")

    def __init__(self, index: int, skeleton: Part) -> None:
        self.index = index
        self.skeleton = skeleton
        self.pieces: list[str] = []
        self.annotations: list[Annotation] = []
        self.logprobs: list[Raw] = []

    def whole(self, changes: dict[str, str | None]) -> Part:
        text = "".join(self.pieces)
        if isinstance(self.skeleton, Sealed):
            return structs.replace(self.skeleton, **{"data": text, **changes})
        if isinstance(self.skeleton, Text):
            return structs.replace(
                self.skeleton, text=text, annotations=tuple(self.annotations), logprobs=tuple(self.logprobs)
            )
        return structs.replace(self.skeleton, **{"text": text, **changes})


class _OpenItem:
    __slots__ = ("done", "index", "open", "skeleton")

    def __init__(self, index: int, skeleton: Item) -> None:
        self.index = index
        self.skeleton = skeleton
        self.done: dict[int, Part] = {}
        self.open: dict[Hashable, _OpenPart] = {}

    @property
    def next_part(self) -> int:
        return len(self.done) + len(self.open)


class PartTracker:
    """Turns what a decoder saw into lawful events. One per model call; every method is pure bookkeeping."""

    def __init__(self, call: Call) -> None:
        self.call = call
        self.usage: Usage | None = None
        """The latest usage the provider reported; set it whenever one is seen."""
        self.raw_usage: Raw | UnsetType = UNSET
        self.raw_finish: str | None = None
        self.service_tier: str | None = None
        """The class of service the provider says it used."""
        self.stop_sequence: str | None = None
        """The caller's stop sequence the provider says the model ran into."""
        self._next = call.first_item
        self._items: dict[Hashable, _OpenItem] = {}
        self._cast: tuple[Mould, int, _OpenPart] | None = None
        self._out: list[Event] = []
        self.ended = False
        """True once the step has ended."""

    def take(self) -> list[Event]:
        """Return the events since the last call."""
        out, self._out = self._out, []
        return out

    def start_step(self, *, provider: str, model: str, upstream_id: str | None = None) -> None:
        """The provider has begun to answer."""
        self._out.append(StepStarted(self.call.step, self.call.attempt, provider, model, upstream_id))

    def warn(self, message: str, param: str = "") -> None:
        """Tell of something that could not be honoured."""
        self._out.append(Warned(message, param))

    def has(self, key: Hashable) -> bool:
        """Whether an item of this key is open."""
        return key in self._items

    def start_item(self, key: Hashable, skeleton: Item) -> None:
        """Open an item. The key must not be open already."""
        self._items[key] = _OpenItem(self._next, skeleton)
        self._out.append(ItemStarted(self._next, skeleton))
        self._next += 1

    def replace_item(self, key: Hashable, skeleton: Item) -> None:
        """Correct what is known of an open item (it shows when the item ends)."""
        self._items[key].skeleton = skeleton

    def item(self, key: Hashable) -> Item:
        """The skeleton of an open item."""
        return self._items[key].skeleton

    def start_part(self, item_key: Hashable, part_key: Hashable, skeleton: Part) -> None:
        """Open a part unless it is open already. A `Text` skeleton must be empty."""
        item = self._items[item_key]
        if part_key not in item.open:
            part = _OpenPart(item.next_part, skeleton)
            item.open[part_key] = part
            self._out.append(PartStarted(item.index, part.index, skeleton))

    def delta(
        self,
        item_key: Hashable,
        part_key: Hashable,
        data: str,
        logprobs: tuple[Raw, ...] = (),
    ) -> None:
        """More of an open part; an empty delta without log probabilities is dropped."""
        if data or logprobs:
            item = self._items[item_key]
            part = item.open[part_key]
            part.pieces.append(data)
            if logprobs:
                part.logprobs.extend(logprobs)
            self._out.append(Delta(item.index, part.index, data, logprobs))

    def cast(self, item_key: Hashable, part_key: Hashable, mould: Mould) -> None:
        """Frames from this mould are more of an open part, for as long as it is open."""
        item = self._items[item_key]
        self._cast = mould, item.index, item.open[part_key]

    def take_alike(self, text: bytes, at: int) -> int:
        """Take in the frames from a place on that are from the mould; returns where the next one stands."""
        if self._cast is None:
            return at
        mould, index, part = self._cast
        alike = mould.strings(text, at)
        if alike is None:
            self._cast = None
            return at
        strings, after = alike
        part.pieces += strings
        told = ("".join(strings),) if self.call.unfollowed else strings
        self._out += [Delta(index, part.index, string) for string in told if string]
        return after

    def part_text(self, item_key: Hashable, part_key: Hashable) -> str:
        """What an open part holds so far ('' when it is not open)."""
        part = self._items[item_key].open.get(part_key)
        return "".join(part.pieces) if part else ""

    def annotate(self, item_key: Hashable, part_key: Hashable, annotation: Annotation) -> None:
        """Add a citation to an open text part."""
        item = self._items[item_key]
        part = item.open[part_key]
        part.annotations.append(annotation)
        self._out.append(AnnotationAdded(item.index, part.index, annotation))

    def end_part(self, item_key: Hashable, part_key: Hashable, **changes: str | None) -> None:
        """End a part if it is open; `changes` are fields only the end knows (`signature`)."""
        item = self._items[item_key]
        part = item.open.pop(part_key, None)
        if part is not None:
            self._cast = None
            whole = part.whole(changes)
            item.done[part.index] = whole
            self._out.append(PartEnded(item.index, part.index, whole))

    def end_item(self, key: Hashable, status: Status = "completed") -> None:
        """End an item and what is open in it, if it is open."""
        item = self._items.get(key)
        if item is None:
            return
        for part_key in list(item.open):
            self.end_part(key, part_key)
        del self._items[key]
        parts = tuple(item.done[index] for index in sorted(item.done))
        self._out.append(ItemEnded(item.index, with_parts(item.skeleton, parts, status)))

    def end_open_items(self, status: Status = "completed") -> None:
        """End every open item, in the order they were opened."""
        for key in list(self._items):
            self.end_item(key, status)

    def end_step(self, finish: Finish) -> None:
        """End the step, once; items still open end with it.

        They count as whole after `stop` and `tool_calls`; after any other finish the last of
        them was cut and is `incomplete`.
        """
        if self.ended:
            return
        self.ended = True
        whole = finish in ("stop", "tool_calls")
        for position, key in enumerate(list(self._items), start=1 - len(self._items)):
            self.end_item(key, "completed" if whole or position < 0 else "incomplete")
        told = (self.usage, self.raw_finish, self.raw_usage, self.service_tier, self.stop_sequence)
        self._out.append(StepEnded(self.call.step, finish, *told))
