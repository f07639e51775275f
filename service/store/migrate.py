"""Brings a database to this version's schema: numbered files, forward only, each run once.

What was run is kept with its checksum in the table `migrations`; a file that changed afterwards is
an error, for its database is not what the file says.
"""

from __future__ import annotations

import hashlib
import sqlite3
from pathlib import Path

from msgspec import Struct

from service.store.writer import Connection, row, rows
from specs.errors import SchemaMismatch

_FOLDER = Path(__file__).parent / "migrations"


class Registry(Struct, frozen=True):
    """Where a database keeps what was run."""

    exists: str
    """Has a row where there is the table."""
    create: str


SQLITE_REGISTRY = Registry(
    "select 1 from sqlite_master where name = 'migrations'",
    """create table if not exists migrations (
    number integer primary key,
    name text not null,
    checksum text not null,
    applied_at integer not null
) strict""",
)


class Migration(Struct, frozen=True):
    number: int
    name: str
    sql: str
    translated: tuple[str, ...] = ()
    """Its statements in another database's words; empty where they are run as they stand."""

    @property
    def checksum(self) -> str:
        """SHA-256 of the file."""
        return hashlib.sha256(self.sql.encode()).hexdigest()

    @property
    def statements(self) -> tuple[str, ...]:
        """What it runs, in order."""
        return self.translated or tuple(split(self.sql))


def migrations(folder: Path = _FOLDER) -> list[Migration]:
    """Read the migrations of a folder, in order of their numbers."""
    return [
        Migration(int(path.name.partition("_")[0]), path.stem, path.read_text("utf-8"))
        for path in sorted(folder.glob("[0-9][0-9][0-9][0-9]_*.sql"))
    ]


def migrate(
    connection: Connection, known: list[Migration], *, now: int, registry: Registry = SQLITE_REGISTRY
) -> list[Migration]:
    """Run what has not been run yet, all of it or nothing, and return it.

    Raises SchemaMismatch when the database was made by other files than these.
    """
    if _is_current(connection, known, registry):
        return []
    connection.execute("begin immediate")
    try:
        connection.execute(registry.create)
        pending = _pending(connection, known)
        for migration in pending:
            _apply(connection, migration, now=now)
        connection.execute("commit")
    except BaseException:
        if connection.in_transaction:
            connection.execute("rollback")
        raise
    return pending


def _is_current(connection: Connection, known: list[Migration], registry: Registry) -> bool:
    """Look without a lock, so that a database that needs nothing is not waited for."""
    return row(connection, registry.exists) is not None and not _pending(connection, known)


def _pending(connection: Connection, known: list[Migration]) -> list[Migration]:
    applied = dict(rows(connection, "select number, checksum from migrations"))
    for migration in known:
        if applied.get(migration.number, migration.checksum) != migration.checksum:
            raise SchemaMismatch(f"migration {migration.name!r} is not the one this database was made with")
    newer = sorted(applied.keys() - {migration.number for migration in known})
    if newer:
        raise SchemaMismatch(f"this database is of a newer version: migration {newer[-1]} is unknown here")
    return [migration for migration in known if migration.number not in applied]


def _apply(connection: Connection, migration: Migration, *, now: int) -> None:
    for statement in migration.statements:
        connection.execute(statement)
    connection.execute(
        "insert into migrations (number, name, checksum, applied_at) values (?, ?, ?, ?)",
        (migration.number, migration.name, migration.checksum, now),
    )


def split(script: str) -> list[str]:
    """Split a script into statements; `executescript` would commit what is open."""
    found: list[str] = []
    pending = ""
    for line in script.splitlines(keepends=True):
        pending += line
        if sqlite3.complete_statement(pending):
            found.append(pending)
            pending = ""
    return found
