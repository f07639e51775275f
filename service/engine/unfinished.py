"""What became of a run whose process is gone, as far as its log tells: pure, but for reading it."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import structs

from service.engine.outcome import INCOMPLETE_REASONS, Outcome
from service.store.background_ports import BackgroundRuns
from specs.errors import Failure, ServerError
from specs.events import Delta, Event, ItemEnded, ItemStarted, PartEnded, PartStarted, StepEnded, StepStarted
from specs.fold import Fold
from specs.items import Compaction, Item, Part, Sealed, part_text, with_parts


class Unfinished:
    """Takes the events of a log, in order; then tells how to end it."""

    def __init__(self) -> None:
        self.fold = Fold()
        self._items: dict[int, _Open] = {}
        self._step_open = False

    def feed(self, events: Iterable[Event]) -> None:
        """Take in more of the log."""
        for event in events:
            match event:
                case StepStarted():
                    self._step_open = True
                case StepEnded():
                    self._step_open = False
                case ItemStarted(index=index, item=item):
                    self._items[index] = _Open(item)
                case ItemEnded(index=index):
                    self._items.pop(index, None)
                case PartStarted(index=index, part=part, content=content):
                    self._items[index].open[part] = [content]
                case Delta(index=index, part=part, data=data):
                    self._items[index].open[part].append(data)
                case PartEnded(index=index, part=part, content=content):
                    self._items[index].open.pop(part, None)
                    self._items[index].done[part] = content
                case _:
                    pass
            self.fold.feed((event,))

    def close(self) -> list[Event]:
        """End what is open, with what there is of it."""
        closing: list[Event] = []
        for index, item in self._items.items():
            for part, (content, *pieces) in item.open.items():
                whole = _with_text(content, "".join(pieces))
                item.done[part] = whole
                closing.append(PartEnded(index, part, whole))
            parts = tuple(item.done[part] for part in sorted(item.done))
            closing.append(ItemEnded(index, with_parts(item.skeleton, parts, "incomplete")))
        if self._step_open:
            closing.append(StepEnded(self.fold.step.step if self.fold.step else 0, "error"))
        self.feed(closing)
        return closing

    @property
    def outcome(self) -> Outcome | Failure:
        """How the run ended; a model call that is not over, or that failed, is not made again."""
        finish = None if self._step_open or self._items else self.fold.finish
        summarised = any(isinstance(item, Compaction) for item in self.fold.items[-1:])
        if finish is None or finish in ("error", "cancelled") or summarised:
            return interrupted()
        if finish in INCOMPLETE_REASONS:
            return Outcome("incomplete", finish, INCOMPLETE_REASONS[finish])
        return Outcome("completed", "tool_calls" if self.fold.calls_since(0) else finish)


class _Open:
    __slots__ = ("done", "open", "skeleton")

    def __init__(self, skeleton: Item) -> None:
        self.skeleton = skeleton
        self.open: dict[int, list] = {}
        """By part: its content at the start, then its deltas."""
        self.done: dict[int, Part] = {}


def interrupted() -> Failure:
    """The failure of a run whose server ended while a model answered."""
    return ServerError("The server was interrupted while the model answered.").failure


def _with_text(part: Part, text: str) -> Part:
    """A part with the text of its deltas; one without deltas is as it was."""
    whole = part_text(part) + text
    if isinstance(part, Sealed):
        return structs.replace(part, data=whole)
    return structs.replace(part, text=whole) if hasattr(part, "text") else part


async def read_unfinished(store: BackgroundRuns, run: str) -> Unfinished:
    """Read a whole log, piece by piece."""
    found, start = Unfinished(), 0
    while (piece := await store.read(run, start)).events:
        found.feed(piece.events)
        start = piece.next
    return found


async def logged_output(store: BackgroundRuns, run: str, step: int, attempt: int) -> str:
    """What a model wrote in one attempt, as far as it was written down."""
    pieces: list[str] = []
    start, here = 0, False
    while (piece := await store.read(run, start)).events:
        for event in piece.events:
            if isinstance(event, StepStarted):
                here = (event.step, event.attempt) == (step, attempt)
            elif here and isinstance(event, Delta):
                pieces.append(event.data)
        start = piece.next
    return "".join(pieces)
