"""What is so of a database in one file alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from service.store.database import Database
from service.store.ports import HoldTaken
from specs.errors import StoreUnavailable
from tests.support.money import open_hold, opened

pytestmark = pytest.mark.anyio


async def test_one_service_at_a_time_claims_a_database(tmp_path: Path) -> None:
    async with await Database.open(tmp_path / "books.db") as database:
        assert database.claim()
        assert database.claim()
        async with await Database.open(tmp_path / "books.db") as beside:
            assert not beside.claim()


async def test_a_deleted_database_takes_no_more_writes(tmp_path: Path) -> None:
    path = tmp_path / "books.db"
    async with opened(path, granted=1_000) as database:
        path.rename(tmp_path / "elsewhere.db")
        with pytest.raises(StoreUnavailable):
            await database.books.open_hold(open_hold(most=1))
        assert not path.exists()
        (tmp_path / "elsewhere.db").rename(path)
        assert await database.books.open_hold(open_hold(most=1)) == HoldTaken(1)


async def test_a_database_is_for_its_owner_alone(tmp_path: Path) -> None:
    async with await Database.open(tmp_path / "books.db"):
        assert (tmp_path / "books.db").stat().st_mode & 0o777 == 0o600


async def test_a_file_that_is_no_database_is_unavailable(tmp_path: Path) -> None:
    (tmp_path / "books.db").write_bytes(b"something else entirely, and long enough to be looked at" * 20)
    with pytest.raises(StoreUnavailable):
        await Database.open(tmp_path / "books.db")


async def test_a_folder_that_cannot_be_made_is_unavailable(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StoreUnavailable):
        await Database.open(tmp_path / "file" / "books.db")
