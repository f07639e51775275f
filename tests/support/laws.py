"""The laws of the stream (`specs.events`), checked over the events of one model call or more."""

from __future__ import annotations

from collections.abc import Iterable

from specs.events import (
    AnnotationAdded,
    Delta,
    Event,
    ItemEnded,
    ItemStarted,
    PartEnded,
    PartStarted,
    StepEnded,
    StepStarted,
    Warned,
)
from specs.items import (
    Annotation,
    Compaction,
    FunctionCall,
    HostedCall,
    Item,
    Message,
    Part,
    Reasoning,
    Text,
    part_text,
)


class _SeenPart:
    def __init__(self, skeleton: Part) -> None:
        self.skeleton = skeleton
        self.text = part_text(skeleton)
        self.annotations: list[Annotation] = []
        self.logprobs: list[bytes] = []


class _SeenItem:
    def __init__(self, skeleton: Item) -> None:
        self.skeleton = skeleton
        self.open: dict[int, _SeenPart] = {}
        self.done: dict[int, Part] = {}


class _Step:
    def __init__(self) -> None:
        self.open: dict[int, _SeenItem] = {}
        self.indices: list[int] = []
        self.ids: set[str] = set()
        self.started = False
        self.ended = False


def check_laws(events: Iterable[Event]) -> None:
    """Assert, for one model call: balance, nesting, order, deltas join to the part, parts to the item,
    exactly one `StepEnded`, last.
    """
    step = _Step()
    for event in events:
        _check(step, event)
    assert step.ended, "no StepEnded"


def _check(step: _Step, event: Event) -> None:
    assert not step.ended, f"after StepEnded: {event}"
    match event:
        case StepStarted():
            assert not step.started, "second StepStarted"
            assert not step.indices, "StepStarted after an item"
            step.started = True
        case StepEnded():
            assert not step.open, f"StepEnded with open items {list(step.open)}"
            step.ended = True
        case ItemStarted():
            _item_started(step, event)
        case ItemEnded():
            _item_ended(step, event)
        case PartStarted():
            seen = step.open[event.index]
            assert event.part == len(seen.open) + len(seen.done), f"part out of order: {event}"
            seen.open[event.part] = _SeenPart(event.content)
        case Delta():
            assert event.data or event.logprobs, "empty delta"
            part = step.open[event.index].open[event.part]
            part.text += event.data
            part.logprobs.extend(bytes(one) for one in event.logprobs)
        case AnnotationAdded():
            step.open[event.index].open[event.part].annotations.append(event.annotation)
        case PartEnded():
            seen = step.open[event.index]
            _check_part(seen.open.pop(event.part), event.content)
            seen.done[event.part] = event.content
        case Warned():
            assert event.message
        case _:
            assert not isinstance(event, str), event


def _item_started(step: _Step, event: ItemStarted) -> None:
    assert step.started, "item before StepStarted"
    expected = step.indices[-1] + 1 if step.indices else event.index
    assert event.index == expected, f"item {event.index} after {step.indices}"
    assert event.item.id not in step.ids, f"id {event.item.id} twice"
    step.ids.add(event.item.id)
    step.indices.append(event.index)
    step.open[event.index] = _SeenItem(event.item)


def _item_ended(step: _Step, event: ItemEnded) -> None:
    seen = step.open.pop(event.index)
    assert not seen.open, f"item {event.index} ended with open parts"
    assert event.item.id == seen.skeleton.id, "the id of an item changed"
    assert type(event.item) is type(seen.skeleton), "the kind of an item changed"
    assert isinstance(event.item, Compaction) or event.item.status != "in_progress"
    parts = tuple(seen.done[index] for index in sorted(seen.done))
    match event.item:
        case Message() | Reasoning():
            assert event.item.content == parts, f"{event.item.content} is not {parts}"
        case FunctionCall() | HostedCall():
            joined = "".join(part_text(part) for part in parts)
            assert not parts or event.item.arguments == joined, f"{event.item.arguments} is not {joined}"
        case _:
            pass


def _check_part(seen: _SeenPart, whole: Part) -> None:
    assert type(whole) is type(seen.skeleton), f"the kind of a part changed: {whole}"
    assert part_text(whole) == seen.text, f"{part_text(whole)!r} is not the deltas' {seen.text!r}"
    if isinstance(whole, Text):
        assert list(whole.annotations) == seen.annotations
        assert [bytes(one) for one in whole.logprobs] == seen.logprobs
