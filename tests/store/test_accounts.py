"""Accounts in the store: refills, spend limits, refunds, and who spends from them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from service.ids import new_id
from service.ledger.upkeep import low_to_event
from service.store.access_records import OPERATOR, AuditEvent
from service.store.account_records import AccountWish, Movement, Refill, spent_in
from service.store.database import Database
from service.store.periods import DAY, next_due
from service.store.ports import HoldRefused, HoldTaken, Settled
from service.store.records import Left
from specs.errors import Conflict, NotFound
from tests.support.money import NOW, new_key, open_hold, opened, settle
from tests.support.postgres import Where

pytestmark = pytest.mark.anyio
MIDNIGHT = NOW - NOW % DAY + DAY
REFUND = Movement("refund", "key_admin", "wrong answer", "run_1")


@pytest.fixture
async def database(where: Where) -> AsyncIterator[Database]:
    """A database whose key has 1,000 nano-dollars; the books are checked after each test."""
    async with opened(where, granted=1_000) as database:
        yield database
        assert await database.books.check(now=NOW, grace=30) == []


def audit() -> AuditEvent:
    return AuditEvent(new_id("audit"), "account.updated", NOW, "acct_1", OPERATOR)


async def wish(database: Database, *, now: int = NOW, **wishes: Any) -> None:
    await database.accounts.configure("acct_1", AccountWish(**wishes), audit=audit(), now=now)


async def held(database: Database, run: str, amount: int, *, now: int = NOW) -> HoldTaken | HoldRefused:
    return await database.books.open_hold(open_hold(run, least=amount, most=amount, now=now))


async def spend(database: Database, run: str, amount: int, *, now: int = NOW) -> Settled:
    assert isinstance(await held(database, run, amount, now=now), HoldTaken)
    return await database.books.settle(settle(run, cost=amount, now=now))


@pytest.mark.parametrize("period", ["day", "month"])
async def test_a_spend_limit_bounds_what_is_charged_and_held_in_its_period(
    database: Database, period: str
) -> None:
    await wish(database, **{f"{period}_limit": 100})
    await spend(database, "run_1", 60)
    assert isinstance(await held(database, "run_2", 40), HoldTaken)
    refused = await held(database, "run_3", 1)
    assert isinstance(refused, HoldRefused)
    assert (refused.reason, refused.available, refused.held, refused.limit) == (period, 0, 40, 100)
    assert refused.until > NOW


async def test_a_day_begins_at_midnight_for_whoever_comes_first(database: Database) -> None:
    await wish(database, day_limit=100)
    await spend(database, "run_1", 100, now=MIDNIGHT - 1)
    refused = await held(database, "run_2", 1, now=MIDNIGHT - 1)
    assert isinstance(refused, HoldRefused)
    assert refused.until == MIDNIGHT
    assert isinstance(await held(database, "run_3", 100, now=MIDNIGHT), HoldTaken)


async def test_a_call_that_ends_after_midnight_counts_for_the_day_it_ends_in(database: Database) -> None:
    await wish(database, day_limit=100)
    await held(database, "run_1", 100, now=MIDNIGHT - 1)
    await database.books.settle(settle("run_1", cost=70, now=MIDNIGHT + 1))
    account = await database.accounts.get("acct_1")
    assert account is not None
    assert spent_in(account, "day", now=MIDNIGHT + 1) == 70
    assert isinstance(await held(database, "run_2", 31, now=MIDNIGHT + 2), HoldRefused)


async def test_a_limit_counts_what_was_charged_before_it_was_set(database: Database) -> None:
    await spend(database, "run_1", 60)
    await wish(database, day_limit=100, month_limit=90)
    refused = await held(database, "run_2", 40)
    assert isinstance(refused, HoldRefused)
    assert refused.reason == "month"


async def test_the_balance_is_in_the_way_where_it_ends_before_the_limit(database: Database) -> None:
    await wish(database, day_limit=5_000)
    refused = await held(database, "run_1", 1_001)
    assert isinstance(refused, HoldRefused)
    assert (refused.reason, refused.available) == ("balance", 1_000)


async def test_credit_lets_an_account_pay_later(database: Database) -> None:
    await wish(database, credit_limit=500)
    await spend(database, "run_1", 1_500)
    with pytest.raises(Conflict):
        await wish(database, credit_limit=499)


async def test_a_refill_happens_once_in_its_period_whoever_tries(database: Database) -> None:
    await wish(database, refill=Refill(50, 1, "hour"))
    due = NOW + 3_600
    assert await database.accounts.refill_due(now=due - 1) == 0
    done = await asyncio.gather(*(database.accounts.refill_due(now=due) for _ in range(8)))
    assert sum(done) == 1
    account = await database.accounts.get("acct_1")
    assert account is not None
    assert (account.granted, account.refill_next) == (1_050, due + 3_600)


async def test_periods_that_passed_unseen_are_not_made_up_for(database: Database) -> None:
    await wish(database, refill=Refill(50, 1, "hour"))
    late = NOW + 10 * 3_600 + 5
    assert await database.accounts.refill_due(now=late) == 1
    account = await database.accounts.get("acct_1")
    assert account is not None
    assert (account.granted, account.refill_next) == (1_050, NOW + 11 * 3_600)


async def test_a_refill_that_is_due_comes_before_a_refusal(database: Database) -> None:
    await wish(database, refill=Refill(50, 1, "day"))
    assert isinstance(await held(database, "run_1", 1_020), HoldRefused)
    assert isinstance(await held(database, "run_1", 1_020, now=NOW + DAY), HoldTaken)
    assert isinstance(await held(database, "run_2", 31, now=NOW + DAY), HoldRefused)


@pytest.mark.parametrize(
    ("anchor", "now", "due"),
    [
        ("2027-01-31", "2027-01-31", "2027-02-28"),
        ("2027-01-31", "2027-02-28", "2027-03-31"),
        ("2027-11-30", "2028-02-29", "2028-03-30"),
        ("2027-12-15", "2029-06-20", "2029-07-15"),
    ],
)
def test_months_keep_the_day_of_the_first(anchor: str, now: str, due: str) -> None:
    from datetime import datetime

    def moment(day: str) -> int:
        return int(datetime.fromisoformat(f"{day}T00:00:00+00:00").timestamp())

    assert next_due(moment(anchor), 1, "month", now=moment(now)) == moment(due)


async def test_a_refund_gives_back_at_most_what_was_charged(database: Database) -> None:
    await spend(database, "run_1", 80)
    part = await database.accounts.refund("acct_1", amount=30, why=REFUND, audit=audit(), now=NOW)
    rest = await database.accounts.refund("acct_1", amount=None, why=REFUND, audit=audit(), now=NOW)
    assert (part.available, rest.available) == (950, 1_000)
    with pytest.raises(Conflict):
        await database.accounts.refund("acct_1", amount=1, why=REFUND, audit=audit(), now=NOW)


async def test_a_key_that_moved_spends_from_its_new_account(database: Database) -> None:
    await database.keys.create(new_key("key_2", account="acct_2"), granted=10)
    await database.accounts.assign_key("acct_2", "key_1", audit=audit())
    assert isinstance(await held(database, "run_1", 11), HoldRefused)
    assert isinstance(await held(database, "run_2", 10), HoldTaken)
    account = await database.accounts.get("acct_2")
    assert account is not None
    assert account.held == 10
    assert [key.id for key in await database.accounts.keys("acct_2")] == ["key_1", "key_2"]


async def test_a_key_of_another_project_is_unknown_to_an_account(database: Database) -> None:
    await database.projects.ensure("tools", id="proj_2", now=NOW)
    await database.keys.create(new_key("key_2", account="acct_2", project="proj_2"))
    with pytest.raises(NotFound):
        await database.accounts.assign_key("acct_1", "key_2", audit=audit())


async def test_a_low_balance_is_noted_once_until_it_no_longer_is(database: Database) -> None:
    await wish(database, low_balance=500)
    assert (await spend(database, "run_1", 500)).left == Left("acct_1", 500)
    assert (await spend(database, "run_2", 1)).left == Left("acct_1", 499, low=True, warn=True)
    noted = await database.accounts.note_low("acct_1", audit=low_to_event, now=NOW)
    assert noted is not None
    assert (noted.available, noted.threshold) == (499, 500)
    assert await database.accounts.note_low("acct_1", audit=low_to_event, now=NOW) is None
    assert (await spend(database, "run_3", 1)).left == Left("acct_1", 498, low=True)
    await database.accounts.grant("acct_1", 2, reason="test", now=NOW)
    assert (await spend(database, "run_4", 1)).left == Left("acct_1", 499, low=True, warn=True)


async def test_many_services_refill_once_and_begin_the_day_once(where: Where) -> None:
    """Each with connections of its own, as processes have them."""
    async with opened(where, granted=1_000) as first, opened(where) as second, opened(where) as third:
        services = (first, second, third)
        await wish(first, refill=Refill(50, 1, "day"), day_limit=100)
        await spend(first, "run_1", 100)
        due = NOW + DAY
        done = await asyncio.gather(*(each.accounts.refill_due(now=due) for each in services))
        taken = [await held(each, f"run_day_{number}", 40, now=due) for number, each in enumerate(services)]
        account = await second.accounts.get("acct_1")
        assert account is not None
        assert (sum(done), account.granted) == (1, 1_050)
        assert [type(each) for each in taken] == [HoldTaken, HoldTaken, HoldRefused]
