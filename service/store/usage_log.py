"""What was used, read back. It is written by settlements alone."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from service.store.ports import END_OF_TIME, LIST_LIMIT
from service.store.reader import Reader
from service.store.records import HouseTotals, UsageRecord, UsageTotal
from service.store.statements import sql
from service.store.usage_rows import row_to_usage

_SQL = sql("usage")
_COUNTED = slice(11, 21)
"""Where a row has its counts, units and flag."""


class SqlUsageLog:
    """See `service.store.ports.UsageLog`."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader

    async def list(
        self,
        *,
        key: str | None = None,
        since: int = 0,
        until: int = END_OF_TIME,
        limit: int = LIST_LIMIT,
    ) -> Sequence[UsageRecord]:
        """The newest usage in a stretch of time, `until` not included."""
        values = {"key": key, "since": since, "until": until, "limit": limit}
        found = await self._reader.rows(_SQL["of_all" if key is None else "of_key"], values)
        return [row_to_record(row) for row in found]

    async def totals(
        self, *, key: str | None = None, since: int = 0, until: int = END_OF_TIME
    ) -> Sequence[UsageTotal]:
        """The usage in a stretch of time, added up by key and model."""
        found = await self._reader.rows(_SQL["totals"], {"key": key, "since": since, "until": until})
        return [UsageTotal(*row) for row in found]

    async def house(self) -> HouseTotals:
        """What the house has paid, and the holds open now."""
        return HouseTotals(*await self._reader.row(_SQL["house"]))


def row_to_record(row: tuple[Any, ...]) -> UsageRecord:
    """Read a row of the table back."""
    whose, counted, paid = row[: _COUNTED.start], row[_COUNTED], row[_COUNTED.stop :]
    values: tuple[Any, ...] = (*whose, row_to_usage(counted), *paid)
    return UsageRecord(*values)
