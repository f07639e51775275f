"""A connection of apsw that stands in for one of `sqlite3`: what the store's writer uses, no more."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import apsw

_KINDS: dict[int, type[sqlite3.Error]] = {
    apsw.SQLITE_CONSTRAINT: sqlite3.IntegrityError,
    apsw.SQLITE_MISUSE: sqlite3.ProgrammingError,
    apsw.SQLITE_RANGE: sqlite3.ProgrammingError,
}
_PRIMARY = 0xFF


class ApswCursor:
    """See `service.store.writer.Cursor`."""

    def __init__(self, cursor: apsw.Cursor) -> None:
        self._cursor = cursor

    def fetchone(self) -> Any:
        """The next row, or None."""
        with _as_sqlite3():
            return self._cursor.fetchone()

    def fetchall(self) -> list[Any]:
        """The rows that are left."""
        with _as_sqlite3():
            return self._cursor.fetchall()


class ApswConnection:
    """See `service.store.writer.Connection`: in autocommit mode, its errors are `sqlite3.Error`."""

    def __init__(self, connection: apsw.Connection) -> None:
        self._connection = connection

    @property
    def in_transaction(self) -> bool:
        """Whether a transaction is open."""
        return self._connection.in_transaction

    def execute(self, sql: str, parameters: Any = (), /) -> ApswCursor:
        """Run a statement."""
        with _as_sqlite3():
            return ApswCursor(self._connection.execute(sql, parameters))

    def close(self) -> None:
        """Let go of the database, whatever statements are under way."""
        with _as_sqlite3():
            self._connection.close(True)


def connecting(path: str, *, vfs: str, setup: tuple[str, ...]) -> Callable[[], ApswConnection]:
    """Make connections to a file through a VFS; each runs `setup` first."""

    def connect() -> ApswConnection:
        with _as_sqlite3():
            flags = apsw.SQLITE_OPEN_READWRITE | apsw.SQLITE_OPEN_CREATE
            connection = ApswConnection(apsw.Connection(path, flags=flags, vfs=vfs))
        for statement in setup:
            connection.execute(statement).fetchall()
        return connection

    return connect


@contextmanager
def _as_sqlite3() -> Iterator[None]:
    try:
        yield
    except apsw.Error as error:
        raise apsw_to_sqlite3(error) from error


def apsw_to_sqlite3(error: apsw.Error) -> sqlite3.Error:
    """The same failure as `sqlite3` would raise it."""
    code = error.extendedresult or error.result
    kind = _KINDS.get(code & _PRIMARY, sqlite3.OperationalError)
    translated = kind(str(error))
    translated.sqlite_errorcode = code
    names = (apsw.mapping_extended_result_codes, apsw.mapping_result_codes)
    translated.sqlite_errorname = next((str(each[code]) for each in names if code in each), "SQLITE_ERROR")
    return translated
