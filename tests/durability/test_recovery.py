"""What a start finds open it settles at once, and readiness is a write."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time
from pathlib import Path

import pytest

from service.ledger.holds import Ledger
from service.store.database import Database
from service.store.ports import EndRun
from tests.support.money import NOW, open_hold, opened

pytestmark = pytest.mark.anyio


async def test_the_hold_of_a_run_that_had_ended_is_settled_at_the_next_start(tmp_path: Path) -> None:
    async with opened(tmp_path / "books.db", granted=10**9) as database:
        await database.books.open_hold(open_hold(most=50_000))
        await database.books.end_run(EndRun("run_1", "completed", NOW))
        await Ledger(database.books, owner="process_2", clock=lambda: NOW).recover()
        account = await database.accounts.get("acct_1")
        (usage,) = await database.usage.list()
    assert account is not None
    assert (account.held, account.settled) == (0, usage.cost)
    assert usage.usage.estimated


async def test_a_second_opening_in_the_same_process_leaves_the_first_its_locks(tmp_path: Path) -> None:
    path = tmp_path / "books.db"
    async with opened(path) as database:
        async with await Database.open(path):
            pass
        visit = "import sqlite3, sys; sqlite3.connect(sys.argv[1]).execute('select * from runs').fetchall()"
        await asyncio.to_thread(subprocess.run, [sys.executable, "-c", visit, str(path)], check=True)
        assert wal_size(path) > 0, "the visitor took itself for the last one and removed the WAL"
        await database.ready()


async def test_readiness_is_a_write_at_most_once_a_second(tmp_path: Path) -> None:
    path = tmp_path / "books.db"
    async with opened(path) as database:
        began, sizes = time.monotonic(), [wal_size(path)]
        for _ in range(5):
            await database.ready()
            sizes.append(wal_size(path))
    assert sizes[1] > sizes[0]
    assert time.monotonic() - began > 1 or len(set(sizes[1:])) == 1


def wal_size(path: Path) -> int:
    return path.with_name(f"{path.name}-wal").stat().st_size
