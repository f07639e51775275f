"""Whatever happens in whatever order, the books add up: checked against a model of a few lines."""

from __future__ import annotations

import asyncio
import tempfile
from itertools import count
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
from service.store.access_records import OPERATOR, AuditEvent
from service.store.account_records import AccountWish, Movement, Refill, spent_in
from service.store.database import Database
from service.store.periods import DAY, UNITS, day_ends
from service.store.ports import EndRun, ExtendHold, HoldRefused, HoldTaken, Settled
from service.store.sqlite import writing_connection
from service.store.writer import Connection
from specs.errors import Conflict, StoreUnavailable
from specs.usage import Usage
from tests.ledger.books_model import START, Model
from tests.support.fragile import Fragile
from tests.support.money import NOW, new_key, open_hold, paid, settle, void

amounts = st.integers(0, 1_000)
limits = st.none() | st.integers(0, 4_000)
refills = st.none() | st.builds(Refill, st.integers(1, 500), st.integers(1, 3), st.sampled_from(UNITS))
numbers = count()


def audit() -> AuditEvent:
    return AuditEvent(f"audit_{next(numbers)}", "account.updated", NOW, "acct_1", OPERATOR)


class Books(RuleBasedStateMachine):
    """One account with a key at a time; holds of one attempt each, their runs named by a number."""

    holds = Bundle("holds")

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.folder = tempfile.TemporaryDirectory()
        self.now = NOW
        self.processes = self.runs = self.keys = 0
        self.key_of: dict[str, str] = {}
        self.model = Model()
        self.start()
        self.wait(self.database.projects.ensure("default", id="proj_1", now=NOW))
        self.new_key(granted=START)

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

        self.fragile = Fragile(fast)
        self.database: Database = self.wait(Database.open(path, connect=self.fragile.connect))
        self.ledger: Ledger = self.runner.run(self._ledger())
        self.wait(self.ledger.recover())

    async def _ledger(self) -> Ledger:
        return Ledger(self.database.books, owner=f"process_{self.processes}", clock=lambda: self.now)

    def new_key(self, *, granted: int = 0, expires_at: int | None = None) -> None:
        self.keys += 1
        self.expires_at = expires_at
        key = new_key(f"key_{self.keys}", expires_at=expires_at)
        self.wait(self.database.keys.create(key, granted=granted))

    def teardown(self) -> None:
        self.wait(self.database.aclose())
        self.runner.close()
        self.folder.cleanup()

    async def _submit(self, method: str, order: Any) -> Any:
        return await getattr(self.database.books, method)(order)

    def order(self, run: str, least: int, more: int, *, key: int) -> Any:
        owner, lease = f"process_{self.processes}", self.now + LEASE_SECONDS
        return open_hold(
            run,
            least=least,
            most=least + more,
            key=f"key_{key}",
            owner=owner,
            lease_until=lease,
            now=self.now,
        )

    # Money in and out

    @rule(amount=st.integers(-500, 5_000).filter(bool))
    def grant(self, amount: int) -> None:
        allowed = self.model.available + amount >= 0
        try:
            self.wait(self.database.accounts.grant("acct_1", amount, reason="test", now=self.now))
        except Conflict:
            assert not allowed
        else:
            assert allowed
            self.model.granted += amount

    @rule(run=holds, amount=st.none() | st.integers(1, 500))
    def refund(self, run: str, amount: int | None) -> None:
        left = self.model.refundable(run)
        wanted = left if amount is None else amount
        why = Movement("refund", "operator", "test", run)
        try:
            self.wait(
                self.database.accounts.refund("acct_1", amount=amount, why=why, audit=audit(), now=self.now)
            )
        except Conflict:
            assert not 0 < wanted <= left
        else:
            assert 0 < wanted <= left
            self.model.refunded[run] += wanted
            self.model.granted += wanted

    @rule(day=limits, month=limits, credit=st.sampled_from([0, 0, 500, 2_000]), refill=refills)
    def configure(self, day: int | None, month: int | None, credit: int, refill: Refill | None) -> None:
        allowed = self.model.available - self.model.credit + credit >= 0
        wish = AccountWish(credit_limit=credit, day_limit=day, month_limit=month, refill=refill)
        try:
            self.wait(self.database.accounts.configure("acct_1", wish, audit=audit(), now=self.now))
        except Conflict:
            assert not allowed
        else:
            assert allowed
            self.model.credit = credit
            self.model.limits = {"day": day, "month": month}
            self.model.set_refill(refill, self.now)

    @rule(tries=st.integers(1, 3))
    def refill(self, tries: int) -> None:
        async def together() -> list[int]:
            return list(
                await asyncio.gather(*(self.database.accounts.refill_due(now=self.now) for _ in range(tries)))
            )

        assert sum(self.runner.run(together())) == self.model.refill_due(self.now)

    # Keys

    @rule()
    def revoke(self) -> None:
        self.wait(self.database.keys.revoke(f"key_{self.keys}", now=self.now))
        self.new_key()

    @rule(seconds=st.integers(1, 60))
    def expire(self, seconds: int) -> None:
        self.new_key(expires_at=self.now + seconds)

    @precondition(lambda self: self.keys > 1)
    @rule()
    def a_revoked_key_holds_nothing(self) -> None:
        self.wait(self.database.keys.revoke("key_1", now=self.now))
        taken = self.wait(self._submit("open_hold", self.order("run_0", 0, 1, key=1)))
        assert isinstance(taken, HoldRefused)
        assert taken.reason == "key"

    # Holds

    @rule(target=holds, least=amounts, more=amounts)
    def hold(self, least: int, more: int) -> Any:
        self.runs += 1
        run = f"run_{self.runs}"
        taken = self.wait(self._submit("open_hold", self.order(run, least, more, key=self.keys)))
        valid = self.expires_at is None or self.expires_at > self.now
        if not valid:
            assert isinstance(taken, HoldRefused)
            assert taken.reason == "key" or self.model.room(self.now) < least
            self.new_key()
            return multiple()
        held = self.model.take(run, least, least + more, self.now)
        assert taken.amount == held if isinstance(taken, HoldTaken) else held is None
        if held is None:
            return multiple()
        self.key_of[run] = f"key_{self.keys}"
        return run

    @rule(run=holds, least=amounts, more=amounts)
    def extend(self, run: str, least: int, more: int) -> None:
        wanted = self.model.grow(run, least, least + more, self.now)
        assert self.wait(self._submit("extend_hold", ExtendHold(run, 0, 1, least, least + more))) == wanted

    @rule(run=holds, cost=st.integers(0, 3_000), estimated=st.booleans())
    def settle(self, run: str, cost: int, estimated: bool) -> None:
        order = settle(run, cost=cost, usage=Usage(input=1, estimated=estimated), now=self.now)
        settled = self.wait(self._submit("settle", order))
        amount = self.model.open.pop(run, None)
        if amount is None:
            assert paid(settled) == Settled(already=True)
            return
        due = min(cost, amount) if estimated else cost
        charged = self.model.charge(run, due, self.now)
        assert paid(settled) == Settled(cost=due, charged=charged, overrun=due - charged)
        assert settled.left.available == self.model.available

    @rule(run=holds, cost=amounts, allowance=amounts)
    def fail(self, run: str, cost: int, allowance: int) -> None:
        key = self.key_of[run]
        order = settle(
            run, cost=cost, house_allowance=self.model.house_paid(key, self.now) + allowance, now=self.now
        )
        settled = self.wait(self._submit("settle", order))
        amount = self.model.open.pop(run, None)
        if amount is not None:
            house = min(cost, allowance)
            self.model.failures.append((self.now, key, house))
            charged = self.model.charge(run, cost - house, self.now)
            assert paid(settled) == Settled(cost, charged, house, cost - house - charged)

    @rule(run=holds)
    def void(self, run: str) -> None:
        assert self.wait(self._submit("void", void(run))) == (run in self.model.open)
        self.model.open.pop(run, None)

    @rule(run=consumes(holds))
    def resolve_and_end(self, run: str) -> None:
        self.void(run)
        self.wait(self._submit("end_run", EndRun(run, "completed", self.now)))

    # Time, and what goes wrong

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
        self.model.abandon(self.now)

    @precondition(lambda self: self.runs % 3 == 2)
    @rule(days=st.integers(1, 20))
    def days_pass(self, days: int) -> None:
        """It stands still until after some midnight."""
        self.now = day_ends(self.now) + (days - 1) * DAY
        self.wait(self.ledger.sweep())
        self.model.abandon(self.now)

    @precondition(lambda self: self.runs % 4 == 3)
    @rule()
    def crash(self) -> None:
        self.wait(self.database.aclose())
        self.start()
        self.model.abandon(self.now)

    @precondition(lambda self: self.model.open)
    @rule(statements=st.integers(0, 12), cost=amounts)
    def crash_while_settling(self, statements: int, cost: int) -> None:
        """It dies at one of the statements: all of the settlement is in the books, or nothing."""
        run = next(iter(self.model.open))
        if self.died(self._submit("settle", settle(run, cost=cost, now=self.now)), statements):
            self.model.open.pop(run)
            self.model.charge(run, cost, self.now)
        self.crash()

    @rule(statements=st.integers(0, 12), amount=amounts)
    def crash_while_holding(self, statements: int, amount: int) -> None:
        self.runs += 1
        run, key = f"run_{self.runs}", self.keys
        valid = self.expires_at is None or self.expires_at > self.now
        if self.died(self._submit("open_hold", self.order(run, amount, 0, key=key)), statements) and valid:
            self.model.take(run, amount, amount, self.now)
        self.crash()

    @rule(statements=st.integers(0, 12), amount=st.integers(1, 1_000))
    def crash_while_granting(self, statements: int, amount: int) -> None:
        grant = self.database.accounts.grant("acct_1", amount, reason="test", now=self.now)
        if self.died(grant, statements):
            self.model.granted += amount
        self.crash()

    def died(self, work: Any, statements: int) -> bool:
        """Do something that may die on the way; whether it is in the books all the same.

        The day is begun before, which would else be a commit of its own, or not, as the threads run.
        """
        self.wait(self._submit("open_hold", self.order("run_0", 0, 0, key=0)))
        self.fragile.arm(statements)
        try:
            self.wait(work)
        except StoreUnavailable:
            return self.fragile.committed
        return True

    @invariant()
    def the_books_add_up(self) -> None:
        model = self.model
        assert self.wait(self.database.books.check(now=self.now, grace=LEASE_SECONDS)) == []
        account = self.wait(self.database.accounts.get("acct_1"))
        assert (account.granted, account.settled) == (model.granted, model.settled)
        assert (account.held, account.available) == (model.held, model.available)
        for period, limit in model.limits.items():
            if limit is not None:
                assert spent_in(account, period, now=self.now) == model.spent(period, self.now)
        house = self.wait(self.database.usage.house())
        assert (house.overrun, house.failed, house.holds_open) == (
            model.overrun,
            model.failed,
            len(model.open),
        )


TestBooks = Books.TestCase
TestBooks.settings = settings(
    max_examples=40,
    stateful_step_count=30,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
