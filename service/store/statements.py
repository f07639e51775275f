"""Reads the SQL of this package: files of named statements, each with a sentence above it.

-- What it does.
-- name: its_name
select …;
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

from msgspec import Struct

_FOLDER = Path(__file__).parent / "sql"
_NAME = "-- name: "


class Statement(Struct, frozen=True):
    name: str
    about: str
    """The sentence above it."""
    sql: str


def parse_statements(text: str) -> list[Statement]:
    """Split a file into its statements.

    Raises ValueError when one has no sentence, no end, or a name that is taken.
    """
    statements: list[Statement] = []
    for block in text.split(";\n"):
        if block.strip():
            statements.append(_statement(block))
    names = [statement.name for statement in statements]
    if len(set(names)) != len(names):
        raise ValueError(f"a statement's name is used twice among {names}")
    return statements


def _statement(block: str) -> Statement:
    about, found, rest = block.partition(_NAME)
    name, _, sql = rest.partition("\n")
    sentence = " ".join(line.removeprefix("--").strip() for line in about.strip().splitlines())
    if not found or not sentence.endswith(".") or not sql.strip():
        raise ValueError(f"want a sentence, '{_NAME}…' and a statement, got {block.strip()[:80]!r}")
    return Statement(name.strip(), sentence, sql.strip())


@cache
def statements(file: str) -> list[Statement]:
    """The statements of `sql/FILE.sql`, in order."""
    return parse_statements((_FOLDER / f"{file}.sql").read_text("utf-8"))


@cache
def sql(file: str) -> dict[str, str]:
    """The statements of `sql/FILE.sql` by name."""
    return {statement.name: statement.sql for statement in statements(file)}


@cache
def overriding(database: str) -> dict[str, str]:
    """What is written anew for a database in `sql/DATABASE/FILE.sql`, by the text it stands for.

    Raises ValueError where one stands for nothing.
    """
    found: dict[str, str] = {}
    for path in sorted((_FOLDER / database).glob("*.sql")):
        ours = sql(path.stem)
        for statement in parse_statements(path.read_text("utf-8")):
            if statement.name not in ours:
                raise ValueError(f"{database}/{path.name}: {path.name} has no statement {statement.name!r}")
            found[ours[statement.name]] = statement.sql
    return found
