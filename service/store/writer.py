"""The writer: one thread, one connection, and whole batches of commands as one transaction each.

A command is a function of the connection. Commands run in the order they were submitted; one that
fails leaves the others of its batch intact. It may be run twice (and undone in between), so it does
nothing but work on the connection. Nobody is answered before COMMIT, and one wake-up of the event
loop answers the whole batch.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable, Sequence
from queue import Empty, SimpleQueue
from threading import Thread
from typing import Any, Generic, Protocol, TypeAlias, TypeVar

import structlog

from service.store.driver import SQLITE, Driver
from specs.errors import StoreUnavailable

T = TypeVar("T")
log = structlog.get_logger()

QUEUE_LIMIT = 4096
"""Commands that may wait before new work is refused."""
BATCH_LIMIT = 512
"""Commands one transaction takes."""


class Cursor(Protocol):
    """What is used of a cursor."""

    def fetchone(self) -> Any: ...

    def fetchall(self) -> list[Any]: ...


class Connection(Protocol):
    """What is used of a connection: little, so that another binding or database can stand in.

    It is in autocommit mode (transactions are opened by statement) and raises what its driver says.
    """

    @property
    def in_transaction(self) -> bool: ...

    def execute(self, sql: str, parameters: Any = ..., /) -> Cursor: ...

    def close(self) -> None: ...


Connect: TypeAlias = Callable[[], Connection]
Command: TypeAlias = Callable[[Connection], T]
OnBatch: TypeAlias = Callable[[int, float], None]
"""Told after each batch, on the writer's thread: the number of its commands, its seconds."""
Identity: TypeAlias = Callable[[], object]
"""Says which file is the database now. A file that was deleted or replaced goes on taking writes from
those who have it open, and nobody finds them again."""


def rows(connection: Connection, sql: str, parameters: object = ()) -> list[Any]:
    """Run a statement to its end and return its rows."""
    return connection.execute(sql, parameters).fetchall()


def row(connection: Connection, sql: str, parameters: object = ()) -> Any:
    """Run a statement to its end and return its first row, or None.

    A statement that returns rows must be run to its end: COMMIT refuses while one that writes is
    under way (https://sqlite.org/lang_transaction.html).
    """
    found = connection.execute(sql, parameters).fetchall()
    return found[0] if found else None


class _Job(Generic[T]):
    __slots__ = ("command", "future")

    def __init__(self, command: Command[T], future: asyncio.Future[T]) -> None:
        self.command = command
        self.future = future


class _Failed:
    __slots__ = ("error",)

    def __init__(self, error: Exception) -> None:
        self.error = error


class _TransactionLost(Exception):
    """The database rolled the whole batch back."""


class FileGone(Exception):
    """What was committed went to a file that nobody will find again."""


