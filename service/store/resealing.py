"""Credentials over a change of the key-encryption key: which open, and sealing them anew."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, TypeVar

from msgspec import Struct

from service.secrets import Sealer, Unsealable
from service.store.database import Database

ROUNDS = 5
"""Tries, for those that a running service changes meanwhile."""


class Sealed(Protocol):
    """A credential as it lies in the database."""

    @property
    def id(self) -> str: ...

    @property
    def sealed(self) -> bytes: ...

    @property
    def about(self) -> str: ...


S = TypeVar("S", bound=Sealed)


class Kept(Protocol[S]):
    """Where credentials of one kind are kept."""

    async def every(self) -> Sequence[S]: ...

    async def reseal(self, before: S, sealed: bytes, /) -> bool: ...


class Opened(Struct, frozen=True):
    """How the credentials of a database open."""

    stored: int
    unreadable: tuple[str, ...]
    """Ids of those that no key opens."""


async def open_all(database: Database, sealer: Sealer) -> Opened:
    """Open every credential and keep none. Raises BadKeyFile, StoreUnavailable."""
    every: list[Sealed] = [
        *await database.credentials.every(),
        *await database.agents.credentials.every(),
    ]
    unreadable = tuple(each.id for each in every if _opened(sealer, each) is None)
    return Opened(len(every), unreadable)


async def reseal_all(database: Database, sealer: Sealer) -> Opened:
    """Seal every credential with the key that seals now. Raises BadKeyFile, StoreUnavailable."""
    await _reseal_kind(database.credentials, sealer)
    await _reseal_kind(database.agents.credentials, sealer)
    return await open_all(database, sealer)


async def _reseal_kind(store: Kept[S], sealer: Sealer) -> None:
    for _ in range(ROUNDS):
        old = [each for each in await store.every() if not sealer.is_current(each.sealed, about=each.about)]
        moved = [await _reseal(store, sealer, each) for each in old]
        if all(moved):
            break


async def _reseal(store: Kept[S], sealer: Sealer, each: S) -> bool:
    """Seal one anew. True when nothing more can be done for it now: it is done, or does not open."""
    secret = _opened(sealer, each)
    return secret is None or await store.reseal(each, sealer.seal(secret, about=each.about))


def _opened(sealer: Sealer, each: Sealed) -> bytes | None:
    try:
        return sealer.open(each.sealed, about=each.about)
    except Unsealable:
        return None
