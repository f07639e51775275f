"""What a run is told to keep of itself. The engine does not know in what form, or for whom."""

from __future__ import annotations

from collections.abc import Awaitable, Sequence
from typing import Protocol

from service.store.state_records import KeepTurn
from specs.events import RunCreated, RunEnded
from specs.fold import ModelTurn
from specs.items import Item


class Keeper(Protocol):
    """Given to `Runs.start`; called once, at the run's end, before its last event is told.

    What is returned has been enqueued already, beside the run's settlements. When it fails, the run fails.
    """

    def keep(self, created: RunCreated, ended: RunEnded, items: tuple[Item, ...]) -> Awaitable[object]:
        """The run has ended with this output; `ended` is without usage, which the ledger has."""
        ...

    def drop(self, created: RunCreated, ended: RunEnded) -> Awaitable[object]:
        """The run was refused before any model was called: nobody was told of it yet."""
        ...


class WrittenKeeper(Protocol):
    """Of a run that is written down as it goes: says what to write of it beside its log."""

    def opening(self, created: RunCreated) -> KeepTurn:
        """What to write down of a run that is queued."""
        ...

    def ending(
        self,
        created: RunCreated,
        ended: RunEnded,
        items: tuple[Item, ...],
        turns: Sequence[ModelTurn] = (),
    ) -> KeepTurn:
        """What to write down of a run that has ended with this output."""
        ...
