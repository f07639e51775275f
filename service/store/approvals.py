"""Approvals that were used: each lets one call be made once, whatever becomes of it."""

from __future__ import annotations

from hashlib import sha256

from service.store.reader import Reader
from service.store.statements import sql
from service.store.writer import Connection, Writer, row

OPERATION = "approval"
"""Marks them among the keys of what is done once."""

_SQL = sql("idempotency")


class SqlApprovals:
    """Every method raises StoreUnavailable when the database cannot do its part now."""

    def __init__(self, writer: Writer, reader: Reader) -> None:
        self._writer = writer
        self._reader = reader

    async def spend(self, request: str, *, project: str, until: int) -> bool:
        """Use an approval up; False where it was before. It may be forgotten after `until`."""
        values = {**_place(request, project), "expires_at": until}

        def command(connection: Connection) -> bool:
            return row(connection, _SQL["spend"], values) is not None

        return await self._writer.submit(command)

    async def is_spent(self, request: str, *, project: str) -> bool:
        """Whether it was used."""
        return bool(await self._reader.rows(_SQL["is_spent"], _place(request, project)))


def _place(request: str, project: str) -> dict[str, object]:
    return {"project": project, "operation": OPERATION, "key": sha256(request.encode()).digest()}
