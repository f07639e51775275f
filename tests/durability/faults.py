"""Ways in which a database fails while the service runs, each undone when its block ends."""

from __future__ import annotations

import os
import resource
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any, TypeAlias

from service.store.sqlite import writing_connection
from service.store.writer import Connect, Connection, Cursor

Fault: TypeAlias = Callable[[Path, int], AbstractContextManager[None]]
"""Gets the database's file and the service's process id."""

_LOCK = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None, timeout=60)
connection.execute("begin exclusive")
print("locked", flush=True)
sys.stdin.read()
"""


@contextmanager
def locked(database: Path, pid: int) -> Iterator[None]:
    """Another process is in a transaction that does not end."""
    command = [sys.executable, "-c", _LOCK, str(database)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
        assert other.stdin is not None
        assert other.stdout is not None
        assert other.stdout.readline() == b"locked\n"
        try:
            yield
        finally:
            other.stdin.close()


@contextmanager
def full(database: Path, pid: int) -> Iterator[None]:
    """No file can be written, the log neither: the process may write files of no bytes."""
    before = resource.prlimit(pid, resource.RLIMIT_FSIZE)
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (0, before[1]))
    try:
        yield
    finally:
        resource.prlimit(pid, resource.RLIMIT_FSIZE, before)


@contextmanager
def moved(database: Path, pid: int) -> Iterator[None]:
    """The file is somewhere else, and comes back."""
    away = database.with_name("away")
    database.rename(away)
    try:
        yield
    finally:
        away.rename(database)


@contextmanager
def deleted(database: Path, pid: int) -> Iterator[None]:
    """The file is deleted, and a copy put in its place: another file with the same content."""
    saved = database.with_name("saved")
    os.link(database, saved)  # SQLite writes its WAL into this as it lets go
    database.unlink()
    try:
        yield
    finally:
        shutil.copyfile(saved, database)


class Switch:
    """Makes writing connections, and turns them read-only and back."""

    def __init__(self) -> None:
        self.read_only = False

    def connect(self, path: Path) -> Connect:
        """What makes the connections to this file."""
        make = writing_connection(path)
        return lambda: _Switched(make(), self)

    @contextmanager
    def fault(self, database: Path, pid: int) -> Iterator[None]:
        """The file system is read-only."""
        self.read_only = True
        try:
            yield
        finally:
            self.read_only = False


class _Switched:
    """A connection that obeys its switch; SQLite itself refuses what is written meanwhile."""

    def __init__(self, connection: Connection, switch: Switch) -> None:
        self._connection = connection
        self._switch = switch
        self._read_only = False

    @property
    def in_transaction(self) -> bool:
        return self._connection.in_transaction

    def execute(self, sql: str, parameters: Any = (), /) -> Cursor:
        if self._read_only != self._switch.read_only:
            self._read_only = self._switch.read_only
            self._connection.execute(f"pragma query_only = {int(self._read_only)}")
        return self._connection.execute(sql, parameters)

    def close(self) -> None:
        self._connection.close()
