"""The writer: batches, what fails alone and what fails together, and nobody answered before COMMIT."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from service.store.repeated import Repeated
from service.store.sqlite import writing_connection
from service.store.writer import Connection, Kind, Writer, row, rows
from specs.errors import Conflict, InvalidRequest, StoreUnavailable
from tests.support.patience import PATIENCE

pytestmark = pytest.mark.anyio


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "small.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("pragma journal_mode = wal")
        connection.execute("create table t (x integer primary key, y integer) strict")
    return path


@pytest.fixture
async def writer(path: Path) -> AsyncIterator[Writer]:
    writer = Writer(writing_connection(path, busy_seconds=0.05))
    yield writer
    await writer.aclose()


class Gate:
    """A command that keeps the writer busy, so that what is submitted meanwhile becomes one batch."""

    def __init__(self, writer: Writer) -> None:
        self._open = threading.Event()
        self._entered = threading.Event()
        self.done = writer.submit(self._wait)

    def _wait(self, _: Connection) -> None:
        self._entered.set()
        self._open.wait(PATIENCE)

    async def reached(self) -> Gate:
        await asyncio.to_thread(self._entered.wait, PATIENCE)
        return self

    def open(self) -> None:
        self._open.set()


def insert(x: int, y: int = 0) -> Callable[[Connection], int]:
    def command(connection: Connection) -> int:
        connection.execute("insert into t values (?, ?)", (x, y))
        return x

    return command


def stored(path: Path) -> list[int]:
    with closing(sqlite3.connect(path)) as connection:
        return [x for (x,) in connection.execute("select x from t order by x")]


async def outcomes(*futures: asyncio.Future[Any]) -> list[Any]:
    return await asyncio.gather(*futures, return_exceptions=True)


async def test_commands_run_in_the_order_they_were_submitted(writer: Writer) -> None:
    def count(connection: Connection) -> int:
        return row(connection, "select count(*) from t")[0]

    found = await outcomes(writer.submit(count), writer.submit(insert(1)), writer.submit(count))
    assert found == [0, 1, 1]


async def test_a_batch_is_one_transaction(path: Path) -> None:
    sizes: list[int] = []
    writer = Writer(writing_connection(path), on_batch=lambda size, _: sizes.append(size))
    gate = await Gate(writer).reached()
    waiting = [writer.submit(insert(x)) for x in range(20)]
    assert writer.queue_length == 20
    gate.open()
    await outcomes(*waiting)
    await writer.aclose()
    assert sizes == [1, 20]


async def test_nobody_is_answered_before_commit(writer: Writer, path: Path) -> None:
    gate = await Gate(writer).reached()
    first = writer.submit(insert(1))
    second_gate = Gate(writer)
    gate.open()
    await second_gate.reached()
    assert not first.done()
    assert stored(path) == []
    second_gate.open()
    await first
    assert stored(path) == [1]


async def test_a_violation_leaves_the_others_of_its_batch_intact(writer: Writer, path: Path) -> None:
    gate = await Gate(writer).reached()
    waiting = [writer.submit(insert(x)) for x in (1, 1, 2)]
    gate.open()
    found = await outcomes(*waiting)
    assert [type(outcome) for outcome in found] == [int, Conflict, int]
    assert stored(path) == [1, 2]


async def test_a_command_that_raises_is_undone_and_its_caller_told(writer: Writer, path: Path) -> None:
    def refuse(connection: Connection) -> None:
        connection.execute("insert into t values (1, 1)")
        raise InvalidRequest("no")

    with pytest.raises(InvalidRequest, match="no"):
        await writer.submit(refuse)
    assert stored(path) == []


async def test_a_cancelled_caller_does_not_cancel_the_command(writer: Writer, path: Path) -> None:
    gate = await Gate(writer).reached()
    future = writer.submit(insert(1))
    future.cancel()
    gate.open()
    await writer.submit(insert(2))
    assert stored(path) == [1, 2]


async def test_a_long_queue_refuses_new_work_but_takes_what_must_be_written(path: Path) -> None:
    writer = Writer(writing_connection(path), queue_limit=2)
    gate = await Gate(writer).reached()
    waiting = [writer.submit(insert(x)) for x in range(2)]
    refused = writer.submit(insert(9))
    must = writer.insist(insert(3))
    with pytest.raises(StoreUnavailable):
        await refused
    gate.open()
    await outcomes(*waiting, must)
    await writer.aclose()
    assert stored(path) == [0, 1, 3]


async def test_closing_writes_what_waits_and_refuses_what_comes_after(writer: Writer, path: Path) -> None:
    waiting = [writer.submit(insert(x)) for x in range(5)]
    await writer.aclose()
    assert await outcomes(*waiting) == [0, 1, 2, 3, 4]
    with pytest.raises(StoreUnavailable):
        await writer.submit(insert(9))
    assert stored(path) == [0, 1, 2, 3, 4]


class Faulty:
    """A connection that fails where it is told to, as a broken disk would make it."""

    def __init__(
        self, connection: Connection, fail: Callable[[str], sqlite3.Error | None], *, lose: bool
    ) -> None:
        self._connection = connection
        self._fail = fail
        self._lose = lose

    @property
    def in_transaction(self) -> bool:
        return self._connection.in_transaction

    def execute(self, sql: str, parameters: Any = (), /) -> Any:
        error = self._fail(sql)
        if error is not None:
            if self._lose and self._connection.in_transaction:
                self._connection.execute("rollback")
            raise error
        return self._connection.execute(sql, parameters)

    def close(self) -> None:
        self._connection.close()


def full(name: str = "SQLITE_FULL") -> sqlite3.Error:
    error = sqlite3.OperationalError("database or disk is full")
    error.sqlite_errorcode = getattr(sqlite3, name)
    error.sqlite_errorname = name
    return error


def once(needle: str, error: sqlite3.Error) -> Callable[[str], sqlite3.Error | None]:
    """Fail the first statement that begins so."""
    left: Iterator[sqlite3.Error] = iter([error])
    return lambda sql: next(left, None) if sql.startswith(needle) else None


async def test_a_lost_transaction_fails_the_whole_batch(path: Path) -> None:
    fail = once("update", full())
    writer = Writer(lambda: Faulty(writing_connection(path)(), fail, lose=True))
    gate = await Gate(writer).reached()
    before, broken = writer.submit(insert(1)), writer.submit(lambda c: c.execute("update t set y = 1"))
    after = writer.submit(insert(2))
    gate.open()
    found = await outcomes(before, broken, after)
    assert [type(outcome) for outcome in found] == [StoreUnavailable] * 3
    assert stored(path) == []
    await writer.submit(insert(3))
    await writer.aclose()
    assert stored(path) == [3]


async def test_a_full_disk_that_spares_the_transaction_fails_only_its_command(path: Path) -> None:
    def fail(sql: str) -> sqlite3.Error | None:
        return full() if sql.startswith("update") else None

    writer = Writer(lambda: Faulty(writing_connection(path)(), fail, lose=False))
    gate = await Gate(writer).reached()
    before, broken = writer.submit(insert(1)), writer.submit(lambda c: c.execute("update t set y = 1"))
    gate.open()
    found = await outcomes(before, broken)
    await writer.aclose()
    assert [type(outcome) for outcome in found] == [int, StoreUnavailable]
    assert stored(path) == [1]


@pytest.mark.parametrize("statement", ["begin", "commit"])
@pytest.mark.parametrize("name", ["SQLITE_FULL", "SQLITE_IOERR", "SQLITE_BUSY"])
async def test_a_batch_that_cannot_begin_or_commit_has_failed(path: Path, statement: str, name: str) -> None:
    fail = once(statement, full(name))
    writer = Writer(lambda: Faulty(writing_connection(path)(), fail, lose=False))
    with pytest.raises(StoreUnavailable):
        await writer.submit(insert(1))
    assert stored(path) == []
    assert await writer.submit(insert(2)) == 2
    await writer.aclose()


async def test_a_locked_database_is_unavailable_until_it_is_free(writer: Writer, path: Path) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("begin immediate")
        with pytest.raises(StoreUnavailable):
            await writer.submit(insert(1))
        other.execute("rollback")
    assert await writer.submit(insert(2)) == 2


async def test_a_read_only_database_is_unavailable(path: Path) -> None:
    def connect() -> Connection:
        connection = writing_connection(path)()
        connection.execute("pragma query_only = on")
        return connection

    writer = Writer(connect)
    with pytest.raises(StoreUnavailable):
        await writer.submit(insert(1))
    await writer.aclose()


async def test_a_full_database_is_unavailable_and_keeps_what_it_has(path: Path) -> None:
    def connect() -> Connection:
        connection = writing_connection(path)()
        connection.execute("pragma max_page_count = 3")
        return connection

    def much(connection: Connection) -> None:
        for x in range(10, 2000):
            connection.execute("insert into t values (?, ?)", (x, x))

    writer = Writer(connect)
    await writer.submit(insert(1))
    with pytest.raises(StoreUnavailable):
        await writer.submit(much)
    assert await writer.submit(insert(2)) == 2
    await writer.aclose()
    assert stored(path) == [1, 2]


async def test_a_database_that_is_gone_is_unavailable(tmp_path: Path) -> None:
    writer = Writer(writing_connection(tmp_path / "absent.db"))
    with pytest.raises(StoreUnavailable):
        await writer.submit(insert(1))
    await writer.aclose()
    assert not (tmp_path / "absent.db").exists()


def insert_all(connection: Connection, numbers: Sequence[int]) -> list[int]:
    """Carried out together, each is told how many there were."""
    Repeated("insert into t values (:x, 0)")(connection, [(x,) for x in numbers])
    return [len(numbers)] * len(numbers)


def delete_all(connection: Connection, numbers: Sequence[int]) -> list[int]:
    """Carried out together, each is told how many were there."""
    return [len(rows(connection, "delete from t where x = ? returning x", (x,))) for x in numbers]


DELETE = Kind(delete_all, turn=1)
INSERT = Kind(insert_all, turn=2)


async def test_orders_of_one_kind_are_carried_out_together(writer: Writer, path: Path) -> None:
    gate = await Gate(writer).reached()
    waiting = [writer.submit_order(INSERT, x) for x in (1, 2, 3)]
    gate.open()
    assert await outcomes(*waiting) == [3, 3, 3]
    assert stored(path) == [1, 2, 3]


async def test_orders_go_in_the_turn_of_their_kind(writer: Writer, path: Path) -> None:
    gate = await Gate(writer).reached()
    waiting = [writer.submit_order(INSERT, 1), writer.submit_order(DELETE, 1), writer.submit_order(INSERT, 2)]
    gate.open()
    assert await outcomes(*waiting) == [2, 0, 2]
    assert stored(path) == [1, 2]


async def test_no_order_goes_past_a_command(writer: Writer, path: Path) -> None:
    gate = await Gate(writer).reached()
    waiting = [writer.submit_order(INSERT, 1), writer.submit(insert(2)), writer.submit_order(DELETE, 1)]
    gate.open()
    assert await outcomes(*waiting) == [1, 2, 1]
    assert stored(path) == [2]


async def test_an_order_that_fails_leaves_those_of_its_kind_intact(writer: Writer, path: Path) -> None:
    gate = await Gate(writer).reached()
    waiting = [writer.submit_order(INSERT, x) for x in (1, 1, 2)]
    gate.open()
    found = await outcomes(*waiting)
    assert [type(outcome) for outcome in found] == [int, Conflict, int]
    assert stored(path) == [1, 2]
