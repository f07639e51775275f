"""What a run is told to keep of itself. The engine does not know in what form, or for whom."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Protocol

from specs.events import RunCreated, RunEnded
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
