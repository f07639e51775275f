"""Rows and bytes together: what is kept, what is swept, and what a crash or a full disk leaves."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from service.settings.model import Files
from service.store.archive import ORPHAN_SECONDS, Archive, NewFile
from service.store.blobs import UNFINISHED, Blobs
from service.store.database import Database
from service.store.file_records import FileRecord
from service.store.upload_desk import UploadDesk
from specs.errors import BodyTooLarge, NotFound, StorageFull, StoreUnavailable
from tests.support.money import opened
from tests.support.postgres import Where
from tests.support.upstream import until

pytestmark = pytest.mark.anyio
PROJECT = "proj_1"
LIMITS = Files(max_file_bytes=1_000, max_project_bytes=1_500)


@pytest.fixture
async def database(where: Where) -> AsyncIterator[Database]:
    async with opened(where) as database:
        yield database


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "files"


@pytest.fixture
def archive(database: Database, folder: Path) -> Archive:
    return Archive(database.files, database.uploads, Blobs(folder), limits=LIMITS)


@pytest.fixture
def desk(archive: Archive, database: Database, folder: Path) -> UploadDesk:
    return UploadDesk(archive, database.files, database.uploads, Blobs(folder))


async def keep(archive: Archive, content: bytes = b"content", *, seconds: int | None = None) -> FileRecord:
    async with archive.receiving(PROJECT) as receipt:
        await receipt.write(content)
        return await archive.keep(receipt, NewFile("a.txt", "user_data", "text/plain", seconds))


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()} if folder.exists() else set()


def age(folder: Path, name: str) -> None:
    """Make a name look as if nobody had written to it for long."""
    then = time.time() - ORPHAN_SECONDS - 1
    os.utime(folder / name, (then, then))


async def settled(folder: Path, expected: set[str]) -> None:
    """What is discarded goes in a thread of its own."""
    await until(lambda: names(folder) == expected)


async def test_what_is_kept_can_be_read(archive: Archive):
    file = await keep(archive, b"x" * 900)
    assert await archive.get(file.id, project=PROJECT) == file
    assert await archive.read(file) == b"x" * 900
    assert [chunk async for chunk in archive.chunks(file)] == [b"x" * 900]


async def test_what_is_not_kept_goes(archive: Archive, folder: Path):
    async with archive.receiving(PROJECT) as receipt:
        await receipt.write(b"x" * 900)
    await settled(folder, set())


async def test_a_cancelled_upload_goes_though_a_write_is_under_way(archive: Archive, folder: Path):
    async def endless() -> None:
        async with archive.receiving(PROJECT) as receipt:
            while True:
                await receipt.incoming.write(b"x" * 300_000)

    for _ in range(5):
        task = asyncio.create_task(endless())
        await asyncio.sleep(0.01)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    await settled(folder, set())


async def test_a_file_has_its_limit(archive: Archive, folder: Path):
    with pytest.raises(BodyTooLarge):
        await keep(archive, b"x" * 1_001)
    await settled(folder, set())


async def test_a_project_has_its_limit_however_many_files_arrive_at_once(archive: Archive, folder: Path):
    outcomes = await asyncio.gather(*(keep(archive, b"x" * 600) for _ in range(5)), return_exceptions=True)
    kept = [outcome for outcome in outcomes if isinstance(outcome, FileRecord)]
    assert len(kept) <= 2
    assert all(isinstance(outcome, FileRecord | StorageFull) for outcome in outcomes)
    await settled(folder, {file.blob for file in kept})
    for file in kept:
        await archive.delete(file.id, project=PROJECT)
    assert isinstance(await keep(archive, b"x" * 600), FileRecord)


async def test_an_expired_file_is_gone_at_once_and_its_bytes_at_the_sweep(archive: Archive, folder: Path):
    file, lasting = await keep(archive, seconds=-1), await keep(archive, seconds=3_600)
    with pytest.raises(NotFound):
        await archive.get(file.id, project=PROJECT)
    with pytest.raises(NotFound):
        await archive.delete(file.id, project=PROJECT)
    page = await archive.page(PROJECT, after=None, limit=10, order="desc", purpose=None)
    assert page.files == (lasting,)
    assert file.blob in names(folder)
    await archive.sweep()
    assert names(folder) == {lasting.blob}


async def test_what_a_crash_left_is_swept_once_it_is_old(archive: Archive, desk: UploadDesk, folder: Path):
    file = await keep(archive)
    upload = await desk.begin(PROJECT, NewFile("a", "vision", "a/b"), bytes=3)
    async with desk.receiving(upload) as receipt:
        await receipt.write(b"abc")
        part = await desk.keep_part(receipt, upload)
    for name in ("0" * 32, "1" * 32 + UNFINISHED, "2" * 32, "3" * 32 + UNFINISHED):
        (folder / name).write_bytes(b"left")
    for name in ("0" * 32, "1" * 32 + UNFINISHED, file.blob, part.blob):
        age(folder, name)
    await archive.sweep()
    assert names(folder) == {file.blob, part.blob, "2" * 32, "3" * 32 + UNFINISHED}


async def test_a_sweep_before_anything_was_stored_finds_nothing(archive: Archive):
    await archive.sweep()


async def test_an_upload_whose_time_is_over_goes_with_its_parts(
    archive: Archive, desk: UploadDesk, database: Database, folder: Path
):
    upload = await desk.begin(PROJECT, NewFile("a", "vision", "a/b"), bytes=3)
    async with archive.receiving(PROJECT) as receipt:
        await receipt.write(b"abc")
        await desk.keep_part(receipt, upload)
    later = upload.expires_at + 1
    found = await database.uploads.get(upload.id, project=PROJECT, now=later)
    assert found is not None
    assert (found.status, found.parts, found.received) == ("expired", 1, 3)
    blobs = await database.uploads.expire(now=later)
    assert set(blobs) == names(folder)
    assert await database.files.stored(PROJECT) == 0


@pytest.fixture
def no_folder(folder: Path) -> None:
    """A file in the folder's place."""
    folder.write_text("not a folder")


@pytest.mark.usefixtures("no_folder")
async def test_a_folder_that_cannot_be_written_is_unavailable(archive: Archive):
    with pytest.raises(StoreUnavailable):
        await keep(archive)


async def test_a_row_that_cannot_be_written_leaves_no_bytes(
    archive: Archive, database: Database, folder: Path
):
    async with archive.receiving(PROJECT) as receipt:
        await receipt.write(b"x")
        await database.writer.aclose()
        with pytest.raises(StoreUnavailable):
            await archive.keep(receipt, NewFile("a", "vision", "a/b"))
    await settled(folder, set())


async def test_what_is_deleted_while_it_is_read_is_read_to_its_end(database: Database, folder: Path):
    archive = Archive(database.files, database.uploads, Blobs(folder), limits=Files())
    file = await keep(archive, b"x" * 600_000)
    chunks = archive.chunks(file)
    first = await anext(chunks)
    await archive.delete(file.id, project=PROJECT)
    assert first + b"".join([chunk async for chunk in chunks]) == b"x" * 600_000


async def test_what_is_deleted_before_it_is_read_is_not_found(archive: Archive):
    file = await keep(archive)
    await archive.delete(file.id, project=PROJECT)
    with pytest.raises(NotFound):
        await archive.read(file)
