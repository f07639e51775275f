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
from typing import Any, TypeAlias, TypeVar

import structlog

from service.store.batches import (
    COMMANDS,
    Command,
    Failed,
    Job,
    Kind,
    TransactionLost,
    answer,
    arranged,
    run_batch,
)
from service.store.connection import Connect, Connection, Cursor, row, rows
from service.store.driver import SQLITE, Driver
from specs.errors import StoreUnavailable

T = TypeVar("T")
Order = TypeVar("Order")
log = structlog.get_logger()

__all__ = ["Command", "Connect", "Connection", "Cursor", "Kind", "Writer", "row", "rows"]

QUEUE_LIMIT = 4096
"""Commands that may wait before new work is refused."""
BATCH_LIMIT = 512
"""Commands one transaction takes."""

OnBatch: TypeAlias = Callable[[int, float], None]
"""Told after each batch, on the writer's thread: the number of its commands, its seconds."""
Identity: TypeAlias = Callable[[], object]
"""Says which file is the database now. A file that was deleted or replaced goes on taking writes from
those who have it open, and nobody finds them again."""


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
        self._queue: SimpleQueue[list[Job[Any, Any]] | None] = SimpleQueue()
        self._gathered: list[Job[Any, Any]] = []
        """What was submitted since the loop went round: waking the thread costs more than a command does."""
        self._submitted = 0
        self._taken = 0
        """Of those, what the thread has begun to work on: each number is written by one thread alone."""
        self._connection: Connection | None = None
        self._closed = False
        self._thread = Thread(target=self._work, name="store-writer", daemon=True)
        self._thread.start()

    @property
    def queue_length(self) -> int:
        """Commands that wait for the next batch."""
        return self._submitted - self._taken

    def submit(self, command: Command[T]) -> asyncio.Future[T]:
        """Enqueue new work now; await the future for its result.

        Fails with StoreUnavailable when too much waits already.
        """
        return self.submit_order(COMMANDS, command)

    def submit_order(self, kind: Kind[Order, T], order: Order) -> asyncio.Future[T]:
        """As `submit`, of an order that is carried out with others of its kind."""
        if self.queue_length >= self._queue_limit:
            return self._refused()
        return self.insist_order(kind, order)

    def insist(self, command: Command[T]) -> asyncio.Future[T]:
        """Enqueue what has happened already and must be written, however much waits."""
        return self.insist_order(COMMANDS, command)

    def insist_order(self, kind: Kind[Order, T], order: Order) -> asyncio.Future[T]:
        """As `insist`, of an order that is carried out with others of its kind."""
        if self._closed:
            return self._refused()
        future: asyncio.Future[T] = self._loop.create_future()
        if not self._gathered:
            self._loop.call_soon(self._hand_over)
        self._gathered.append(Job(kind, order, future))
        self._submitted += 1
        return future

    async def aclose(self) -> None:
        """Run what waits, then let go of the connection."""
        if not self._closed:
            self._closed = True
            self._hand_over()
            self._queue.put(None)
        await asyncio.to_thread(self._thread.join)

    def _hand_over(self) -> None:
        """Give the thread what was gathered."""
        if self._gathered:
            gathered, self._gathered = self._gathered, []
            self._queue.put(gathered)

    def _refused(self) -> asyncio.Future[Any]:
        future = self._loop.create_future()
        future.set_exception(StoreUnavailable())
        return future

    def _work(self) -> None:
        open_for_work = True
        while open_for_work:
            batch, open_for_work = self._next_batch()
            if batch:
                self._taken += len(batch)
                batch = arranged(batch)
                began = time.perf_counter()
                outcomes = self._run(batch)
                # The loop may be gone when a command line tool was interrupted: then nobody waits.
                with contextlib.suppress(RuntimeError):
                    self._loop.call_soon_threadsafe(answer, batch, outcomes)
                if self._on_batch is not None:
                    self._on_batch(len(batch), time.perf_counter() - began)
        self._close(self._connection)

    def _next_batch(self) -> tuple[list[Job[Any, Any]], bool]:
        batch: list[Job[Any, Any]] = []
        gathered = self._queue.get()
        try:
            while gathered is not None:
                batch += gathered
                if len(batch) >= BATCH_LIMIT:
                    return batch, True
                gathered = self._queue.get_nowait()
        except Empty:
            return batch, True
        return batch, False

    def _run(self, batch: Sequence[Job[Any, Any]]) -> list[Any]:
        """Run a batch as one transaction; when that is lost, each of its commands has failed."""
        for last_try in (False, True):
            try:
                return self._attempt(batch)
            except (*self._driver.errors, FileGone, TransactionLost) as error:
                cause = error.__cause__ if isinstance(error, TransactionLost) else error
                log.error("store_batch_lost", error=self._driver.name(cause), commands=len(batch))
                with contextlib.suppress(*self._driver.errors):
                    self._reconnect()
                if last_try or not self._driver.undone(cause):
                    break
        return [Failed(StoreUnavailable()) for _ in batch]

    def _attempt(self, batch: Sequence[Job[Any, Any]]) -> list[Any]:
        connection = self._connected()
        connection.execute("begin immediate")
        outcomes = run_batch(connection, batch, self._driver)
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
