"""Holding, growing, settling: the ledger on a real database."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Awaitable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from msgspec import Raw, structs
from structlog.testing import capture_logs

from service.ledger.holds import Hold, Ledger, Settlement
from service.store.database import Database
from service.store.records import Left
from specs.errors import BalanceOnHold, BudgetExhausted, InsufficientQuota, InvalidKey, StoreUnavailable
from specs.prices import Price, Rates
from specs.usage import Usage
from tests.support.money import NOW, PLAIN_PRICE, PROFILE, opened, request, terms
from tests.support.postgres import Where

pytestmark = pytest.mark.anyio
INPUT_BOUND = 11 + 16
"""Tokens the request is held for: its bytes and one envelope."""


def price_of(input_tokens: int, output_tokens: int) -> int:
    return 2_000 * input_tokens + 8_000 * output_tokens


HELD = price_of(INPUT_BOUND, 1_000)


class Bank:
    """A ledger, its database, and a clock that is set by hand."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.now = NOW
        self.settlements: list[Settlement] = []
        self.ledger = Ledger(
            database.books,
            owner="process_1",
            clock=lambda: self.now,
            house_allowance=10**9,
            on_settled=self.settlements.append,
        )

    async def fund(self, amount: int) -> None:
        await self.database.accounts.grant("acct_1", amount, reason="gift", now=NOW)

    async def hold(
        self, run: str = "run_1", *, cap: int | None = 1_000, text: str = "Hello, you!", **changes: Any
    ) -> Hold:
        changes.setdefault("cap_given", cap is not None)
        return await self.ledger.hold(terms(run, **changes), request(text, max_output_tokens=cap))

    async def balance(self) -> tuple[int, int, int | None]:
        account = await self.database.accounts.get("acct_1")
        assert account is not None
        return account.settled, account.held, account.available


@pytest.fixture
async def bank(where: Where) -> AsyncIterator[Bank]:
    """An empty account; the books are checked after each test."""
    async with opened(where) as database:
        bank = Bank(database)
        yield bank
        await bank.ledger.aclose()
        assert await database.books.check(now=bank.now, grace=60) == []


def settle(hold: Hold, usage: Usage | None, *, text: str = "", failed: bool = False) -> Awaitable[Settlement]:
    return hold.settle(usage, output_text=lambda: text, failed=failed)


# Holding


async def test_a_hold_is_for_the_bytes_in_and_the_cap_out(bank: Bank) -> None:
    await bank.fund(HELD)
    hold = await bank.hold()
    assert hold.amount == HELD
    assert not hold.lowered
    assert hold.request.settings.max_output_tokens == 1_000
    assert await bank.balance() == (0, HELD, 0)
    await hold.void()


async def test_a_thin_balance_lowers_the_cap_to_what_it_pays_for(bank: Bank) -> None:
    await bank.fund(price_of(INPUT_BOUND, 400) + 7_999)
    hold = await bank.hold()
    assert hold.lowered_by == "balance"
    assert hold.request.settings.max_output_tokens == 400
    await hold.void()


@pytest.mark.parametrize(("minimum", "lowest"), [(256, 256), (100, 100)])
async def test_a_cap_is_lowered_no_further_than_the_least(bank: Bank, minimum: int, lowest: int) -> None:
    await bank.fund(price_of(INPUT_BOUND, lowest))
    hold = await bank.hold(min_output_tokens=minimum)
    assert hold.request.settings.max_output_tokens == lowest
    await hold.void()


async def test_what_cannot_pay_for_the_least_is_refused(bank: Bank) -> None:
    await bank.fund(price_of(1, 256))
    with pytest.raises(InsufficientQuota, match=r'Key "ci" has \$0\.0021 available') as refused:
        await bank.hold()
    assert f"({INPUT_BOUND:,} input, up to 1,000 output tokens)" in refused.value.message


async def test_where_bytes_are_not_affordable_tokens_are_counted(bank: Bank) -> None:
    text = "hello world " * 100
    tokens = 201
    await bank.fund(price_of(tokens + 16, 256))
    hold = await bank.hold(text=text)
    assert hold.request.settings.max_output_tokens == 256
    await hold.void()
    await bank.database.accounts.grant("acct_1", -1, reason="one less", now=NOW)
    with pytest.raises(InsufficientQuota, match=f"{tokens + 16} input"):
        await bank.hold("run_2", text=text)


async def test_a_shortage_that_other_holds_cause_is_on_hold(bank: Bank) -> None:
    await bank.fund(HELD)
    hold = await bank.hold("run_1")
    with pytest.raises(BalanceOnHold) as refused:
        await bank.hold("run_2")
    assert refused.value.retry_after == 1
    await hold.void()


