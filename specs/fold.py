"""The only accumulator: a stream of events folded to what it says. A whole answer is this."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct

from specs.events import (
    Event,
    Finish,
    ItemEnded,
    ItemStarted,
    RunCreated,
    RunEnded,
    StepEnded,
    StepStarted,
    Warned,
    without_deltas,
)
from specs.items import FunctionCall, Item
from specs.usage import Usage, add_usages


class ModelTurn(Struct, frozen=True):
    """What one model call put out."""

    upto: int
    """The index after its last item."""
    usage: Usage | None


class Fold:
    """Feed it events in order; read the fields at any time."""

    def __init__(self) -> None:
        self.created: RunCreated | None = None
        self.step: StepStarted | None = None
        self.ended: RunEnded | None = None
        self.warnings: list[Warned] = []
        self.usages: list[Usage] = []
        self.turns: list[ModelTurn] = []
        self.finish: Finish | None = None
        self.service_tier: str | None = None
        self.next_index = 0
        """The index the next item takes."""
        self._items: dict[int, Item] = {}

    def feed(self, events: Iterable[Event]) -> None:
        """Take in the next events. Deltas cost nothing here: the ends carry the whole."""
        for event in without_deltas(events):
            handler = _HANDLERS.get(type(event))
            if handler is not None:
                handler(self, event)

    @property
    def items(self) -> tuple[Item, ...]:
        """The items so far, in order; one still open is its skeleton."""
        return tuple(self._items.values())  # they start in their order

    @property
    def usage(self) -> Usage:
        """The usage of all steps so far, added up."""
        return add_usages(self.usages)

    def calls_since(self, index: int) -> tuple[FunctionCall, ...]:
        """The function calls among the items from `index` on."""
        return tuple([item for item in self.items[index:] if isinstance(item, FunctionCall)])

    def _item(self, event: ItemStarted | ItemEnded) -> None:
        self._items[event.index] = event.item
        self.next_index = max(self.next_index, event.index + 1)

    def _step_ended(self, event: StepEnded) -> None:
        self.finish = event.finish
        self.service_tier = event.service_tier or self.service_tier
        if event.usage is not None:
            self.usages.append(event.usage)
        self.turns.append(ModelTurn(self.next_index, event.usage))


_HANDLERS = {
    RunCreated: lambda fold, event: setattr(fold, "created", event),
    StepStarted: lambda fold, event: setattr(fold, "step", event),
    ItemStarted: Fold._item,
    ItemEnded: Fold._item,
    StepEnded: Fold._step_ended,
    Warned: lambda fold, event: fold.warnings.append(event),
    RunEnded: lambda fold, event: setattr(fold, "ended", event),
}


def fold(events: Iterable[Event]) -> Fold:
    """Fold a whole stream."""
    result = Fold()
    result.feed(events)
    return result
