"""What every implementation of the ports does, on each kind of database."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from msgspec import structs

from service.store.database import Database
from service.store.ports import AbandonedHold, Account, EndRun, ExtendHold, HoldRefused, HoldTaken, Settled
from service.store.writer import row
from specs.errors import Conflict, NotFound
from specs.usage import Usage
from tests.support.money import NOW, new_key, open_hold, opened, paid, settle, void
from tests.support.postgres import Where, fresh_database

pytestmark = pytest.mark.anyio


@pytest.fixture
async def database(where: Where) -> AsyncIterator[Database]:
    """A fresh database whose key has 1,000 nano-dollars; the books are checked after each test."""
    async with opened(where, granted=1_000) as database:
        yield database
        assert await database.books.check(now=NOW, grace=30) == []


@pytest.fixture(params=["sqlite", "postgresql"])
def nowhere(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Where]:
    """Where nothing was ever opened."""
    if request.param == "sqlite":
        yield tmp_path / "new" / "books.db"
    else:
        with fresh_database(empty=True) as address:
            yield address


async def balance(database: Database) -> tuple[int, int, int | None]:
    account = await database.accounts.get("acct_1")
    assert account is not None
    return account.settled, account.held, account.available


# Projects


async def test_a_project_is_made_once(database: Database) -> None:
    first = await database.projects.ensure("tools", id="proj_2", now=NOW)
    again = await database.projects.ensure("tools", id="proj_3", now=NOW + 1)
    assert first == again
    assert await database.projects.named("tools") == first
    assert [project.name for project in await database.projects.list()] == ["default", "tools"]


async def test_an_absent_project_is_none(database: Database) -> None:
    assert await database.projects.named("nowhere") is None


# Keys


async def test_a_key_is_found_by_its_digest_and_by_its_id(database: Database) -> None:
    wanted = new_key("key_2", agents=("agent_demo",), expires_at=NOW + 5, account="acct_2")
    made = await database.keys.create(wanted)
    assert made == await database.keys.find_by_digest(wanted.digest) == await database.keys.get("key_2")
    assert (made.project_name, made.scopes, made.agents) == ("default", wanted.scopes, ("agent_demo",))
    assert made.valid(NOW)
    assert not made.valid(NOW + 5)


async def test_an_unknown_key_is_none(database: Database) -> None:
    assert await database.keys.find_by_digest(b"?" * 32) is None
    assert await database.keys.get("key_9") is None


async def test_a_taken_digest_is_a_conflict_and_makes_no_account(database: Database) -> None:
    twin = new_key("key_2", digest=new_key().digest, account="acct_2")
    with pytest.raises(Conflict):
        await database.keys.create(twin, granted=7)
    assert await database.accounts.get("acct_2") is None


async def test_a_revoked_key_stays_revoked(database: Database) -> None:
    assert await database.keys.revoke("key_1", now=NOW + 1)
    assert await database.keys.revoke("key_1", now=NOW + 9)
    found = await database.keys.find_by_digest(new_key().digest)
    assert found is not None
    assert found.revoked_at == NOW + 1
    assert not found.valid(NOW + 2)
    assert not await database.keys.revoke("key_9", now=NOW)


async def test_keys_are_listed_by_project_with_their_latest_use(database: Database) -> None:
    await database.projects.ensure("tools", id="proj_2", now=NOW)
    await database.keys.create(new_key("key_2", project="proj_2", account="acct_2", created_at=NOW + 1))
    await database.keys.note_used({"key_1": NOW + 3})
    await database.keys.note_used({"key_1": NOW + 2})
    every = await database.keys.list()
    assert [(key.id, key.last_used_at) for key in every] == [("key_1", NOW + 3), ("key_2", None)]
    assert [key.id for key in await database.keys.list(project="proj_2")] == ["key_2"]


async def test_any_key_counts_as_existing(database: Database, nowhere: Where) -> None:
    assert await database.keys.any_exists()
    async with await Database.open(nowhere) as other:
        assert not await other.keys.any_exists()


async def test_keys_may_share_an_account(database: Database) -> None:
    await database.keys.create(new_key("key_2"), granted=5)
    account = await database.accounts.get("acct_1")
    assert account is not None
    assert account.granted == 1_005


# Accounts


async def test_a_grant_adds_to_what_is_available(database: Database) -> None:
    account = await database.accounts.grant("acct_1", 500, reason="gift", now=NOW)
    assert (account.granted, account.available) == (1_500, 1_500)


async def test_no_more_is_taken_back_than_is_available(database: Database) -> None:
    await database.books.open_hold(open_hold(most=400))
    assert (await database.accounts.grant("acct_1", -600, reason="mistake", now=NOW)).available == 0
    with pytest.raises(Conflict):
        await database.accounts.grant("acct_1", -1, reason="mistake", now=NOW)


async def test_an_unknown_account_is_not_found(database: Database) -> None:
    assert await database.accounts.get("acct_9") is None
    with pytest.raises(NotFound):
        await database.accounts.grant("acct_9", 1, reason="gift", now=NOW)


async def test_an_unlimited_account_has_no_available_but_is_held_and_charged(database: Database) -> None:
    await database.keys.create(new_key("key_2", account="acct_2"), unlimited=True)
    order = open_hold(most=10**15, key="key_2", account="acct_2")
    assert await database.books.open_hold(order) == HoldTaken(10**15)
    await database.books.settle(settle(cost=10**15))
    account = (await database.accounts.list())[1]
    assert (account.unlimited, account.available, account.settled) == (True, None, 10**15)


# Holds


async def test_a_hold_takes_the_most_where_that_is_available(database: Database) -> None:
    assert await database.books.open_hold(open_hold(least=1, most=600)) == HoldTaken(600)
    assert await balance(database) == (0, 600, 400)


async def test_a_hold_takes_what_there_is_above_the_least(database: Database) -> None:
    assert await database.books.open_hold(open_hold(least=1_000, most=1_001)) == HoldTaken(1_000)


async def test_a_hold_below_the_least_is_refused_with_the_reason(database: Database) -> None:
    await database.books.open_hold(open_hold("run_1", most=700))
    refused = await database.books.open_hold(open_hold("run_2", least=301, most=400))
    assert refused == HoldRefused("balance", available=300, held=700)
    assert await balance(database) == (0, 700, 300)


async def test_an_unknown_key_holds_nothing(database: Database) -> None:
    refused = await database.books.open_hold(open_hold(most=1, key="key_9"))
    assert isinstance(refused, HoldRefused)
    assert refused.reason == "key"


async def test_a_revoked_or_expired_key_holds_nothing(database: Database) -> None:
    await database.keys.create(new_key("key_2", expires_at=NOW))
    await database.keys.revoke("key_1", now=NOW)
    for key in ("key_1", "key_2"):
        refused = await database.books.open_hold(open_hold(most=1, key=key))
        assert refused == HoldRefused("key", available=1_000, held=0)


async def test_one_attempt_has_one_hold(database: Database) -> None:
    await database.books.open_hold(open_hold(most=100))
    with pytest.raises(Conflict):
        await database.books.open_hold(open_hold(most=100))
    assert await balance(database) == (0, 100, 900)


async def test_an_ended_run_holds_nothing_more(database: Database) -> None:
    await database.books.open_hold(open_hold(most=100))
    await database.books.void(void())
    assert await database.books.end_run(EndRun("run_1", "failed", NOW))
    refused = await database.books.open_hold(open_hold(most=100, attempt=2))
    assert refused == HoldRefused("run", available=1_000, held=0)


async def test_an_open_hold_grows_by_what_is_available(database: Database) -> None:
    await database.books.open_hold(open_hold(most=100))
    assert await database.books.extend_hold(ExtendHold("run_1", 0, 1, 10, 800)) == 800
    assert await database.books.extend_hold(ExtendHold("run_1", 0, 1, 10, 800)) == 100
    assert await database.books.extend_hold(ExtendHold("run_1", 0, 1, 10, 800)) == 0
    assert await balance(database) == (0, 1_000, 0)


async def test_a_resolved_hold_does_not_grow(database: Database) -> None:
    await database.books.open_hold(open_hold(most=100))
    await database.books.void(void())
    assert await database.books.extend_hold(ExtendHold("run_1", 0, 1, 0, 50)) == 0
    assert await balance(database) == (0, 0, 1_000)


async def test_a_void_gives_all_of_it_back_once(database: Database) -> None:
    await database.books.open_hold(open_hold(most=100))
    assert await database.books.void(void())
    assert not await database.books.void(void())
    assert await balance(database) == (0, 0, 1_000)


# Settlements


async def test_a_settlement_charges_the_cost_and_gives_back_the_rest(database: Database) -> None:
    await database.books.open_hold(open_hold(most=100))
    assert paid(await database.books.settle(settle(cost=30))) == Settled(cost=30, charged=30)
    assert await balance(database) == (30, 0, 970)


async def test_a_second_settlement_says_so_and_does_nothing(database: Database) -> None:
    await database.books.open_hold(open_hold(most=100))
    await database.books.settle(settle(cost=30))
    assert paid(await database.books.settle(settle(cost=50))) == Settled(already=True)
    assert not await database.books.void(void())
    assert await balance(database) == (30, 0, 970)


async def test_what_the_hold_does_not_cover_comes_from_the_balance(database: Database) -> None:
    await database.books.open_hold(open_hold(most=100))
    assert paid(await database.books.settle(settle(cost=250))) == Settled(cost=250, charged=250)
    assert await balance(database) == (250, 0, 750)


async def test_what_nothing_covers_is_overrun_and_no_balance_goes_below_zero(database: Database) -> None:
    await database.books.open_hold(open_hold("run_1", most=100))
    await database.books.open_hold(open_hold("run_2", most=850))
    assert paid(await database.books.settle(settle(cost=200))) == Settled(cost=200, charged=150, overrun=50)
    assert await balance(database) == (150, 850, 0)
    assert (await database.usage.house()).overrun == 50


async def test_an_estimate_is_cut_to_its_hold(database: Database) -> None:
    await database.books.open_hold(open_hold(most=100))
    order = settle(cost=101, usage=Usage(input=1, estimated=True))
    assert paid(await database.books.settle(order)) == Settled(cost=100, charged=100)


async def test_the_house_pays_for_failed_attempts_up_to_its_allowance_a_day(database: Database) -> None:
    settled = []
    for attempt, now in ((1, NOW), (2, NOW), (3, NOW + 86_400)):
        await database.books.open_hold(open_hold(most=100, attempt=attempt))
        order = settle(cost=60, attempt=attempt, now=now, house_allowance=100)
        settled.append(paid(await database.books.settle(order)))
    assert settled == [
        Settled(cost=60, failed=60),
        Settled(cost=60, charged=20, failed=40),
        Settled(cost=60, failed=60),
    ]
    assert (await database.usage.house()).failed == 160


async def test_a_free_attempt_is_written_down_too(database: Database) -> None:
    await database.books.open_hold(open_hold(most=0))
    assert paid(await database.books.settle(settle(cost=0))) == Settled()
    assert len(await database.usage.list()) == 1


async def test_a_usage_row_says_what_was_used_and_who_paid(database: Database) -> None:
    usage = Usage(input=10, cache_read=3, output=5, reasoning=0, units={"searches": 2})
    await database.books.open_hold(open_hold(most=100))
    await database.books.settle(settle(cost=30, usage=usage, raw='{"n": 1}'))
    (record,) = await database.usage.list(key="key_1")
    assert record.usage == usage
    assert (record.agent, record.api, record.provider, record.model) == (
        "agent_demo",
        "chat",
        "local",
        "scripted-1",
    )
    assert (record.cost, record.charged, record.created_at) == (30, 30, NOW)
    assert record.rates == settle(cost=0).rates


async def test_usage_is_listed_by_key_and_time_newest_first_and_added_up(database: Database) -> None:
    for number, at in enumerate((NOW, NOW + 10, NOW + 20)):
        await database.books.open_hold(open_hold(f"run_{number}", most=10))
        await database.books.settle(settle(f"run_{number}", cost=5, now=at))
    listed = await database.usage.list(key="key_1", since=NOW + 5, until=NOW + 20)
    assert [record.run for record in listed] == ["run_1"]
    assert [record.run for record in await database.usage.list(limit=2)] == ["run_2", "run_1"]
    (total,) = await database.usage.totals(key="key_1")
    assert (total.key_name, total.attempts, total.input, total.output, total.cost) == ("ci", 3, 30, 15, 15)
    assert await database.usage.totals(key="key_9") == []


# Runs and their leases


async def test_a_run_ends_once(database: Database) -> None:
    await database.books.open_hold(open_hold(most=0))
    await database.books.void(void())
    assert await database.books.end_run(EndRun("run_1", "completed", NOW))
    assert not await database.books.end_run(EndRun("run_1", "failed", NOW))
    assert not await database.books.end_run(EndRun("run_9", "failed", NOW))


async def test_a_renewed_run_is_not_taken_over(database: Database) -> None:
    await database.books.open_hold(open_hold(most=100))
    await database.books.renew_leases("process_1", lease_until=NOW + 100)
    found = await database.books.take_over("sweep", now=NOW + 99, lease_until=NOW + 200, stale=NOW)
    assert (found.runs, found.holds) == ((), ())


async def test_an_expired_run_is_taken_over_with_its_open_holds(database: Database) -> None:
    await database.books.open_hold(open_hold(most=100))
    await database.books.open_hold(open_hold(most=100, attempt=2))
    await database.books.void(void())
    found = await database.books.take_over("sweep", now=NOW + 46, lease_until=NOW + 91, stale=NOW)
    assert found.runs == ("run_1",)
    assert found.holds == (AbandonedHold("run_1", 0, 2, 100, 5, open_hold(most=0).rates),)
    await database.books.renew_leases("process_1", lease_until=NOW + 500)
    again = await database.books.take_over("sweep", now=NOW + 92, lease_until=NOW + 140, stale=NOW)
    assert again == found


async def test_a_hold_left_open_by_an_ended_run_is_found_later(database: Database) -> None:
    await database.books.open_hold(open_hold(most=100))
    await database.books.end_run(EndRun("run_1", "failed", NOW))
    found = await database.books.take_over("sweep", now=NOW + 60, lease_until=NOW, stale=NOW + 1)
    assert [hold.run for hold in found.holds] == ["run_1"]


async def test_only_other_processes_runs_are_expired(database: Database) -> None:
    await database.books.open_hold(open_hold("run_1", most=1, owner="process_1"))
    await database.books.open_hold(open_hold("run_2", most=1, owner="process_2"))
    await database.books.expire_others("process_2")
    found = await database.books.take_over("sweep", now=NOW, lease_until=NOW + 45, stale=0)
    assert found.runs == ("run_1",)


# Beside and after


async def test_what_was_written_is_there_after_reopening(database: Database, where: Where) -> None:
    await database.books.open_hold(open_hold(most=100))
    await database.books.settle(settle(cost=30))
    async with opened(where) as beside:
        assert await balance(beside) == (30, 0, 970)
        await beside.accounts.grant("acct_1", 5, reason="beside", now=NOW)
    assert await balance(database) == (30, 0, 975)


async def test_a_database_that_takes_writes_is_ready(database: Database) -> None:
    await database.ready()


async def test_many_may_open_a_new_database_at_once(nowhere: Where) -> None:
    databases = await asyncio.gather(*(Database.open(nowhere) for _ in range(8)))
    projects = [await database.projects.ensure("default", id="proj_1", now=NOW) for database in databases]
    assert len(set(projects)) == 1
    for database in databases:
        await database.aclose()


BREAKAGES = {
    "I1_granted": "update accounts set granted = granted + 1",
    "I1_settled": "update accounts set settled = settled + 1",
    "I1_accounts": (
        "insert into transfers (debit, credit, amount, kind, reference, created_at)"
        " values ('house:issued', 'acct_9', 1, 'grant', 'x', 0)"
    ),
    "I1_ceiling": "update accounts set ceiling = ceiling + 1",
    "I3_held": "update accounts set held = held + 1",
    "I4_once": (
        "insert into transfers (debit, credit, amount, kind, reference, created_at)"
        " select debit, credit, amount, kind, reference, 0 from transfers"
        " where kind = 'usage'"
    ),
    "I6_usage_row": "update holds set state = 'voided', settled = 0, charged = 0 where state = 'settled'",
    "I6_cost": "update usage set cost = cost + 1, charged = charged + 1",
    "I6_refunded": "update usage set refunded = 1",
    "I6_charged": "update holds set settled = amount, charged = amount where state = 'settled'",
    "I7_parts": "update usage set cache_read = 11",
    "I8_runs": "update runs set lease_until = :now - 31 where status = 'running'",
    "I8_holds": "update runs set status = 'failed', ended_at = :now - 31",
}


@pytest.mark.parametrize("name", sorted(BREAKAGES))
async def test_a_broken_invariant_is_found(where: Where, name: str) -> None:
    async with opened(where, granted=1_000) as database:
        await database.books.open_hold(open_hold("run_1", most=100))
        await database.books.settle(settle("run_1", cost=30))
        await database.books.open_hold(open_hold("run_2", most=100))
        await database.writer.submit(lambda connection: row(connection, BREAKAGES[name], {"now": NOW}))
        assert name in {found.name for found in await database.books.check(now=NOW, grace=30)}


def test_an_account_tells_what_is_available() -> None:
    account = Account("acct_1", "proj_1", 100, 30, 20, 5, False, NOW)
    assert account.available == 55
    assert structs.replace(account, unlimited=True).available is None
