"""An export goes through more entries than are read at once."""

from __future__ import annotations

import asyncio
import csv
import json
from pathlib import Path

import pytest

from service.http.organization.exports import PAGE, exported
from service.store.entry_records import EntryQuery
from tests.support.money import NOW, opened

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize("format", ["csv", "jsonl"])
async def test_it_has_each_once_whatever_is_read_at_once(tmp_path: Path, format: str) -> None:
    async with opened(tmp_path / "books.db") as database:
        grants = (
            database.accounts.grant("acct_1", 1, reason=f"{n}", now=NOW + n % 7) for n in range(PAGE * 2 + 1)
        )
        await asyncio.gather(*grants)
        pieces = [piece async for piece in exported(database.entries, EntryQuery(), format=format)]
    lines = b"".join(pieces).decode().splitlines()
    shown = list(csv.DictReader(lines)) if format == "csv" else list(map(json.loads, lines))
    assert {each["reason"] for each in shown} == {str(number) for number in range(PAGE * 2 + 1)}
    assert len(shown) == PAGE * 2 + 1
    assert len(pieces) >= 3
