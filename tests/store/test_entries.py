"""The ledger read back, and rates, on each database."""

from __future__ import annotations

from collections.abc import AsyncIterator
from decimal import Decimal
from itertools import count

import pytest
from msgspec import structs

from service.ids import new_id
from service.store.access_records import OPERATOR, AuditEvent
from service.store.database import Database
from service.store.entry_records import EntryQuery, Grant, Grouping, Order, entry_id
from specs.errors import NotFound
from specs.prices import Rates
from tests.support.money import NOW, new_key, open_hold, opened, settle
from tests.support.postgres import Where

pytestmark = pytest.mark.anyio
MINUTE = 60
numbers = count(1)


@pytest.fixture
async def database(where: Where) -> AsyncIterator[Database]:
    async with opened(where, granted=10_000) as database:
        yield database


async def spend(database: Database, cost: int, *, now: int = NOW, **changes: object) -> str:
    run = f"run_{next(numbers):04}"
    await database.books.open_hold(structs.replace(open_hold(run, most=cost, now=now), **changes))
    await database.books.settle(settle(run, cost=cost, now=now))
    return run


async def read(database: Database, query: EntryQuery, *, order: Order, limit: int) -> list[str]:
    """Every entry, page after page."""
    found: list[str] = []
    while True:
        after = found[-1] if found else None
        page = await database.entries.page(query, limit=limit, after=after, order=order)
        found += map(entry_id, page.entries)
        if not page.has_more:
            return found


@pytest.mark.parametrize("limit", [1, 2, 100])
async def test_pages_go_through_charges_and_grants_of_one_second(database: Database, limit: int) -> None:
    for _ in range(3):
        await spend(database, 10)
        await database.accounts.grant("acct_1", 1, reason="more", now=NOW)
    oldest_first = await read(database, EntryQuery(), order="asc", limit=limit)
    newest_first = await read(database, EntryQuery(), order="desc", limit=limit)
    assert oldest_first == newest_first[::-1]
    assert len(set(oldest_first)) == 7


async def test_entries_are_filtered(database: Database) -> None:
    await database.keys.create(new_key("key_2", account="acct_2"), granted=100)
    first = await spend(database, 10)
    second = await spend(database, 20, key="key_2", now=NOW + 5)
    all_of = read(database, EntryQuery(account="acct_2"), order="asc", limit=9)
    assert (await all_of)[-1] == f"{second}/0/1"
    assert await read(database, EntryQuery(key="key_1"), order="asc", limit=9) == [f"{first}/0/1"]
    assert await read(database, EntryQuery(since=NOW + 5), order="asc", limit=9) == [f"{second}/0/1"]
    assert len(await read(database, EntryQuery(kind="top_up"), order="asc", limit=9)) == 2
    assert await read(database, EntryQuery(project="proj_9"), order="asc", limit=9) == []


async def test_a_grant_that_is_taken_back_is_negative(database: Database) -> None:
    await database.accounts.grant("acct_1", -4, reason="too much", now=NOW)
    page = await database.entries.page(EntryQuery(kind="adjustment"), limit=1)
    (grant,) = page.entries
    assert isinstance(grant, Grant)
    assert (grant.account, grant.amount, grant.reason, grant.actor) == ("acct_1", -4, "too much", "operator")
    assert grant.house == "house:issued"


async def test_nothing_comes_after_what_is_not_there(database: Database) -> None:
    with pytest.raises(NotFound):
        await database.entries.page(EntryQuery(), limit=1, after="run_none/0/1")


async def test_a_run_is_found_in_its_project_alone(database: Database) -> None:
    run = await spend(database, 10)
    (charge,) = await database.entries.of_run(run, project="proj_1")
    assert (charge.usage.charged, charge.refunded) == (10, 0)
    assert await database.entries.of_run(run, project="proj_2") == []
    assert len(await database.entries.of_run(run, project=None)) == 1


async def test_usage_is_added_up_by_what_is_asked(database: Database) -> None:
    await database.keys.create(new_key("key_2"))
    for key, now in (("key_1", NOW), ("key_2", NOW + 1), ("key_2", NOW + MINUTE)):
        await spend(database, 10, key=key, now=now)
    together = await database.entries.buckets(since=NOW, until=NOW + 600, width=MINUTE, grouping=Grouping())
    assert [(each.start, each.attempts, each.input, each.output, each.cost) for each in together] == [
        (NOW, 2, 20, 10, 20),
        (NOW + MINUTE, 1, 10, 5, 10),
    ]
    apart = await database.entries.buckets(
        since=NOW,
        until=NOW + 600,
        width=3_600,
        grouping=Grouping(project=True, key=True, user=True, model=True),
    )
    assert [(each.project, each.key, each.user, each.model, each.cost) for each in apart] == [
        ("proj_1", "key_1", None, "local/scripted-1", 10),
        ("proj_1", "key_2", None, "local/scripted-1", 20),
    ]


async def test_days_are_added_up_for_a_provider(database: Database) -> None:
    await spend(database, 10)
    await spend(database, 20, now=NOW + 86_400)
    found = await database.entries.by_day("local", since=NOW - 86_400, until=NOW + 2 * 86_400)
    assert [(each.model, each.attempts, each.cost) for each in found] == [
        ("scripted-1", 1, 10),
        ("scripted-1", 1, 20),
    ]
    assert found[1].day - found[0].day == 86_400
    assert await database.entries.by_day("other", since=0, until=NOW * 2) == []


async def test_the_rates_said_last_hold_and_every_word_is_kept(database: Database) -> None:
    async def say(model: str, rates: Rates | None) -> None:
        event = AuditEvent(new_id("audit"), "rates.set", NOW, f"local/{model}", OPERATOR)
        await database.rates.set("local", model, rates, actor="key_1", reason="x", audit=event, now=NOW)

    dear, cheap = (Rates(input=Decimal(rate), output=Decimal("0.000001")) for rate in (9, 1))
    before = await database.rates.newest()
    for model, rates in (("a", dear), ("a", cheap), ("b", dear), ("b", None)):
        await say(model, rates)
    assert [(each.model, each.rates) for each in await database.rates.current()] == [("a", cheap)]
    words = await database.rates.history(provider="local", model="b")
    assert [each.rates for each in words] == [None, dear]
    assert await database.rates.newest() == words[0].id > before
