"""Credentials over a change of the key-encryption key: which open, and sealing them anew."""

from __future__ import annotations

from msgspec import Struct

from service.secrets import Sealer, Unsealable
from service.store.credentials import SealedCredential, SqlCredentials

ROUNDS = 5
"""Tries, for those that a running service changes meanwhile."""


class Opened(Struct, frozen=True):
    """How the credentials of a database open."""

    stored: int
    unreadable: tuple[str, ...]
    """Ids of those that no key opens."""


async def open_all(store: SqlCredentials, sealer: Sealer) -> Opened:
    """Open every credential and keep none. Raises BadKeyFile, StoreUnavailable."""
    every = await store.every()
    unreadable = tuple(each.id for each in every if _opened(sealer, each) is None)
    return Opened(len(every), unreadable)


async def reseal_all(store: SqlCredentials, sealer: Sealer) -> Opened:
    """Seal every credential with the key that seals now. Raises BadKeyFile, StoreUnavailable."""
    for _ in range(ROUNDS):
        old = [each for each in await store.every() if not sealer.is_current(each.sealed, about=each.about)]
        moved = [await _reseal(store, sealer, each) for each in old]
        if all(moved):
            break
    return await open_all(store, sealer)


async def _reseal(store: SqlCredentials, sealer: Sealer, each: SealedCredential) -> bool:
    """Seal one anew. True when nothing more can be done for it now: it is done, or does not open."""
    secret = _opened(sealer, each)
    return secret is None or await store.reseal(each, sealer.seal(secret, about=each.about))


def _opened(sealer: Sealer, each: SealedCredential) -> bytes | None:
    try:
        return sealer.open(each.sealed, about=each.about)
    except Unsealable:
        return None