async def test_an_agents_limit_lowers_the_cap_and_then_ends_the_run(bank: Bank) -> None:
    await bank.fund(10**9)
    hold = await bank.hold(max_cost=price_of(INPUT_BOUND, 300))
    assert hold.lowered_by == "limit"
    assert hold.request.settings.max_output_tokens == 300
    with pytest.raises(BudgetExhausted):
        await bank.hold("run_2", max_cost=price_of(1, 255))
    await hold.void()


async def test_a_thinking_budget_raises_the_least(bank: Bank) -> None:
    counted = 4 + 16
    await bank.fund(price_of(counted, 1_256) - 1)
    wanted = request(max_output_tokens=4_000, thinking_budget=1_000)
    with pytest.raises(InsufficientQuota):
        await bank.ledger.hold(terms(), wanted)
    await bank.fund(1)
    hold = await bank.ledger.hold(terms(), wanted)
    assert hold.request.settings.max_output_tokens == 1_256
    await hold.void()


async def test_a_revoked_key_holds_nothing(bank: Bank) -> None:
    await bank.fund(HELD)
    await bank.database.keys.revoke("key_1", now=NOW)
    with pytest.raises(InvalidKey):
        await bank.hold()


async def test_a_free_model_is_held_and_settled_at_nothing(bank: Bank) -> None:
    free = Price("local", "llama", Rates(input=Decimal(0), output=Decimal(0)))
    hold = await bank.hold(cap=None, price=free)
    assert (hold.amount, hold.request.settings.max_output_tokens) == (0, None)
    assert not hold.saw(10**9)
    assert (await settle(hold, Usage(input=5, output=5))).cost == 0


async def test_exactly_as_many_hold_as_the_balance_pays_for(bank: Bank) -> None:
    await bank.fund(10 * HELD)
    runs = (bank.hold(f"run_{number}", min_output_tokens=1_000) for number in range(256))
    found = await asyncio.gather(*runs, return_exceptions=True)
    holds = [hold for hold in found if isinstance(hold, Hold)]
    assert len(holds) == 10
    assert {type(refused) for refused in found if not isinstance(refused, Hold)} == {BalanceOnHold}
    assert await bank.balance() == (0, 10 * HELD, 0)
    await asyncio.gather(*(settle(hold, Usage(input=20, output=100)) for hold in holds))
    assert await bank.balance() == (10 * price_of(20, 100), 0, 10 * (HELD - price_of(20, 100)))


async def test_a_caller_who_leaves_while_it_is_held_leaves_no_hold(bank: Bank) -> None:
    await bank.fund(HELD)
    task = asyncio.create_task(bank.hold())
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await bank.ledger.end_run("run_1", status="cancelled")
    assert await bank.balance() == (0, 0, HELD)


# Growing


async def test_without_a_cap_none_is_imposed(bank: Bank) -> None:
    await bank.fund(10**9)
    hold = await bank.hold(cap=None)
    assert hold.request.settings.max_output_tokens is None
    assert hold.amount == price_of(INPUT_BOUND, 16_384)
    await hold.void()


async def test_without_a_cap_the_balance_still_sets_one(bank: Bank) -> None:
    await bank.fund(price_of(INPUT_BOUND, 5_000))
    hold = await bank.hold(cap=None)
    assert hold.request.settings.max_output_tokens == 5_000
    assert not hold.saw(10**9)
    await hold.void()


async def test_a_hold_grows_with_its_stream_and_is_refused_at_the_end(bank: Bank) -> None:
    await bank.fund(price_of(INPUT_BOUND, 16_384 + 8_192 + 1_500))
    hold = await bank.hold(cap=None)
    assert not hold.saw(2 * (16_384 - 1_024))
    assert hold.saw(1)
    assert await hold.extend()
    assert hold.amount == price_of(INPUT_BOUND, 16_384 + 8_192)
    assert not hold.saw(2 * 8_192 - 1)
    assert hold.saw(1)
    assert await hold.extend()
    assert await bank.balance() == (0, hold.amount, 0)
    assert not await hold.extend()
    assert (await settle(hold, Usage(input=20, output=26_000))).charged == price_of(20, 26_000)


async def test_a_hold_does_not_grow_beyond_the_models_longest_answer(bank: Bank) -> None:
    await bank.fund(10**9)
    hold = await bank.hold(cap=None, profile=structs.replace(PROFILE, max_output_tokens=8_000))
    assert hold.amount == price_of(INPUT_BOUND, 8_000)
    assert not hold.saw(10**9)
    await hold.void()


