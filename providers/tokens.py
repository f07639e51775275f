"""A token that is fetched when it is needed and kept while it holds."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable

from msgspec import Struct


class Fetched(Struct, frozen=True):
    """A token as its server gave it."""

    token: str
    seconds: float
    """How long it holds from now on."""


class HeldToken:
    """Gives a token. Those who wait for one while it is fetched wait for the same."""

    def __init__(self, *, margin: float, clock: Callable[[], float] = time.monotonic) -> None:
        """A token that ends within `margin` seconds is not used any more."""
        self._margin = margin
        self._clock = clock
        self._fetching = asyncio.Lock()
        self._token = ""
        self._until = 0.0

    async def get(self, fetch: Callable[[], Awaitable[Fetched]]) -> str:
        """The token that is held, else the one that `fetch` brings. Raises what it raises."""
        if self._clock() >= self._until:
            async with self._fetching:
                if self._clock() >= self._until:
                    self._keep(await fetch())
        return self._token

    def _keep(self, fetched: Fetched) -> None:
        self._token = fetched.token
        self._until = self._clock() + max(0.0, fetched.seconds - self._margin)
