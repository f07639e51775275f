"""What happens when PostgreSQL is away, stands still or takes no writes: 503, and then it goes on."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import psycopg
import pytest
from psycopg import errors

from service.store.database import Database
from service.store.ports import HoldTaken
from service.store.postgres_connection import TURN
from service.store.postgres_failures import BUGS, UNAVAILABLE, is_undone, postgres_to_failure
from service.store.writer import Connection, rows
from specs.errors import Conflict, DragomanError, ServerError, StoreUnavailable
from specs.secret import Secret
from tests.support.money import open_hold, opened
from tests.support.postgres import ask, fresh_database

pytestmark = pytest.mark.anyio
DROP = """
select pg_terminate_backend(pid, 10000) from pg_stat_activity
where pid <> pg_backend_pid() and datname = current_database()
"""
SERIALIZABLE = """
do $$ begin
    execute format('alter database %I set default_transaction_isolation = serializable', current_database());
end $$
"""
READ_ONLY = """
do $$ begin
    execute format('alter database %I set default_transaction_read_only = on', current_database());
end $$
"""


@pytest.fixture
def where() -> Iterator[Secret]:
    with fresh_database() as where:
        yield where


@pytest.fixture
async def database(where: Secret) -> AsyncIterator[Database]:
    async with opened(where, granted=1_000, busy_seconds=0.2) as database:
        yield database


def test_every_class_of_errors_is_mapped():
    known = [value for value in vars(errors).values() if isinstance(value, type)]
    classes = {error.sqlstate[:2] for error in known if issubclass(error, psycopg.Error) and error.sqlstate}
    assert classes <= UNAVAILABLE ^ BUGS


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (errors.UniqueViolation(), Conflict),
        (errors.CheckViolation(), ServerError),
        (errors.LockNotAvailable(), StoreUnavailable),
        (errors.ReadOnlySqlTransaction(), StoreUnavailable),
        (errors.DiskFull(), StoreUnavailable),
        (errors.AdminShutdown(), StoreUnavailable),
        (psycopg.OperationalError("the connection is lost"), StoreUnavailable),
        (psycopg.ProgrammingError("a placeholder too many"), ServerError),
    ],
)
def test_an_error_means_what_it_means(error: psycopg.Error, kind: type[DragomanError]):
    assert type(postgres_to_failure(error)) is kind


def test_a_batch_is_run_again_where_another_had_to_finish_first():
    assert is_undone(errors.DeadlockDetected())
    assert is_undone(errors.SerializationFailure())
    assert not is_undone(psycopg.OperationalError())
    assert not is_undone(None)


async def test_lost_connections_are_made_anew(where: Secret):
    async with opened(where, granted=1_000, busy_seconds=20) as database:
        ask(where, DROP)
        with pytest.raises(StoreUnavailable):
            await database.books.open_hold(open_hold(most=1))
        assert await database.books.open_hold(open_hold(most=1)) == HoldTaken(1)
        ask(where, DROP)
        assert await database.accounts.get("acct_1") is not None


async def test_a_turn_that_does_not_come_is_unavailable(database: Database, where: Secret):
    with psycopg.connect(where.reveal()) as other:
        other.execute(TURN)
        with pytest.raises(StoreUnavailable):
            await database.books.open_hold(open_hold(most=1))
        other.rollback()
    assert await database.books.open_hold(open_hold(most=1)) == HoldTaken(1)


async def test_a_service_that_stands_still_loses_its_turn(database: Database):
    names = ("lock_timeout", "idle_in_transaction_session_timeout", "statement_timeout")
    asked = ", ".join(f"current_setting('{name}')" for name in names)
    limits = await database.writer.submit(lambda connection: rows(connection, f"select {asked}"))
    assert limits == [("200ms", "5s", "30s")]


async def test_a_database_that_takes_no_writes_is_not_ready(database: Database, where: Secret):
    ask(where, READ_ONLY)
    ask(where, DROP)
    for _ in range(2):
        with pytest.raises(StoreUnavailable):
            await database.ready()
    with pytest.raises(StoreUnavailable):
        await database.books.open_hold(open_hold(most=1))


async def test_a_turn_sees_all_that_was_written_before_it_whatever_the_isolation(where: Secret):
    ask(where, SERIALIZABLE)
    async with opened(where, granted=10) as first, opened(where) as second:
        orders = [open_hold(f"run_{number}", least=1, most=1) for number in range(40)]
        books = itertools.cycle((first.books, second.books))
        held = await asyncio.gather(*(next(books).open_hold(order) for order in orders))
        assert sum(isinstance(found, HoldTaken) for found in held) == 10


async def test_a_command_that_fails_leaves_the_others_of_its_batch(database: Database):
    def wrong(connection: Connection) -> list[object]:
        return rows(connection, "select nothing from nowhere")

    def taken(connection: Connection) -> list[object]:
        return rows(connection, "insert into projects (id, name, created_at) values ('proj_1', 'x', 1)")

    held, failed, conflict, again = await asyncio.gather(
        database.books.open_hold(open_hold("run_1", most=1)),
        database.writer.submit(wrong),
        database.writer.submit(taken),
        database.books.open_hold(open_hold("run_2", most=1)),
        return_exceptions=True,
    )
    assert (held, again) == (HoldTaken(1), HoldTaken(1))
    assert type(failed) is ServerError
    assert type(conflict) is Conflict


@pytest.mark.parametrize(
    ("address", "reason"),
    [
        ("postgresql://nobody:hush@/none?host={folder}", "No such file or directory"),
        ("postgresql://nobody:hush@127.0.0.1:1/none", "Connection refused"),
        ("postgresql://nobody:hush@/none?hots=x", "invalid URI query parameter"),
    ],
)
async def test_who_opens_it_is_told_why_that_cannot_be(tmp_path: Path, address: str, reason: str):
    with pytest.raises(StoreUnavailable, match=reason) as refused:
        await Database.open(Secret(address.format(folder=tmp_path)))
    assert "hush" not in refused.value.message


async def test_what_text_cannot_hold_is_shown_as_such(database: Database):
    made = await database.projects.ensure("a\0b", id="proj_2", now=1)
    assert made.name == "a\ufffdb"
    assert await database.projects.named("a\0b") == made
