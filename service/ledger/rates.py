"""The rates an operator has set at run time, as this process knows them: read at the start, after each
change of its own, and every few seconds for those of others."""

from __future__ import annotations

import asyncio

import structlog

from service.store.access_records import AuditEvent
from service.store.entry_records import RateRecord
from service.store.rates import SqlRates
from specs.errors import DragomanError
from specs.prices import Price, Rates

ROUND_SECONDS = 5

log = structlog.get_logger()


class RateBook:
    """What holds before the configuration's prices and the public table's."""

    def __init__(self, rates: SqlRates) -> None:
        self.records = rates
        self.newest = 0
        """Changes with every word that holds here."""
        self._current: dict[tuple[str, str], Rates] = {}

    def find(self, provider: str, model: str) -> Price | None:
        """The price that was set for a model, if one was."""
        rates = self._current.get((provider, model))
        return None if rates is None else Price(provider, model, rates)

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
        """Set a model's rates from now on; None takes them back. Raises StoreUnavailable."""
        record = await self.records.set(
            provider, model, rates, actor=actor, reason=reason, audit=audit, now=now
        )
        await self.refresh()
        return record

    async def refresh(self) -> None:
        """Learn what was set meanwhile. Raises StoreUnavailable."""
        newest = await self.records.newest()
        if newest == self.newest:
            return
        found = await self.records.current()
        self._current = {(each.provider, each.model): each.rates for each in found if each.rates is not None}
        self.newest = newest

    async def maintain(self) -> None:
        """Go on learning for ever; the process runs this beside its requests."""
        while True:
            await asyncio.sleep(ROUND_SECONDS)
            try:
                await self.refresh()
            except DragomanError as error:
                log.error("rates_not_read", code=error.code)
