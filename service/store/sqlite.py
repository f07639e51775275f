"""The database in one SQLite file: its connections, its schema, and who works on it.

Several processes may open it (the service, and commands beside it); one of them may claim it
and thereby know that no other service works on it.
"""

from __future__ import annotations

import asyncio
import fcntl
import os
import sqlite3
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import cast

from service.store.failures import sqlite_to_failure
from service.store.migrate import migrate, migrations
from service.store.sqlite_reader import SqliteReader
from service.store.wakes import Alone
from service.store.writer import QUEUE_LIMIT, Connect, Connection, OnBatch, Writer
from specs.errors import StoreUnavailable

BUSY_SECONDS = 1.0
"""How long a batch waits for another process that is writing.

A stream must be refused before its status line goes out, and may by then have waited three times: for
the batch before its own, for its own, and for the one that ends its run.
"""
OPENING_SECONDS = 5.0
"""How long it waits, while it opens the database, for another process that brings it to the schema."""


class SqliteFile:
    """See `service.store.database.Home`."""

    def __init__(self, path: Path, writer: Writer, reader: SqliteReader, reports: SqliteReader) -> None:
        self.writer = writer
        self.reader = reader
        self.reports = reports
        self.wakes = Alone()
        self._path = path
        self._claim: int | None = None

    @classmethod
    async def open(
        cls,
        path: Path,
        *,
        connect: Connect | None = None,
        busy_seconds: float = BUSY_SECONDS,
        queue_limit: int = QUEUE_LIMIT,
        on_batch: OnBatch | None = None,
    ) -> SqliteFile:
        """Open the file, made where there is none, and bring it to this version's schema.

        `connect` makes the connections of the writer (default: `writing_connection`).
        Raises StoreUnavailable when it cannot be opened, SchemaMismatch when it is another version's.
        """
        opening = connect or writing_connection(path, busy_seconds=max(busy_seconds, OPENING_SECONDS))
        await asyncio.to_thread(_prepare, path, opening)
        writing = connect or writing_connection(path, busy_seconds=busy_seconds)
        identity = partial(_file_identity, path)
        reading = reading_connection(path, busy_seconds=busy_seconds)
        reader = await SqliteReader.open(reading, identity=identity)
        reports = SqliteReader(reading, identity=identity)  # connects when it is first asked
        writer = Writer(writing, queue_limit=queue_limit, on_batch=on_batch, identity=identity)
        return cls(path, writer, reader, reports)

    def prove_writable(self, connection: Connection) -> None:
        """Write the first page, changing nothing.

        A transaction that writes nothing works on a full disk too.
        """
        connection.execute("pragma user_version = 0")

    def claim(self) -> bool:
        """Become the one service on this file; False while another process is.

        The system gives the claim back when the process ends, however it ends. Raises StoreUnavailable
        where the lock file cannot be written.
        """
        if self._claim is None:
            try:
                file = os.open(f"{self._path}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            except OSError as error:
                raise StoreUnavailable from error
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                os.close(file)
                return False
            self._claim = file
        return True

    async def aclose(self) -> None:
        """Write what waits, then let go of everything."""
        await self.writer.aclose()
        await self.reader.aclose()
        await self.reports.aclose()
        if self._claim is not None:
            os.close(self._claim)
            self._claim = None


def writing_connection(path: Path, *, busy_seconds: float = BUSY_SECONDS) -> Connect:
    """Make connections that may write: durable at COMMIT, foreign keys enforced."""

    def connect() -> Connection:
        connection = _connect(path, busy_seconds=busy_seconds)
        connection.execute("pragma synchronous = full")
        connection.execute("pragma foreign_keys = on")
        return cast("Connection", connection)

    return connect


def reading_connection(path: Path, *, busy_seconds: float = BUSY_SECONDS) -> Callable[[], sqlite3.Connection]:
    """Make connections that cannot write."""

    def connect() -> sqlite3.Connection:
        connection = _connect(path, busy_seconds=busy_seconds)
        connection.execute("pragma query_only = on")
        return connection

    return connect


def _connect(path: Path, *, busy_seconds: float) -> sqlite3.Connection:
    """Connect to a file that exists: one that is gone must not come back empty."""
    return sqlite3.connect(
        f"{path.absolute().as_uri()}?mode=rw",
        uri=True,
        timeout=busy_seconds,
        isolation_level=None,
        cached_statements=256,
    )


def _file_identity(path: Path) -> tuple[int, int] | None:
    """Which file is at this path; None where there is none."""
    try:
        found = os.stat(path)
    except OSError:
        return None
    return found.st_dev, found.st_ino


def _prepare(path: Path, connect: Connect) -> None:
    """Make the file for its owner alone, and its schema.

    A file that exists is not opened here: to close it would drop every lock SQLite has on it in this
    process (https://sqlite.org/howtocorrupt.html, 2.2).
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
    except OSError:
        pass  # SQLite says below, in its own words, what is wrong with the file
    try:
        _migrate(connect())
    except sqlite3.Error as error:
        raise sqlite_to_failure(error) from error


def _migrate(connection: Connection) -> None:
    try:
        connection.execute("pragma journal_mode = wal").fetchall()
        migrate(connection, migrations(), now=int(time.time()))
    finally:
        connection.close()
