"""The loader of named SQL."""

from __future__ import annotations

from pathlib import Path

import pytest

import service.store.statements as module
from service.store.statements import parse_statements, statements

FOLDER = Path(module.__file__).parent / "sql"


def test_a_statement_has_a_name_a_sentence_and_sql() -> None:
    (found,) = parse_statements("-- Count\n-- things.\n-- name: count\nselect 1;\n")
    assert (found.name, found.about, found.sql) == ("count", "Count things.", "select 1")


@pytest.mark.parametrize(
    "text",
    [
        "-- name: bare\nselect 1;\n",
        "-- No full stop\n-- name: bare\nselect 1;\n",
        "-- A sentence.\nselect 1;\n",
        "-- A sentence.\n-- name: empty\n;\n",
        "-- One.\n-- name: same\nselect 1;\n-- Two.\n-- name: same\nselect 2;\n",
    ],
)
def test_a_careless_file_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"want a sentence|used twice"):
        parse_statements(text)


@pytest.mark.parametrize("file", sorted(path.stem for path in FOLDER.glob("*.sql")))
def test_every_file_keeps_the_rules(file: str) -> None:
    assert statements(file)
