"""Accounts, and how money enters them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from service.store.reader import Reader
from service.store.records import UNLIMITED_CREDIT, Account
from service.store.statements import sql
from service.store.writer import Connection, Writer, row
from specs.errors import Conflict, NotFound

_SQL = sql("accounts")

ISSUED = "house:issued"
"""Where granted money comes from."""


class SqlAccounts:
    """See `service.store.ports.Accounts`."""

    def __init__(self, writer: Writer, reader: Reader) -> None:
        self._writer = writer
        self._reader = reader

    async def get(self, id: str) -> Account | None:
        """Find an account."""
        found = await self._reader.row(_SQL["by_id"], {"id": id})
        return _row_to_account(found) if found else None

    async def list(self, *, project: str | None = None) -> Sequence[Account]:
        """The accounts of one project or of all, oldest first."""
        found = await self._reader.rows(_SQL["every"], {"project": project})
        return [_row_to_account(values) for values in found]

    async def grant(self, id: str, amount: int, *, reason: str, now: int) -> Account:
        """Add to what was granted; a negative amount takes back."""
        return await self._writer.submit(
            lambda connection: grant_on(connection, id, amount, reason=reason, now=now)
        )


def open_account(connection: Connection, id: str, *, project: str, unlimited: bool, now: int) -> None:
    """Open an account unless it is open already."""
    credit = UNLIMITED_CREDIT if unlimited else 0
    values = {"id": id, "project": project, "credit_limit": credit, "unlimited": unlimited, "now": now}
    connection.execute(_SQL["open"], values)


def grant_on(connection: Connection, id: str, amount: int, *, reason: str, now: int) -> Account:
    """Grant within a command.

    Raises NotFound without such an account, Conflict when less is available than is taken back.
    """
    granted = row(connection, _SQL["grant"], {"id": id, "amount": amount})
    if granted is None:
        if row(connection, _SQL["by_id"], {"id": id}) is None:
            raise NotFound(f"There is no account {id!r}.")
        raise Conflict("The account has less available than is to be taken back.")
    source, target = (ISSUED, id) if amount > 0 else (id, ISSUED)
    entry = {"debit": source, "credit": target, "amount": abs(amount), "reference": reason, "now": now}
    connection.execute(_SQL["transfer"], entry)
    return _row_to_account(granted)


def _row_to_account(values: Sequence[Any]) -> Account:
    id, project, granted, settled, held, credit_limit, unlimited, created_at = values
    return Account(id, project, granted, settled, held, credit_limit, bool(unlimited), created_at)
