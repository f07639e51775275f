"""Calls the caller has ruled out: they vanish from the stream, whatever the model was told."""

from __future__ import annotations

from collections.abc import Callable

from msgspec import structs

from specs.events import Event, ItemEnded, ItemStarted
from specs.items import FunctionCall

Rule = Callable[[FunctionCall], "str | None"]
"""Says why a call may not be made, to the model; None where it may. Asked once a call, in order."""


class PermittedCalls:
    """Rewrites one step's batches. Items after one that vanished move up, so that no position is free."""

    def __init__(self, rule: Rule) -> None:
        self._rule = rule
        self._hidden: dict[int, str] = {}
        self._moved: dict[int, int] = {}
        self.refused: list[tuple[FunctionCall, str]] = []
        """The whole calls that vanished, each with why."""

    def rewrite(self, batch: list[Event]) -> list[Event]:
        """Return the batch without what belongs to calls that may not be made."""
        if not self._hidden:
            if ItemStarted not in map(type, batch):
                return batch
            started = [event for event in batch if type(event) is ItemStarted]
            if FunctionCall not in [type(event.item) for event in started]:
                self._moved |= {event.index: event.index for event in started}
                return batch
        return [seen for event in batch if (seen := self._rewrite_one(event)) is not None]

    def _rewrite_one(self, event: Event) -> Event | None:
        index = getattr(event, "index", None)
        if index is None:
            return event
        if isinstance(event, ItemStarted):
            self._admit(event)
        if index in self._hidden:
            if isinstance(event, ItemEnded) and isinstance(event.item, FunctionCall):
                self._refuse(event.item, self._hidden[index])
            return None
        at = self._moved[index]
        return event if at == index else structs.replace(event, index=at)

    def _admit(self, event: ItemStarted) -> None:
        why = self._rule(event.item) if isinstance(event.item, FunctionCall) else None
        if why is not None:
            self._hidden[event.index] = why
        else:
            self._moved[event.index] = event.index - len(self._hidden)

    def _refuse(self, call: FunctionCall, why: str) -> None:
        if call.status == "completed":
            self.refused.append((call, why))