class Writer:
    """Runs commands. Made on an event loop, which its futures belong to."""

    def __init__(
        self,
        connect: Connect,
        *,
        queue_limit: int = QUEUE_LIMIT,
        on_batch: OnBatch | None = None,
        identity: Identity | None = None,
        driver: Driver = SQLITE,
    ) -> None:
        self._connect = connect
        self._driver = driver
        self._identity = identity
        self._identified: object = None
        self._queue_limit = queue_limit
        self._on_batch = on_batch
        self._loop = asyncio.get_running_loop()
        self._queue: SimpleQueue[_Job[Any] | None] = SimpleQueue()
        self._connection: Connection | None = None
        self._closed = False
        self._thread = Thread(target=self._work, name="store-writer", daemon=True)
        self._thread.start()

    @property
    def queue_length(self) -> int:
        """Commands that wait for the next batch."""
        return self._queue.qsize()

    def submit(self, command: Command[T]) -> asyncio.Future[T]:
        """Enqueue new work now; await the future for its result.

        Fails with StoreUnavailable when too much waits already.
        """
        if self._queue.qsize() >= self._queue_limit:
            return self._refused()
        return self.insist(command)

    def insist(self, command: Command[T]) -> asyncio.Future[T]:
        """Enqueue what has happened already and must be written, however much waits."""
        if self._closed:
            return self._refused()
        future: asyncio.Future[T] = self._loop.create_future()
        self._queue.put(_Job(command, future))
        return future

    async def aclose(self) -> None:
        """Run what waits, then let go of the connection."""
        if not self._closed:
            self._closed = True
            self._queue.put(None)
        await asyncio.to_thread(self._thread.join)

    def _refused(self) -> asyncio.Future[Any]:
        future = self._loop.create_future()
        future.set_exception(StoreUnavailable())
        return future

    def _work(self) -> None:
        open_for_work = True
        while open_for_work:
            batch, open_for_work = self._next_batch()
            if batch:
                began = time.perf_counter()
                outcomes = self._run(batch)
                # The loop may be gone when a command line tool was interrupted: then nobody waits.
                with contextlib.suppress(RuntimeError):
                    self._loop.call_soon_threadsafe(_answer, batch, outcomes)
                if self._on_batch is not None:
                    self._on_batch(len(batch), time.perf_counter() - began)
        self._close(self._connection)

    def _next_batch(self) -> tuple[list[_Job[Any]], bool]:
        batch: list[_Job[Any]] = []
        job = self._queue.get()
        try:
            while job is not None:
                batch.append(job)
                if len(batch) == BATCH_LIMIT:
                    return batch, True
                job = self._queue.get_nowait()
        except Empty:
            return batch, True
        return batch, False

    def _run(self, batch: Sequence[_Job[Any]]) -> list[Any]:
        """Run a batch as one transaction; when that is lost, each of its commands has failed."""
        for last_try in (False, True):
            try:
                return self._attempt(batch)
            except (*self._driver.errors, FileGone, _TransactionLost) as error:
                cause = error.__cause__ if isinstance(error, _TransactionLost) else error
                log.error("store_batch_lost", error=self._driver.name(cause), commands=len(batch))
                with contextlib.suppress(*self._driver.errors):
                    self._reconnect()
                if last_try or not self._driver.undone(cause):
                    break
        return [_Failed(StoreUnavailable()) for _ in batch]

    def _attempt(self, batch: Sequence[_Job[Any]]) -> list[Any]:
        connection = self._connected()
        connection.execute("begin immediate")
        outcomes = _run_commands(connection, batch, self._driver)
        connection.execute("commit")
        if self._file_has_changed():
            raise FileGone("the file was moved, removed or replaced meanwhile")
        return outcomes

    def _connected(self) -> Connection:
        if self._connection is None or self._file_has_changed():
            self._reconnect()
        assert self._connection is not None
        return self._connection

    def _file_has_changed(self) -> bool:
        return self._identity is not None and self._identity() != self._identified

    def _reconnect(self) -> None:
        """Go on with a new connection; closing the old one rolls back what is open.

        The new one comes first: a WAL that nobody has open is read anew from the file by the next who
        opens it, and a COMMIT whose sync has failed would be found there and taken for durable.
        """
        old, self._connection = self._connection, None
        try:
            self._identified = self._identity() if self._identity is not None else None
            connection = self._connect()
            row(connection, self._driver.probe)  # opens the WAL
            self._connection = connection
        finally:
            self._close(old)

    def _close(self, connection: Connection | None) -> None:
        """Let go of a connection, which rolls back what is open."""
        if connection is not None:
            with contextlib.suppress(*self._driver.errors):
                connection.close()


def _run_commands(connection: Connection, batch: Sequence[_Job[Any]], driver: Driver) -> list[Any]:
    """Run the commands plainly; when one raises, undo them all and give each a savepoint.

    Hardly any raises (a refused hold returns), and savepoints are two statements more a command.
    """
    try:
        return [job.command(connection) for job in batch]
    except Exception as error:  # whatever it is, `_run_alone` meets it again and says whose it is
        if not connection.in_transaction:
            raise _TransactionLost from error
    connection.execute("rollback")
    connection.execute("begin immediate")
    return [_run_alone(connection, job.command, driver) for job in batch]


def _run_alone(connection: Connection, command: Command[Any], driver: Driver) -> Any:
    """Run one command so that its failure leaves the others of the batch intact."""
    connection.execute("savepoint command")
    try:
        result = command(connection)
    except driver.errors as error:
        if not connection.in_transaction:
            raise _TransactionLost from error
        _undo(connection)
        log.warning("store_command_failed", error=driver.name(error))
        return _Failed(driver.failure(error))
    except Exception as error:  # the edge of the thread: the caller gets it, the writer goes on
        _undo(connection)
        return _Failed(error)
    connection.execute("release command")
    return result


def _undo(connection: Connection) -> None:
    connection.execute("rollback to command")
    connection.execute("release command")


def _answer(batch: Sequence[_Job[Any]], outcomes: Sequence[Any]) -> None:
    for job, outcome in zip(batch, outcomes, strict=True):
        if job.future.done():
            continue
        if type(outcome) is _Failed:
            job.future.set_exception(outcome.error)
        else:
            job.future.set_result(outcome)
