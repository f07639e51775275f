"""The port by which services on one database tell each other that something of a run was written."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, TypeAlias

Hear: TypeAlias = Callable[[str], None]
"""Told the id of a run. What was written of it is in the database."""


class Wakes(Protocol):
    """A wake-up may get lost: whoever waits for one also looks by itself now and then."""

    @property
    def others(self) -> bool:
        """Whether other services may work on the database."""
        ...

    def tell(self, run: str) -> None:
        """Wake the others soon."""
        ...

    def hear(self, on_run: Hear) -> None:
        """Be woken from now on by what the others tell."""
        ...

    async def maintain(self) -> None:
        """Carry wake-ups, until cancelled."""
        ...


class Alone:
    """Nobody to tell, and nothing to hear: one service works on the database."""

    others = False

    def tell(self, run: str) -> None:
        """Nobody is woken."""

    def hear(self, on_run: Hear) -> None:
        """Nothing is ever heard."""

    async def maintain(self) -> None:
        """Nothing is to be carried."""
