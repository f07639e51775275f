"""The books: runs, their holds, and what becomes of them."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from functools import cache, partial

from service.store.account_commands import turn
from service.store.hold_commands import extend_hold, open_holds, void
from service.store.periods import day_ends
from service.store.reader import Reader
from service.store.records import (
    Abandoned,
    AbandonedHold,
    BrokenInvariant,
    EndRun,
    ExtendHold,
    OpenHold,
    Settle,
    Settled,
    Taken,
    VoidHold,
)
from service.store.settlements import end_runs, settle_holds
from service.store.statements import sql, statements
from service.store.writer import Connection, Kind, Writer, rows

_RUNS = sql("runs")

# What frees money goes first, what takes it last. Of one run they are submitted in this order too.
_SETTLE = Kind(settle_holds, turn=1)
_END = Kind(end_runs, turn=3)
_OPEN = Kind(open_holds, turn=4)


class SqlBooks:
    """See `service.store.ports.Books`. Only new holds can be refused for a long queue."""

    def __init__(self, writer: Writer, reader: Reader) -> None:
        self._writer = writer
        self._reader = reader
        self._day_ends = 0
        """Until when the accounts are known to be in the day they are in."""

    def open_hold(self, order: OpenHold) -> Awaitable[Taken]:
        """Take as much as is available between least and most, and note hold and run."""
        self._follow_day(order.now)
        return self._writer.submit_order(_OPEN, order)

    def extend_hold(self, order: ExtendHold) -> Awaitable[int]:
        """Let an open hold grow; returns by how much, 0 when that was refused."""
        return self._writer.submit(partial(extend_hold, order=order))

    def settle(self, order: Settle) -> Awaitable[Settled]:
        """Settle an open hold, once: from the hold, then from what is available, then by the house."""
        self._follow_day(order.now)
        return self._writer.insist_order(_SETTLE, order)

    def void(self, order: VoidHold) -> Awaitable[bool]:
        """Give an open hold back; False when it was resolved before."""
        return self._writer.insist(partial(void, order=order))

    def end_run(self, order: EndRun) -> Awaitable[bool]:
        """End a run; False when it has ended before or never held anything."""
        return self._writer.insist_order(_END, order)

    def _follow_day(self, now: int) -> None:
        """Before the first work of a day, begin that day on the accounts that limit what it may cost."""
        if now < self._day_ends:
            return
        self._day_ends = day_ends(now)

        def forget(turned: asyncio.Future[None]) -> None:
            if turned.cancelled() or turned.exception() is not None:
                self._day_ends = 0

        self._writer.insist(partial(turn, now=now)).add_done_callback(forget)

    def renew_leases(self, owner: str, *, lease_until: int) -> Awaitable[None]:
        """Keep the runs of this process alive, in one statement."""
        return self._run(_RUNS["renew"], {"owner": owner, "lease_until": lease_until})

    def expire_others(self, owner: str) -> Awaitable[None]:
        """Let the leases of every other process run out. Only for one that knows it is alone."""
        return self._run(_RUNS["expire_others"], {"owner": owner})

    def _run(self, statement: str, values: dict[str, object]) -> Awaitable[None]:
        def command(connection: Connection) -> None:
            connection.execute(statement, values)

        return self._writer.insist(command)

    def take_over(self, sweeper: str, *, now: int, lease_until: int, stale: int) -> Awaitable[Abandoned]:
        """Take over the runs whose lease ran out, and tell the holds to be settled for them."""
        values = {"sweeper": sweeper, "now": now, "lease_until": lease_until, "stale": stale}

        def command(connection: Connection) -> Abandoned:
            runs = rows(connection, _RUNS["take_over"], values)
            holds = rows(connection, _RUNS["abandoned_holds"], values)
            alone = tuple(run for run, in_background in runs if not in_background)
            return Abandoned(alone, tuple(AbandonedHold(*hold) for hold in holds))

        return self._writer.insist(command)

    async def check(self, *, now: int, grace: int) -> list[BrokenInvariant]:
        """Look for broken invariants, all of them at the same moment, without keeping writers waiting."""
        found = await self._reader.rows(_all_checks(), {"now": now, "grace": grace})
        about = {check.name: check.about for check in statements("checks")}
        return [BrokenInvariant(name, about[name], detail) for name, detail in found]


@cache
def _all_checks() -> str:
    """One statement of them all: a statement sees one state of the database."""
    selects = (f"select '{check.name}', * from ({check.sql})" for check in statements("checks"))  # noqa: S608 (all ours)
    return " union all ".join(selects)
