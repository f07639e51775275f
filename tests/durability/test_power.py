"""What was told survives a power cut, wherever it falls."""

from __future__ import annotations

import random
import sqlite3
from contextlib import closing, suppress
from pathlib import Path

import pytest

from specs.errors import StoreUnavailable
from tests.durability.power import run
from tests.support.apsw_connection import connecting
from tests.support.disk import Disk, Inode, Write
from tests.support.money import open_hold, opened

TRIALS = 200


def test_no_promise_is_broken_by_a_power_cut() -> None:
    outcome = run(range(TRIALS))
    assert outcome.broken == []
    assert outcome.trials == TRIALS
    assert outcome.settled > 20 * TRIALS


def test_the_model_disk_bites_a_store_that_does_not_sync() -> None:
    outcome = run(range(20), synchronous="off")
    assert any("settlement lost" in line for line in outcome.broken)


@pytest.mark.anyio
async def test_a_commit_whose_sync_failed_is_not_built_upon(tmp_path: Path) -> None:
    disk = Disk(tmp_path)
    path = tmp_path / "books.db"
    connect = connecting(str(path), vfs=disk.name, setup=("pragma synchronous = full",))
    told = set()
    async with opened(path, granted=10**9, connect=connect) as database:
        disk.failing_syncs = frozenset({disk.syncs + 1, disk.syncs + 2})
        for run in ("run_1", "run_2", "run_3"):
            with suppress(StoreUnavailable):
                await database.books.open_hold(open_hold(run, most=1))
                told.add(run)
        disk.cut()
    left = tmp_path / "left.db"
    left.write_bytes(bytes(disk.inode(path.name).platter))
    left.with_name("left.db-wal").write_bytes(bytes(disk.inode(f"{path.name}-wal").platter))
    disk.close()
    with closing(sqlite3.connect(left)) as connection:
        kept = {run for (run,) in connection.execute("select run from holds")}
    assert "run_3" in told
    assert told <= kept


def test_what_was_not_synced_may_be_gone_and_what_was_is_there(tmp_path: Path) -> None:
    disk = Disk(tmp_path)
    inode = disk.inode("file")
    disk.change("file", inode, Write(0, b"a" * 2000))
    disk.sync("file", inode, folder=False)
    disk.change("file", inode, Write(1000, b"b" * 2000))
    found = [disk.survivors(random.Random(number))["file"] for number in range(50)]
    disk.close()
    assert {content[:1000] for content in found} == {b"a" * 1000}
    assert len(set(found)) > 3


def test_a_write_is_torn_where_sectors_end() -> None:
    inode = Inode(bytearray(b"a" * 1024))
    inode.pending.append(Write(500, b"b" * 100))
    inode.sync()
    assert inode.platter == b"a" * 500 + b"b" * 100 + b"a" * 424
