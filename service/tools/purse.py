"""What tools that have a price of their own pay with."""

from __future__ import annotations

from decimal import Decimal
from typing import Protocol

from msgspec import Struct


class Piece(Struct, frozen=True):
    """One of something that is paid by the piece."""

    unit: str
    """What usage counts it as: `web_searches`."""
    source: str
    """Where it comes from, as reports name it, in place of a provider."""
    name: str
    """Which of those, in place of a model."""
    usd: Decimal = Decimal()


class Charge(Protocol):
    """Money held for a piece. It is settled or given back exactly once."""

    def settle(self) -> None:
        """The piece was had: pay for it."""
        ...

    def give_back(self) -> None:
        """Nothing came of it: it costs nothing."""
        ...


class Purse(Protocol):
    """Pays for one run, as its model calls are paid."""

    async def hold(self, piece: Piece) -> Charge:
        """Hold what a piece costs, before it is had.

        Raises DragomanError where account or agent cannot pay for it, or the books cannot be written.
        """
        ...