async def test_a_hold_does_not_grow_beyond_its_agents_limit(bank: Bank) -> None:
    await bank.fund(10**9)
    hold = await bank.hold(cap=None, max_cost=price_of(INPUT_BOUND, 16_384 + 1_023))
    assert not await hold.extend()
    await hold.void()


# Settling


async def test_a_settlement_charges_what_was_reported(bank: Bank) -> None:
    await bank.fund(HELD)
    hold = await bank.hold()
    usage = Usage(input=12, output=34)
    settlement = await settle(hold, usage)
    due = price_of(12, 34)
    assert settlement == Settlement(usage, due, charged=due, left=Left("acct_1", HELD - due))
    assert bank.settlements == [settlement]
    assert await bank.balance() == (price_of(12, 34), 0, HELD - price_of(12, 34))


async def test_settling_twice_charges_once(bank: Bank) -> None:
    await bank.fund(HELD)
    hold = await bank.hold()
    first = settle(hold, Usage(input=12, output=34))
    second = settle(hold, Usage(input=99, output=99))
    assert (await first).already is False
    assert (await second).already is True
    assert not await hold.void()
    assert len(await bank.database.usage.list()) == 1


async def test_the_rates_of_the_tier_that_was_met_are_charged_and_kept(bank: Bank) -> None:
    await bank.fund(10**9)
    dear = Rates(input=Decimal(4), output=Decimal(16))
    hold = await bank.hold(price=structs.replace(PLAIN_PRICE, tiers=((100, dear),)))
    settlement = await settle(hold, Usage(input=101, output=1))
    assert settlement.cost == 101 * 4_000 + 16_000
    (record,) = await bank.database.usage.list()
    assert record.rates == '{"input":"4","output":"16"}'


@pytest.mark.parametrize(
    ("usage", "output"),
    [(None, 2), (Usage(), 2), (Usage(input=12), 2), (Usage(output=9), 9), (Usage(output=0), 0)],
)
async def test_what_was_not_reported_is_counted_and_marked(
    bank: Bank, usage: Usage | None, output: int
) -> None:
    await bank.fund(HELD)
    settlement = await settle(await bank.hold(), usage, text="hello world")
    known = usage.input if usage else None
    assert settlement.usage == Usage(input=known or 4 + 4, output=output, estimated=True)
    (record,) = await bank.database.usage.list()
    assert record.usage == settlement.usage


async def test_an_estimate_never_costs_more_than_the_hold(bank: Bank) -> None:
    await bank.fund(10**9)
    hold = await bank.hold(cap=10)
    settlement = await settle(hold, None, text="word " * 5_000)
    assert settlement.cost == hold.amount == price_of(INPUT_BOUND, 10)


async def test_a_failed_attempt_without_a_report_costs_nothing(bank: Bank) -> None:
    await bank.fund(HELD)
    settlement = await settle(await bank.hold(), None, text="half an answer", failed=True)
    assert settlement == Settlement(Usage())
    assert await bank.balance() == (0, 0, HELD)
    assert await bank.database.usage.list() == []


async def test_a_failed_attempt_with_a_report_is_paid_by_the_house(bank: Bank) -> None:
    await bank.fund(HELD)
    settlement = await settle(await bank.hold(), Usage(input=12), failed=True)
    assert (settlement.cost, settlement.charged, settlement.failed) == (24_000, 0, 24_000)
    assert await bank.balance() == (0, 0, HELD)


async def test_an_overrun_is_an_alarm(bank: Bank) -> None:
    await bank.fund(HELD)
    hold = await bank.hold()
    with capture_logs() as logs:
        settlement = await settle(hold, Usage(input=12, output=2_000))
    assert (settlement.charged, settlement.overrun) == (HELD, price_of(12, 2_000) - HELD)
    assert [entry["event"] for entry in logs] == ["ledger_overrun"]
    assert await bank.balance() == (HELD, 0, 0)


@pytest.mark.parametrize(
    ("reported", "charged"),
    [
        (Usage(input=10, cache_read=11, output=1), Usage(input=10, cache_read=10, output=1)),
        (Usage(input=-5, output=1), Usage(input=0, output=1)),
        (Usage(input=10**30, output=1), Usage(input=10**12, output=1)),
    ],
)
async def test_numbers_that_cannot_be_right_are_an_alarm(bank: Bank, reported: Usage, charged: Usage) -> None:
    await bank.fund(HELD)
    hold = await bank.hold()
    with capture_logs() as logs:
        settlement = await settle(hold, reported)
    assert settlement.usage == charged
    assert "ledger_usage_mismatch" in {entry["event"] for entry in logs}


