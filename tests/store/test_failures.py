"""What the database's errors mean."""

from __future__ import annotations

import sqlite3

import pytest

from service.store.failures import BUGS, UNAVAILABLE, sqlite_to_failure
from specs.errors import Conflict, DragomanError, ServerError, StoreUnavailable

NOT_ERRORS = {"SQLITE_OK", "SQLITE_ROW", "SQLITE_DONE", "SQLITE_NOTICE", "SQLITE_WARNING"}
AUTHORIZER = {"SQLITE_DENY", "SQLITE_IGNORE"}
PRIMARY = {
    name: value
    for name, value in vars(sqlite3).items()
    if name.startswith("SQLITE_") and name.count("_") == 1 and isinstance(value, int) and value <= 26
}
ACTIONS = {
    name for name in PRIMARY if name in {"SQLITE_READ", "SQLITE_SELECT", "SQLITE_INSERT", "SQLITE_DELETE"}
}
ACTIONS |= {"SQLITE_PRAGMA", "SQLITE_TRANSACTION", "SQLITE_UPDATE", "SQLITE_ATTACH", "SQLITE_DETACH"}


def failed_with(code: int) -> sqlite3.Error:
    error = sqlite3.OperationalError("message")
    error.sqlite_errorcode = code
    return error


@pytest.mark.parametrize("name", sorted(PRIMARY.keys() - NOT_ERRORS - AUTHORIZER - ACTIONS))
def test_every_error_of_sqlite_is_mapped(name: str) -> None:
    assert PRIMARY[name] in UNAVAILABLE ^ BUGS


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        (sqlite3.SQLITE_BUSY_SNAPSHOT, StoreUnavailable),
        (sqlite3.SQLITE_IOERR_FSYNC, StoreUnavailable),
        (sqlite3.SQLITE_READONLY_DBMOVED, StoreUnavailable),
        (sqlite3.SQLITE_CONSTRAINT_UNIQUE, Conflict),
        (sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY, Conflict),
        (sqlite3.SQLITE_CONSTRAINT_CHECK, ServerError),
    ],
)
def test_extended_codes_are_read(code: int, kind: type[DragomanError]) -> None:
    assert type(sqlite_to_failure(failed_with(code))) is kind


def test_an_error_without_a_code_is_a_bug() -> None:
    assert type(sqlite_to_failure(sqlite3.ProgrammingError("wrong number of bindings"))) is ServerError
