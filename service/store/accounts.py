"""Accounts, and how money enters them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import TypeVar

from service.store.access_records import AuditEvent, Page
from service.store.account_commands import (
    assign_key,
    configure,
    grant,
    note_low,
    open_account,
    refill,
    refund,
    row_to_account,
)
from service.store.account_records import (
    AccountWish,
    DueRefill,
    KeyOnAccount,
    LowBalance,
    Movement,
)
from service.store.audit import write_audit
from service.store.reader import Reader
from service.store.records import Account
from service.store.statements import sql
from service.store.writer import Command, Connection, Writer

__all__ = ["SqlAccounts", "grant_on", "open_account"]

T = TypeVar("T")
_SQL = sql("accounts")


class SqlAccounts:
    """See `service.store.account_ports.AccountDesk`."""

    def __init__(self, writer: Writer, reader: Reader) -> None:
        self._writer = writer
        self._reader = reader

    async def get(self, id: str) -> Account | None:
        """Find an account."""
        found = await self._reader.row(_SQL["by_id"], {"id": id})
        return row_to_account(found) if found else None

    async def list(self, *, project: str | None = None) -> Sequence[Account]:
        """The accounts of one project or of all, oldest first."""
        found = await self._reader.rows(_SQL["every"], {"project": project})
        return [row_to_account(values) for values in found]

    async def page(self, *, project: str | None, after: Account | None, limit: int) -> Page[Account]:
        """The next accounts, oldest first."""
        at, id = (-1, "") if after is None else (after.created_at, after.id)
        values = {"project": project, "at": at, "id": id, "limit": limit + 1}
        found = [row_to_account(values) for values in await self._reader.rows(_SQL["page"], values)]
        return Page(tuple(found[:limit]), len(found) > limit)

    async def keys(self, id: str) -> Sequence[KeyOnAccount]:
        """The keys that spend from an account, oldest first."""
        return [KeyOnAccount(*found) for found in await self._reader.rows(_SQL["keys_of"], {"id": id})]

    async def open(
        self,
        id: str,
        *,
        project: str,
        wish: AccountWish,
        granted: int,
        why: Movement,
        audit: AuditEvent,
        now: int,
    ) -> Account:
        """Open an account as it is wished, with this much granted."""

        def command(connection: Connection) -> Account:
            open_account(connection, id, project=project, unlimited=False, now=now)
            opened = configure(connection, id, wish, now=now)
            return grant(connection, id, granted, why=why, now=now) if granted else opened

        return await self._writer.submit(_audited(command, audit))

    async def grant(
        self,
        id: str,
        amount: int,
        *,
        reason: str,
        now: int,
        why: Movement | None = None,
        audit: AuditEvent | None = None,
    ) -> Account:
        """Add to what was granted; a negative amount takes back."""

        def command(connection: Connection) -> Account:
            return grant_on(connection, id, amount, reason=reason, now=now, why=why)

        return await self._writer.submit(_audited(command, audit))

    async def configure(self, id: str, wish: AccountWish, *, audit: AuditEvent, now: int) -> Account:
        """Change what bounds and refills an account."""
        command = partial(configure, id=id, wish=wish, now=now)
        return await self._writer.submit(_audited(command, audit))

    async def refund(
        self, id: str, *, amount: int | None, why: Movement, audit: AuditEvent, now: int
    ) -> Account:
        """Give back what an account paid for the movement's run: all that is left of it, or an amount."""
        command = partial(refund, id=id, amount=amount, why=why, now=now)
        return await self._writer.submit(_audited(command, audit))

    async def assign_key(self, id: str, key: str, *, audit: AuditEvent) -> Account:
        """Let a key of its project spend from this account from its next hold on."""
        return await self._writer.submit(_audited(partial(assign_key, id=id, key=key), audit))

    async def refill_due(self, *, now: int) -> int:
        """Refill every account whose refill is due; returns how many were."""
        due = [DueRefill(*found) for found in await self._reader.rows(_SQL["due"], {"now": now})]
        done = [await self._writer.submit(partial(refill, due=each, now=now)) for each in due]
        return sum(account is not None for account in done)

    async def note_low(
        self, id: str, *, audit: Callable[[LowBalance, int], AuditEvent], now: int
    ) -> LowBalance | None:
        """Note that an account is low; None when it is not, or that was noted before."""

        def command(connection: Connection) -> LowBalance | None:
            noted = note_low(connection, id, now=now)
            if noted is not None:
                write_audit(connection, audit(noted, now))
            return noted

        return await self._writer.submit(command)


def grant_on(
    connection: Connection, id: str, amount: int, *, reason: str, now: int, why: Movement | None = None
) -> Account:
    """Grant within a command; without a movement it is a top-up, or taken back, by the operator.

    Raises NotFound without such an account, Conflict when less is available than is taken back.
    """
    cause = "top_up" if amount > 0 else "adjustment"
    return grant(connection, id, amount, why=why or Movement(cause, "operator", reason), now=now)


def _audited(command: Command[T], event: AuditEvent | None) -> Command[T]:
    """A command that is written down with what it changes."""

    def both(connection: Connection) -> T:
        result = command(connection)
        if event is not None:
            write_audit(connection, event)
        return result

    return both
