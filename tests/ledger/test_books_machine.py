"""Whatever happens in whatever order, the books add up: checked against a model of a few lines."""

from __future__ import annotations

import asyncio
import tempfile
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    invariant,
    multiple,
    precondition,
    rule,
)

from service.ledger.holds import LEASE_SECONDS, Ledger
from service.store.database import Database
from service.store.ports import EndRun, ExtendHold, HoldTaken, Settled
from service.store.sqlite import writing_connection
from service.store.writer import Connection
from specs.errors import Conflict
from specs.usage import Usage
from tests.support.money import NOW, new_key, open_hold, paid, settle, void

amounts = st.integers(0, 1_000)
START = 3_000
ESTIMATE = 5 * 2_000
"""What an abandoned hold's input of five tokens costs at its rates; cut to the hold."""


class Books(RuleBasedStateMachine):
    """One account; holds of one attempt each, their runs named by a number."""

    holds = Bundle("holds")

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.folder = tempfile.TemporaryDirectory()
        self.now = NOW
        self.processes = 0
        self.runs = 0
        self.granted, self.settled, self.overrun, self.failed = START, 0, 0, 0
        self.open: dict[str, int] = {}
        self.start()
        project = self.database.projects.ensure("default", id="proj_1", now=NOW)
        self.wait(project)
        self.wait(self.database.keys.create(new_key(), granted=START))

    def wait(self, work: Any) -> Any:
        async def waited() -> Any:
            return await work

        return self.runner.run(waited())

    def start(self) -> None:
        """A process begins: it opens the database and cleans up after the last one."""
        path = Path(self.folder.name) / "books.db"
        self.processes += 1

        def fast() -> Connection:
            connection = writing_connection(path)()
            connection.execute("pragma synchronous = off")
            return connection

        self.database: Database = self.wait(Database.open(path, connect=fast))
        self.ledger: Ledger = self.runner.run(self._ledger())
        self.wait(self.ledger.recover())

    async def _ledger(self) -> Ledger:
        return Ledger(self.database.books, owner=f"process_{self.processes}", clock=lambda: self.now)

    def teardown(self) -> None:
        self.wait(self.database.aclose())
        self.runner.close()
        self.folder.cleanup()

    @property
    def available(self) -> int:
        return self.granted - self.settled - sum(self.open.values())

    def charge(self, due: int) -> int:
        """Charge for a hold that has just left the open ones, so that `available` counts it."""
        charged = min(due, self.available)
        self.settled += charged
        self.overrun += due - charged
        return charged

    def abandon(self) -> None:
        for amount in self.open.values():
            self.settled += min(amount, ESTIMATE)
        self.open = {}

    @rule(amount=st.integers(-500, 5_000).filter(bool))
    def grant(self, amount: int) -> None:
        allowed = self.available + amount >= 0
        try:
            self.wait(self.database.accounts.grant("acct_1", amount, reason="test", now=self.now))
        except Conflict:
            assert not allowed
        else:
            assert allowed
            self.granted += amount

    @rule(target=holds, least=amounts, more=amounts)
    def hold(self, least: int, more: int) -> Any:
        self.runs += 1
        run, most, available = f"run_{self.runs}", least + more, self.available
        owner, lease = f"process_{self.processes}", self.now + LEASE_SECONDS
        order = open_hold(run, least=least, most=most, owner=owner, lease_until=lease, now=self.now)
        taken = self.wait(self._submit("open_hold", order))
        assert isinstance(taken, HoldTaken) == (available >= least)
        if not isinstance(taken, HoldTaken):
            return multiple()
        assert taken.amount == min(most, available)
        self.open[run] = taken.amount
        return run

    async def _submit(self, method: str, order: Any) -> Any:
        return await getattr(self.database.books, method)(order)

    @rule(run=holds, least=amounts, more=amounts)
    def extend(self, run: str, least: int, more: int) -> None:
        wanted = min(least + more, self.available) if self.available >= least and run in self.open else 0
        assert self.wait(self._submit("extend_hold", ExtendHold(run, 0, 1, least, least + more))) == wanted
        if run in self.open:
            self.open[run] += wanted

    @rule(run=holds, cost=st.integers(0, 3_000), estimated=st.booleans())
    def settle(self, run: str, cost: int, estimated: bool) -> None:
        order = settle(run, cost=cost, usage=Usage(input=1, estimated=estimated), now=self.now)
        settled = self.wait(self._submit("settle", order))
        amount = self.open.pop(run, None)
        if amount is None:
            assert paid(settled) == Settled(already=True)
            return
        due = min(cost, amount) if estimated else cost
        charged = self.charge(due)
        assert paid(settled) == Settled(cost=due, charged=charged, overrun=due - charged)

    @rule(run=holds, cost=amounts, allowance=amounts)
    def fail(self, run: str, cost: int, allowance: int) -> None:
        order = settle(run, cost=cost, house_allowance=self.failed + allowance, now=self.now)
        settled = self.wait(self._submit("settle", order))
        amount = self.open.pop(run, None)
        if amount is not None:
            house = min(cost, allowance)
            self.failed += house
            charged = self.charge(cost - house)
            assert paid(settled) == Settled(cost, charged, house, cost - house - charged)

    @rule(run=holds)
    def void(self, run: str) -> None:
        assert self.wait(self._submit("void", void(run))) == (run in self.open)
        self.open.pop(run, None)

    @rule(run=consumes(holds))
    def resolve_and_end(self, run: str) -> None:
        self.void(run)
        self.wait(self._submit("end_run", EndRun(run, "completed", self.now)))

    @rule(seconds=st.integers(1, 30))
    def time_passes(self, seconds: int) -> None:
        self.now += seconds
        self.wait(self.ledger.tick())

    @precondition(lambda self: self.runs % 4 == 1)
    @rule()
    def hang(self) -> None:
        """The process stands still until its runs have expired, and is swept by itself."""
        self.now += 2 * LEASE_SECONDS
        self.wait(self.ledger.sweep())
        self.abandon()

    @precondition(lambda self: self.runs % 4 == 3)
    @rule()
    def crash(self) -> None:
        self.wait(self.database.aclose())
        self.start()
        self.abandon()

    @invariant()
    def the_books_add_up(self) -> None:
        assert self.wait(self.database.books.check(now=self.now, grace=LEASE_SECONDS)) == []
        account = self.wait(self.database.accounts.get("acct_1"))
        assert (account.granted, account.settled) == (self.granted, self.settled)
        assert (account.held, account.available) == (sum(self.open.values()), self.available)
        house = self.wait(self.database.usage.house())
        assert (house.overrun, house.failed, house.holds_open) == (self.overrun, self.failed, len(self.open))


TestBooks = Books.TestCase
TestBooks.settings = settings(
    max_examples=40,
    stateful_step_count=30,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
