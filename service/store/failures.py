"""What the database's errors mean to the rest of the house: one function, every code named."""

from __future__ import annotations

import sqlite3

from specs.errors import Conflict, DragomanError, ServerError, StoreUnavailable

UNAVAILABLE = frozenset(
    {
        sqlite3.SQLITE_ABORT,
        sqlite3.SQLITE_AUTH,
        sqlite3.SQLITE_BUSY,
        sqlite3.SQLITE_CANTOPEN,
        sqlite3.SQLITE_CORRUPT,
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_INTERRUPT,
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_LOCKED,
        sqlite3.SQLITE_NOLFS,
        sqlite3.SQLITE_NOMEM,
        sqlite3.SQLITE_NOTADB,
        sqlite3.SQLITE_PERM,
        sqlite3.SQLITE_PROTOCOL,
        sqlite3.SQLITE_READONLY,
        sqlite3.SQLITE_SCHEMA,
    }
)
"""The database, its file or its disk is at fault: 503, and a retry may help."""

BUGS = frozenset(
    {
        sqlite3.SQLITE_CONSTRAINT,
        sqlite3.SQLITE_EMPTY,
        sqlite3.SQLITE_ERROR,
        sqlite3.SQLITE_FORMAT,
        sqlite3.SQLITE_INTERNAL,
        sqlite3.SQLITE_MISMATCH,
        sqlite3.SQLITE_MISUSE,
        sqlite3.SQLITE_NOTFOUND,
        sqlite3.SQLITE_RANGE,
        sqlite3.SQLITE_TOOBIG,
    }
)
"""The statement or its values are at fault: 500."""

_TAKEN = frozenset({sqlite3.SQLITE_CONSTRAINT_UNIQUE, sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY})
_PRIMARY = 0xFF
"""The low byte of an extended result code is the primary one: https://sqlite.org/rescode.html"""


def sqlite_to_failure(error: sqlite3.Error) -> DragomanError:
    """Say what an error of SQLite is to a caller."""
    code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_MISUSE)
    if code in _TAKEN:
        return Conflict("There is one already.")
    if code & _PRIMARY in UNAVAILABLE:
        return StoreUnavailable()
    return ServerError()
