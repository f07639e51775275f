"""What accounts need from time to time: refills that are due, and a word to the operator when one is low."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

import structlog

from service.ids import new_id
from service.ledger.settling import Settlement
from service.store.access_records import SERVICE, AuditEvent, detailed
from service.store.account_ports import AccountUpkeep
from service.store.account_records import LowBalance
from specs.errors import DragomanError
from specs.money import format_usd

ROUND_SECONDS = 5
"""Between two looks. A refusal does not wait for it: a refill that is due comes before."""

log = structlog.get_logger()


class Upkeep:
    """Runs beside the requests of this process; any number of processes may."""

    def __init__(self, accounts: AccountUpkeep, *, clock: Callable[[], float] = time.time) -> None:
        self._accounts = accounts
        self._clock = clock
        self._low: set[str] = set()

    def settled(self, settlement: Settlement) -> None:
        """Hear of a settlement; one that leaves little is told in the next round."""
        if settlement.left is not None and settlement.left.warn:
            self._low.add(settlement.left.account)

    async def round(self) -> None:
        """Refill what is due, then tell which accounts have become low.

        Raises StoreUnavailable.
        """
        now = int(self._clock())
        refilled = await self._accounts.refill_due(now=now)
        if refilled:
            log.info("accounts_refilled", accounts=refilled)
        for account in sorted(self._low):
            noted = await self._accounts.note_low(account, audit=low_to_event, now=now)
            self._low.discard(account)
            if noted is not None:
                log.warning("account_low", account=account, available=format_usd(noted.available))

    async def maintain(self) -> None:
        """Go round for ever; the process runs this beside its requests."""
        while True:
            try:
                await self.round()
            except DragomanError as error:
                log.error("upkeep_round_failed", code=error.code)
            await asyncio.sleep(ROUND_SECONDS)


def low_to_event(low: LowBalance, now: int) -> AuditEvent:
    """What the audit log says of an account that has become low."""
    return AuditEvent(
        id=new_id("audit"),
        type="account.low",
        moment=now * 1_000_000,
        target=low.account,
        actor=SERVICE,
        project=low.project,
        details=detailed({"available": format_usd(low.available), "low_balance": format_usd(low.threshold)}),
    )
