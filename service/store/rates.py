"""The operator's own rates: every word kept, with who said it and when; the last one holds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from service.store.access_records import AuditEvent
from service.store.audit import write_audit
from service.store.entry_records import RateRecord
from service.store.ports import END_OF_TIME
from service.store.reader import Reader
from service.store.statements import sql
from service.store.writer import Connection, Writer, row
from specs.prices import Rates

_SQL = sql("rates")


class SqlRates:
    """Rates as they were set over time."""

    def __init__(self, writer: Writer, reader: Reader) -> None:
        self._writer = writer
        self._reader = reader

    async def set(
        self,
        provider: str,
        model: str,
        rates: Rates | None,
        *,
        actor: str,
        reason: str,
        audit: AuditEvent,
        now: int,
    ) -> RateRecord:
        """Set a model's rates from now on; None takes the operator's own back."""
        values = {"provider": provider, "model": model, "actor": actor, "reason": reason, "now": now}
        text = None if rates is None else msgspec.json.encode(rates).decode()

        def command(connection: Connection) -> RateRecord:
            record = _row_to_record(row(connection, _SQL["set"], {**values, "rates": text}))
            write_audit(connection, audit)
            return record

        return await self._writer.submit(command)

    async def current(self) -> Sequence[RateRecord]:
        """The rates that hold now, by provider and model."""
        return [_row_to_record(found) for found in await self._reader.rows(_SQL["current"])]

    async def history(
        self,
        *,
        provider: str | None = None,
        model: str | None = None,
        before: int = END_OF_TIME,
        limit: int = 100,
    ) -> Sequence[RateRecord]:
        """What was ever set, newest first."""
        values = {"provider": provider, "model": model, "before": before, "limit": limit}
        return [_row_to_record(found) for found in await self._reader.rows(_SQL["history"], values)]

    async def newest(self) -> int:
        """The number of what was set last; it changes with every word."""
        (number,) = await self._reader.row(_SQL["newest"])
        return number


def _row_to_record(values: Sequence[Any]) -> RateRecord:
    id, provider, model, rates, *rest = values
    return RateRecord(id, provider, model, None if rates is None else _rates.decode(rates), *rest)


_rates = msgspec.json.Decoder(Rates)
