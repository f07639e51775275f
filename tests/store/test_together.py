"""Orders of one batch are carried out together, and come to what they would come to one after the other."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from functools import partial
from typing import Any

import pytest
from msgspec import structs

from service.store.connection import Connection
from service.store.database import Database
from service.store.hold_commands import open_holds
from service.store.ports import EndRun, HoldRefused, HoldTaken, Settled
from service.store.repeated import SIZES, Repeated
from service.store.settlements import end_runs, settle_holds
from specs.errors import Conflict
from specs.usage import Usage
from tests.support.money import NOW, new_key, open_hold, opened, paid, settle
from tests.support.postgres import Where

pytestmark = pytest.mark.anyio


@pytest.fixture
async def database(where: Where) -> AsyncIterator[Database]:
    """A fresh database whose key has 1,000 nano-dollars; the books are checked after each test."""
    async with opened(where, granted=1_000) as database:
        yield database
        assert await database.books.check(now=NOW, grace=30) == []


async def together(
    database: Database, carry_out: Callable[[Connection, Sequence[Any]], Sequence[Any]], *orders: Any
) -> Sequence[Any]:
    return await database.writer.submit(partial(_carried_out, carry_out, orders))


def _carried_out(
    carry_out: Callable[[Connection, Sequence[Any]], Sequence[Any]],
    orders: Sequence[Any],
    connection: Connection,
) -> Sequence[Any]:
    return carry_out(connection, orders)


async def test_what_fits_is_held(database: Database) -> None:
    orders = [open_hold(f"run_{number}", most=200) for number in range(5)]
    assert await together(database, open_holds, *orders) == [HoldTaken(200)] * 5


async def test_of_what_does_not_fit_the_first_get_theirs(database: Database) -> None:
    orders = [open_hold(f"run_{number}", least=200, most=300) for number in range(5)]
    taken = [HoldTaken(300), HoldTaken(300), HoldTaken(300)]
    refused = HoldRefused("balance", available=100, held=900)
    assert await together(database, open_holds, *orders) == [*taken, refused, refused]


async def test_an_account_that_has_too_little_does_not_harm_another(database: Database) -> None:
    await database.keys.create(new_key("key_2", account="acct_2"), granted=10)
    poor = open_hold("run_1", least=5, most=20, key="key_2", account="acct_2")
    rich = [open_hold(f"run_{number}", most=500) for number in (2, 3)]
    assert await together(database, open_holds, rich[0], poor, rich[1]) == [
        HoldTaken(500),
        HoldTaken(10),
        HoldTaken(500),
    ]


async def test_a_key_spends_from_the_account_it_has_now(database: Database) -> None:
    await database.keys.create(new_key("key_2", account="acct_2"), granted=10)
    moved = open_hold("run_1", most=700, key="key_1", account="acct_2")
    assert await together(database, open_holds, moved) == [HoldTaken(700)]
    account = await database.accounts.get("acct_1")
    assert account is not None
    assert account.held == 700


async def test_a_key_that_is_revoked_is_refused_and_the_others_held(database: Database) -> None:
    await database.keys.create(new_key("key_2", account="acct_2"), granted=10)
    await database.keys.revoke("key_2", now=NOW)
    orders = [open_hold("run_1", most=1, key="key_2", account="acct_2"), open_hold("run_2", most=1)]
    refused, taken = await together(database, open_holds, *orders)
    assert (refused.reason, taken) == ("key", HoldTaken(1))


async def test_holds_beyond_all_integers_are_refused(database: Database) -> None:
    orders = [open_hold(f"run_{number}", least=1, most=10**18) for number in range(20)]
    taken, *refused = await together(database, open_holds, *orders)
    assert taken == HoldTaken(1_000)
    assert {outcome.reason for outcome in refused} == {"balance"}


async def test_two_holds_for_one_attempt_are_a_conflict(database: Database) -> None:
    with pytest.raises(Conflict):
        await together(database, open_holds, open_hold(most=1), open_hold(most=2))


async def test_what_holds_cover_is_charged(database: Database) -> None:
    orders = [open_hold(f"run_{number}", most=20) for number in range(40)]
    await together(database, open_holds, *orders)
    settled = await together(
        database, settle_holds, *(settle(f"run_{number}", cost=number % 20) for number in range(40))
    )
    assert [each.charged for each in settled] == [number % 20 for number in range(40)]
    assert {each.left.available for each in settled} == {1_000 - 2 * sum(range(20))}
    assert sum(record.charged for record in await database.usage.list()) == 2 * sum(range(20))


async def test_what_a_hold_does_not_cover_is_paid_from_what_the_others_leave(database: Database) -> None:
    await together(database, open_holds, open_hold("run_1", most=100), open_hold("run_2", most=900))
    dear, cheap = await together(database, settle_holds, settle("run_1", cost=700), settle("run_2", cost=200))
    assert paid(dear) == Settled(cost=700, charged=700)
    assert paid(cheap) == Settled(cost=200, charged=200)


async def test_an_estimate_is_cut_to_its_hold(database: Database) -> None:
    await together(database, open_holds, open_hold("run_1", most=100), open_hold("run_2", most=100))
    guess = settle("run_1", cost=300, usage=Usage(input=10, output=20, estimated=True))
    settled = await together(database, settle_holds, guess, settle("run_2", cost=50))
    assert [each.cost for each in settled] == [100, 50]


async def test_an_attempt_settled_twice_at_once_is_charged_for_the_first(database: Database) -> None:
    await together(database, open_holds, open_hold(most=100))
    first, second = await together(database, settle_holds, settle(cost=30), settle(cost=60))
    assert (paid(first), second) == (Settled(cost=30, charged=30), Settled(already=True))


async def test_failed_attempts_share_the_allowance_of_the_day(database: Database) -> None:
    await together(database, open_holds, *(open_hold(f"run_{number}", most=100) for number in range(3)))
    orders = [structs.replace(settle(f"run_{number}", cost=100), house_allowance=150) for number in range(3)]
    settled = await together(database, settle_holds, *orders)
    assert [(each.failed, each.charged) for each in settled] == [(100, 0), (50, 50), (0, 100)]


async def test_a_run_ends_as_it_was_first_told(database: Database) -> None:
    await together(database, open_holds, open_hold("run_1", most=1), open_hold("run_2", most=1))
    await together(database, settle_holds, settle("run_1", cost=0), settle("run_2", cost=0))
    first = [EndRun("run_1", "completed", NOW), EndRun("run_2", "failed", NOW, "x")]
    orders = [*first, EndRun("run_1", "failed", NOW)]
    assert await together(database, end_runs, *orders) == [True, True, False]
    found = await database.reader.rows("select id, status, error from runs order by id")
    assert [tuple(run) for run in found] == [(end.run, end.status, end.error) for end in first]


@pytest.mark.parametrize("number", [0, 1, 2, 31, 32, 33, 100])
def test_every_row_is_in_one_statement_of_a_known_size(number: int) -> None:
    sizes: list[int] = []

    class Counting:
        in_transaction = True

        def execute(self, sql: str, parameters: Any = (), /) -> Any:
            sizes.append(len(parameters) // 2)
            assert sql.count("(?, cast(? as bigint))") == sizes[-1]
            return self

        def fetchone(self) -> Any: ...

        def fetchall(self) -> list[Any]:
            return []

        def close(self) -> None: ...

    Repeated("insert into t values (:a, cast(:b as bigint))")(Counting(), [("a", 1)] * number)
    assert sum(sizes) == number
    assert set(sizes) <= set(SIZES)


@pytest.mark.parametrize("sql", ["select 1", "insert into t values (:a) returning :b"])
def test_a_statement_that_cannot_be_repeated_is_refused(sql: str) -> None:
    with pytest.raises(ValueError, match="want one row of values"):
        Repeated(sql)
