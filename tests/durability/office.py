"""An office that takes holds, settles and grants until its work is done or its database fails, the
promises it made meanwhile, and the auditor who looks every one of them up."""

from __future__ import annotations

import asyncio
import contextlib
import random
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from msgspec import Struct, field

from service.ledger.holds import Ledger
from service.store.database import Database
from service.store.ports import ExtendHold, HoldTaken
from specs.errors import Conflict, StoreUnavailable
from tests.support.money import NOW, new_key, open_hold, settle, void

CLERKS = 8
"""How many work at the same time, so that batches hold more than one command."""
ORDERS = 12
"""What each clerk does before the office closes."""
GRANTED = 10**12


class Promises(Struct):
    """What somebody was told. Runs by their ids, grants by their reasons."""

    held: set[str] = field(default_factory=set)
    settled: dict[str, int] = field(default_factory=dict)
    voided: set[str] = field(default_factory=set)
    ended: set[str] = field(default_factory=set)
    granted: set[str] = field(default_factory=set)
    asked: dict[str, int] = field(default_factory=dict)
    """What each run costs that was to be settled, with or without an answer."""
    doubled: list[str] = field(default_factory=list)
    """Runs of which not exactly one settlement was told to have done it."""


class Office:
    """Clerks who serve runs on one database until their work is done, or it is dark.

    `name` sets this office's runs apart from all others'.
    """

    def __init__(
        self,
        database: Database,
        promises: Promises,
        chance: random.Random,
        *,
        name: str,
        is_dark: Callable[[], bool],
    ) -> None:
        self._database = database
        self._promises = promises
        self._chance = chance
        self._name = name
        self._is_dark = is_dark
        self._ledger = Ledger(database.books, owner=f"office_{name}", clock=lambda: NOW)
        self._unsure: dict[str, int] = {}

    async def work(self) -> None:
        """Recover as a start does, serve, and write at the end what could not be written before.

        Raises StoreUnavailable when the database fails before the clerks are at work.
        """
        await self._set_up()
        await self._ledger.recover()
        await asyncio.gather(*(self._clerk(number) for number in range(CLERKS)))
        if not self._is_dark():
            await self._ledger.aclose()
            if not self._ledger.settling.owed:
                self._promises.settled.update(self._unsure)

    async def _set_up(self) -> None:
        await self._database.projects.ensure("default", id="proj_1", now=NOW)
        with contextlib.suppress(Conflict):  # an earlier office made it
            await self._database.keys.create(new_key(), granted=GRANTED)

    async def _clerk(self, number: int) -> None:
        for order in range(ORDERS):
            if self._is_dark():
                return
            with contextlib.suppress(StoreUnavailable):  # the power is off now, or a sync has failed
                await self._serve(f"run_{self._name}_{number}_{order}")

    async def _serve(self, run: str) -> None:
        books, chance, promises = self._database.books, self._chance, self._promises
        if chance.random() < 0.1:
            await self._database.accounts.grant("acct_1", 1000, reason=run, now=NOW)
            promises.granted.add(run)
        taken = await books.open_hold(open_hold(run, most=50_000, owner=f"office_{self._name}"))
        assert isinstance(taken, HoldTaken), taken
        promises.held.add(run)
        if chance.random() < 0.3:
            await books.extend_hold(ExtendHold(run, 0, 1, 1000, 20_000))
        kind = chance.random()
        if kind < 0.1:
            return  # its client reads on until somebody recovers
        if kind < 0.2:
            await self._ledger.settling.void(void(run))
            promises.voided.add(run)
        else:
            await self._settle(run, cost=chance.randint(1, 60_000))
        await self._ledger.end_run(run, status="completed")
        promises.ended.add(run)

    async def _settle(self, run: str, *, cost: int) -> None:
        """Settle, sometimes twice at once; exactly one of the two may have done it."""
        self._promises.asked[run] = self._unsure[run] = cost
        times = self._chance.choice((1, 1, 1, 2))
        orders = [self._ledger.settling.settle(settle(run, cost=cost)) for _ in range(times)]
        settlements = await asyncio.gather(*orders)
        if [settlement.already for settlement in settlements].count(False) != 1:
            self._promises.doubled.append(run)
        self._promises.settled[run] = self._unsure.pop(run)


async def audit(path: Path, promises: Promises) -> list[str]:
    """Open the books as the service does, recover, and name everything that is not as promised."""
    async with await Database.open(path) as database:
        await Ledger(database.books, owner="auditor", clock=lambda: NOW).recover()
        broken = await database.books.check(now=NOW, grace=0)
    with closing(sqlite3.connect(path)) as connection:
        found = [f"{each.name}: {each.detail}" for each in broken]
        found += [f"{run}: settled not exactly once" for run in promises.doubled]
        return found + _missing(connection, promises) + _wrong(connection, promises)


def _missing(connection: sqlite3.Connection, promises: Promises) -> list[str]:
    """Promises the books do not keep."""
    costs = dict(connection.execute("select run, cost from usage where not estimated"))
    states = dict(connection.execute("select run, state from holds"))
    ended = {run for (run,) in connection.execute("select id from runs where status = 'completed'")}
    grants = {reason for (reason,) in connection.execute("select reason from transfers where kind = 'grant'")}
    return [
        *(f"{run}: settlement lost" for run, cost in promises.settled.items() if costs.get(run) != cost),
        *(f"{run}: hold lost" for run in promises.held - states.keys()),
        *(f"{run}: void lost" for run in promises.voided if states.get(run) != "voided"),
        *(f"{run}: end lost" for run in promises.ended - ended),
        *(f"{reason}: grant lost" for reason in promises.granted - grants),
    ]


def _wrong(connection: sqlite3.Connection, promises: Promises) -> list[str]:
    """What the books have and should not."""
    paid = connection.execute("select run, cost from usage where not estimated").fetchall()
    (left,) = connection.execute(
        "select (select count(*) from holds where state = 'open')"
        " + (select count(*) from runs where status = 'running')"
        " + (select coalesce(sum(held), 0) from accounts)"
    ).fetchone()
    return [
        *(f"{run}: paid what nobody asked" for run, cost in paid if promises.asked.get(run) != cost),
        *([f"{left} left open after recovery"] if left else []),
        *(line for (line,) in connection.execute("pragma integrity_check") if line != "ok"),
        *(f"foreign key: {line}" for line in connection.execute("pragma foreign_key_check")),
    ]
