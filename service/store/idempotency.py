"""Idempotency keys: claimed before the work, answered after it, forgotten in time."""

from __future__ import annotations

from collections.abc import Awaitable

from msgspec import Struct, structs

from service.store.statements import sql
from service.store.writer import Connection, Writer, row

LEASE_SECONDS = 45
"""How long a claim outlives the process that made it, where others work beside it."""

_SQL = sql("idempotency")


class Claim(Struct, frozen=True):
    """A request that wants to be done once."""

    project: str
    operation: str
    key: bytes
    """SHA-256 of the caller's key."""
    fingerprint: bytes
    """SHA-256 of what is asked."""
    owner: str
    """The process that works on it."""


class Taken(Struct, frozen=True):
    """The key was used before."""

    fingerprint: bytes
    running: bool
    answer: bytes | None
    """Sealed; None where none was kept."""


class SqlIdempotency:
    """Every method raises StoreUnavailable when the database cannot do its part now."""

    def __init__(self, writer: Writer) -> None:
        self._writer = writer

    async def claim(self, claim: Claim, *, now: int, expires_at: int) -> Taken | None:
        """Claim a key; None when it is ours now, for as long as it is renewed."""
        lease = {"now": now, "owner_until": now + LEASE_SECONDS, "expires_at": expires_at}
        values = {**structs.asdict(claim), **lease}

        def command(connection: Connection) -> Taken | None:
            if row(connection, _SQL["claim"], values) is not None:
                return None
            fingerprint, running, answer = row(connection, _SQL["taken"], values)
            return Taken(bytes(fingerprint), bool(running), answer)

        return await self._writer.submit(command)

    def keep(self, claim: Claim, answer: bytes | None) -> Awaitable[None]:
        """Answer a claimed key, without the answer itself where it may not be kept."""
        return self._do("keep", {**structs.asdict(claim), "answer": answer})

    def free(self, claim: Claim) -> Awaitable[None]:
        """Free a claimed key: nothing was done for it."""
        return self._do("free", structs.asdict(claim))

    def renew(self, owner: str, *, now: int) -> Awaitable[None]:
        """Keep what this process has claimed and not answered yet."""
        return self._do("renew", {"owner": owner, "owner_until": now + LEASE_SECONDS})

    def free_others(self, owner: str) -> Awaitable[None]:
        """Free what dead processes claimed. Only for one that knows it is alone."""
        return self._do("free_others", {"owner": owner})

    def expire(self, *, now: int) -> Awaitable[None]:
        """Forget answers whose time is over."""
        return self._do("expire", {"now": now})

    def _do(self, name: str, values: dict[str, object]) -> Awaitable[None]:
        def command(connection: Connection) -> None:
            connection.execute(_SQL[name], values)

        return self._writer.insist(command)
