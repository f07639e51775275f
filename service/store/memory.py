"""The contexts that this process remembers, so that the next turn of one reads only what is new.

Whether what is remembered is still true the database says; who asks here has looked there. What was deleted
elsewhere stays no longer than `IDLE_SECONDS`.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from sys import getsizeof
from typing import TypeAlias

from msgspec import Struct

from specs.contexts import Context

Key: TypeAlias = tuple[str, str]
"""A project and what of it: a conversation's id, or a response's."""

DEFAULT_BYTES = 64 * 1024 * 1024
"""Where nobody says how much."""
IDLE_SECONDS = 180
"""For so long what nobody asks for is remembered."""
SWEEP_SECONDS = 30.0
COPIES = 3
"""How often a text is there at most: as an item, and in what was found of it."""
ITEM_BYTES = 1_000
"""What an item takes besides its text."""


class Remembered(Struct, frozen=True):
    """A context with what tells whether it still is one."""

    context: Context
    upto: int
    """The place after its last item."""
    removals: int
    """How often items had been taken out."""
    size: int


NOTHING = Remembered(Context(()), 0, 0, 0)
"""What is known of a context before any of it was read."""


class _Kept(Struct, frozen=True):
    remembered: Remembered
    at: float


class Memory:
    """Remembers so many bytes, of what was asked for last."""

    def __init__(self, most: int = DEFAULT_BYTES, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._most = most
        self._clock = clock
        self._kept: dict[Key, _Kept] = {}
        """That which was not asked for the longest comes first."""
        self.bytes = 0

    def recall(self, key: Key) -> Remembered | None:
        """What is remembered."""
        kept = self._kept.get(key)
        return None if kept is None else kept.remembered

    def keep(self, key: Key, remembered: Remembered) -> None:
        """Remember this from now on, instead of what was. Of what it grew from only its last step stays."""
        self.forget(key)
        if remembered.size > self._most // 2:
            return
        if remembered.context.before is not None:
            remembered.context.before.before = None
        self._kept[key] = _Kept(remembered, self._clock())
        self.bytes += remembered.size
        while self.bytes > self._most:
            self.forget(next(iter(self._kept)))

    def forget(self, key: Key) -> None:
        """Remember nothing of this."""
        kept = self._kept.pop(key, None)
        if kept is not None:
            self.bytes -= kept.remembered.size

    def forget_idle(self) -> None:
        """Forget what nobody has asked for in a while."""
        due = self._clock() - IDLE_SECONDS
        while self._kept and self._kept[key := next(iter(self._kept))].at <= due:
            self.forget(key)

    async def maintain(self) -> None:
        """Forget in time, for ever."""
        while True:
            await asyncio.sleep(SWEEP_SECONDS)
            self.forget_idle()


def size_of(stored: Sequence[tuple[int, str]]) -> int:
    """What (version, payload) pairs take in memory, once they are items."""
    return sum(COPIES * getsizeof(payload) + ITEM_BYTES for _, payload in stored)
