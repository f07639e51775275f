"""What servers offer, remembered for a while; a server is asked once at a time for the same."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Hashable
from typing import TypeAlias

from msgspec import Struct

from service.tools.mcp.listing import Listing

MOST = 512
MOST_BYTES = 32 * 1024 * 1024
"""Of the schemas of all that is remembered."""


Key: TypeAlias = tuple[Hashable, bool, str, str]
"""The server with what lets in there, whether it may ask a model, the project, the user."""


class _Kept(Struct, frozen=True):
    listing: Listing
    until: float


class Listings:
    """Listings by server and by who asked."""

    def __init__(
        self, *, seconds: float, clock: Callable[[], float], most: int = MOST, most_bytes: int = MOST_BYTES
    ) -> None:
        self._seconds = seconds
        self._clock = clock
        self._most = most
        self._room = most_bytes
        self._kept: OrderedDict[Key, _Kept] = OrderedDict()
        self._asked: dict[Key, asyncio.Future[Listing]] = {}

    def take(self, *, seconds: float) -> None:
        """Remember for so long from now on, and nothing of before: servers may have other places now."""
        self._seconds = seconds
        for key in list(self._kept):
            self._drop(key)

    async def get(self, key: Key, ask: Callable[[], Awaitable[Listing]]) -> Listing:
        """What is remembered, else what `ask` says. Who asks for what is being asked waits for that answer,
        or failure. Raises what `ask` raises."""
        while True:
            kept = self._kept.get(key)
            if kept is not None and self._clock() < kept.until:
                self._kept.move_to_end(key)
                return kept.listing
            asked = self._asked.get(key)
            if asked is None:
                return await self._ask(key, ask)
            await asyncio.wait([asked])
            if not asked.cancelled():
                return asked.result()

    def forget(self, server: Hashable) -> None:
        """The server said that it offers something else now."""
        for key in [key for key in self._kept if key[0] == server]:
            self._drop(key)

    async def _ask(self, key: Key, ask: Callable[[], Awaitable[Listing]]) -> Listing:
        future = self._asked[key] = asyncio.get_running_loop().create_future()
        try:
            listing = await ask()
        except Exception as error:
            future.set_exception(error)
            future.exception()  # nobody else may have asked
            raise
        else:
            future.set_result(listing)
            self._keep(key, listing)
            return listing
        finally:
            future.cancel()
            del self._asked[key]

    def _keep(self, key: Key, listing: Listing) -> None:
        self._drop(key)
        if self._seconds <= 0:
            return
        self._kept[key] = _Kept(listing, self._clock() + self._seconds)
        self._room -= listing.size
        while self._room < 0 or len(self._kept) > self._most:
            self._drop(next(iter(self._kept)))

    def _drop(self, key: Key) -> None:
        kept = self._kept.pop(key, None)
        if kept is not None:
            self._room += kept.listing.size
