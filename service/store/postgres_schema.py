"""This version's schema for PostgreSQL: the migrations there are, in its words."""

from __future__ import annotations

from pathlib import Path

from msgspec import structs

from service.store.migrate import Migration, Registry, migrations, split
from service.store.postgres_text import created, schema_to_postgres

_FOLDER = Path(__file__).parent / "migrations" / "postgres"

POSTGRES_REGISTRY = Registry(
    "select 1 from information_schema.tables"
    " where table_name = 'migrations' and table_schema = current_schema()",
    """create table if not exists migrations (
    number bigint primary key,
    name text not null,
    checksum text not null,
    applied_at bigint not null
)""",
)


def postgres_migrations(folder: Path = _FOLDER) -> list[Migration]:
    """The migrations of this version, in order: those of PostgreSQL alone, and all others translated.

    Raises ValueError where one cannot be translated and was not written anew.
    """
    shared = migrations()
    names = {migration.name for migration in shared}
    own = [migration for migration in migrations(folder) if migration.name not in names]
    return sorted(
        [
            *(structs.replace(migration, translated=tuple(_split(migration.sql))) for migration in own),
            *(_translated(migration, _anew(folder / f"{migration.name}.sql")) for migration in shared),
        ],
        key=lambda migration: migration.number,
    )


def _anew(file: Path) -> dict[str, list[str]]:
    """What is written anew for a migration, by the names of what is created."""
    found: dict[str, list[str]] = {}
    for statement in _split(file.read_text("utf-8")) if file.exists() else ():
        names = created(statement)
        if names is None:
            raise ValueError(f"{file.name}: only what creates something is written anew: {statement[:80]!r}")
        found.setdefault(names[1], []).append(statement)
    return found


def _translated(migration: Migration, anew: dict[str, list[str]]) -> Migration:
    statements: list[str] = []
    for statement in split(migration.sql):
        kind_and_name = created(statement)
        name = kind_and_name[1] if kind_and_name else ""
        statements += anew.pop(name, None) or schema_to_postgres(statement)
    if anew:
        raise ValueError(f"{migration.name}: nothing there creates {', '.join(anew)}")
    return structs.replace(migration, translated=tuple(statements))


def _split(script: str) -> list[str]:
    """Split a script into statements; what stands between dollars stays whole."""
    parts = script.split("$$")
    found, pending = [], ""
    for place, part in enumerate(parts):
        if place % 2:
            pending += f"$${part}$$"
            continue
        *ended, rest = part.split(";\n")
        for end in ended:
            found.append(pending + end)
            pending = ""
        pending += rest
    return [statement.strip() for statement in (*found, pending) if statement.strip()]