async def test_units_without_a_price_are_an_alarm(bank: Bank) -> None:
    await bank.fund(HELD)
    hold = await bank.hold()
    with capture_logs() as logs:
        await settle(hold, Usage(input=1, output=1, units={"searches": 2}))
    assert [(entry["event"], entry["units"]) for entry in logs] == [("ledger_unit_unpriced", ["searches"])]


async def test_the_providers_own_usage_is_kept(bank: Bank) -> None:
    await bank.fund(HELD)
    hold = await bank.hold()
    raw = Raw(b'{"prompt_tokens":1}')
    await hold.settle(Usage(input=1, output=0), output_text=str, failed=False, raw=raw)
    found = await bank.database.writer.submit(lambda c: c.execute("select raw from usage").fetchall())
    assert found == [('{"prompt_tokens":1}',)]


async def test_a_settlement_is_written_though_its_caller_leaves(bank: Bank) -> None:
    await bank.fund(HELD)
    hold = await bank.hold()

    async def leave() -> None:
        await settle(hold, None, text="hello world")

    task = asyncio.create_task(leave())
    await asyncio.sleep(0)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    await bank.ledger.aclose()
    assert len(await bank.database.usage.list()) == 1


# When the database fails, and when a process dies


class Shut:
    """Keeps the database from being written."""

    def __init__(self, path: Path) -> None:
        self._connection = sqlite3.connect(path, isolation_level=None)
        self._connection.execute("begin immediate")

    def open(self) -> None:
        self._connection.execute("rollback")
        self._connection.close()


@pytest.fixture
async def brief(tmp_path: Path) -> AsyncIterator[Bank]:
    """A bank that does not wait long for a locked database."""
    async with opened(tmp_path / "books.db", granted=10 * HELD, busy_seconds=0.02) as database:
        bank = Bank(database)
        yield bank
        assert await database.books.check(now=bank.now, grace=60) == []


async def test_a_locked_database_holds_nothing(brief: Bank, tmp_path: Path) -> None:
    shut = Shut(tmp_path / "books.db")
    with pytest.raises(StoreUnavailable):
        await brief.hold()
    shut.open()
    await brief.ledger.tick()
    assert await brief.balance() == (0, 0, 10 * HELD)


async def test_a_settlement_the_database_refused_is_made_up_for(brief: Bank, tmp_path: Path) -> None:
    hold = await brief.hold()
    shut = Shut(tmp_path / "books.db")
    settled, ended = (
        settle(hold, Usage(input=12, output=34)),
        brief.ledger.end_run("run_1", status="completed"),
    )
    for future in (settled, ended):
        with pytest.raises(StoreUnavailable):
            await future
    assert brief.ledger.settling.owed == 2
    with pytest.raises(StoreUnavailable):
        await brief.ledger.tick()
    shut.open()
    await brief.ledger.tick()
    assert brief.ledger.settling.owed == 0
    assert await brief.balance() == (price_of(12, 34), 0, 10 * HELD - price_of(12, 34))
    assert [settlement.cost for settlement in brief.settlements] == [price_of(12, 34)]


async def test_what_the_last_process_left_is_settled_at_start(bank: Bank) -> None:
    await bank.fund(HELD)
    await bank.hold()
    later = Ledger(bank.database.books, owner="process_2", clock=lambda: NOW + 1)
    assert await later.recover() == 1
    guess = 3 + 4  # a quarter of the bytes, and an envelope
    (record,) = await bank.database.usage.list()
    assert (record.cost, record.usage) == (price_of(guess, 0), Usage(input=guess, estimated=True))
    assert await bank.balance() == (price_of(guess, 0), 0, HELD - price_of(guess, 0))
    assert not await bank.ledger.end_run("run_1", status="completed")


async def test_a_round_keeps_our_runs_alive_and_sweeps_the_others(bank: Bank) -> None:
    await bank.fund(2 * HELD)
    ours = await bank.hold("run_1")
    other = Ledger(bank.database.books, owner="process_2", clock=lambda: NOW)
    await other.hold(terms("run_2"), request(max_output_tokens=1_000))
    bank.now = NOW + 40
    await bank.ledger.tick()
    bank.now = NOW + 50
    await bank.ledger.tick()
    assert [record.run for record in await bank.database.usage.list()] == ["run_2"]
    assert (await settle(ours, Usage(input=1, output=1))).already is False


async def test_a_settlement_after_the_sweep_changes_nothing(bank: Bank) -> None:
    await bank.fund(HELD)
    hold = await bank.hold()
    bank.now = NOW + 46
    assert await bank.ledger.sweep() == 1
    assert (await settle(hold, Usage(input=1, output=1))).already
    with pytest.raises(Exception, match="ended by another process"):
        await bank.hold(attempt=2)
