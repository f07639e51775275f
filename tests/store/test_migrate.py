"""Bringing a database to this version's schema."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator

import pytest
from msgspec import structs

from service.store.migrate import Migration, migrate, migrations
from specs.errors import SchemaMismatch

FIRST = Migration(1, "0001_first", "-- A comment; with a semicolon.\ncreate table a (x integer) strict;\n")
SECOND = Migration(2, "0002_second", "create table b (x integer) strict;\ninsert into b values (1);\n")
BROKEN = Migration(2, "0002_broken", "create table b (x integer) strict;\ninsert into nowhere values (1);\n")


@pytest.fixture
def connection() -> Iterator[sqlite3.Connection]:
    connection = sqlite3.connect(":memory:", isolation_level=None)
    yield connection
    connection.close()


def tables(connection: sqlite3.Connection) -> set[str]:
    return {name for (name,) in connection.execute("select name from sqlite_master where type = 'table'")}


def test_what_is_missing_is_run_once_and_in_order(connection: sqlite3.Connection) -> None:
    assert migrate(connection, [FIRST], now=1) == [FIRST]
    assert migrate(connection, [FIRST, SECOND], now=2) == [SECOND]
    assert migrate(connection, [FIRST, SECOND], now=3) == []
    assert connection.execute("select x from b").fetchall() == [(1,)]


def test_a_changed_file_is_an_error(connection: sqlite3.Connection) -> None:
    migrate(connection, [FIRST], now=1)
    changed = structs.replace(FIRST, sql=FIRST.sql + "-- touched\n")
    with pytest.raises(SchemaMismatch, match="0001_first"):
        migrate(connection, [changed], now=2)


def test_a_database_of_a_newer_version_is_an_error(connection: sqlite3.Connection) -> None:
    migrate(connection, [FIRST, SECOND], now=1)
    with pytest.raises(SchemaMismatch, match="newer version"):
        migrate(connection, [FIRST], now=2)


def test_a_broken_migration_leaves_nothing_behind(connection: sqlite3.Connection) -> None:
    with pytest.raises(sqlite3.OperationalError):
        migrate(connection, [FIRST, BROKEN], now=1)
    assert tables(connection) == set()
    assert not connection.in_transaction


def test_our_own_make_only_strict_tables(connection: sqlite3.Connection) -> None:
    migrate(connection, migrations(), now=1)
    listed = connection.execute("select name, strict from pragma_table_list where type = 'table'").fetchall()
    assert [name for name, strict in listed if not strict and not name.startswith("sqlite_")] == []


def test_no_two_of_our_own_have_the_same_number() -> None:
    numbers = [migration.number for migration in migrations()]
    assert numbers == sorted(set(numbers))
