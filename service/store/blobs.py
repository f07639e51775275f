"""Bytes on disk, under random names in one folder that only its owner may enter.

What is being written has a name of its own kind until it is whole and synced: a name without that
ending always stands for whole bytes. Everything that waits for the disk does so in a thread.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import os
import secrets
import time
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from functools import partial
from io import FileIO
from pathlib import Path
from threading import Lock
from typing import TypeVar

import structlog

from specs.errors import NotFound, StoreUnavailable

T = TypeVar("T")
log = structlog.get_logger()

CHUNK_BYTES = 256 * 1024
"""What is read, or gathered before it is written, at once."""
UNFINISHED = ".part"
"""Ends the names of what is still being written."""


class Incoming:
    """Bytes that are arriving. `keep` them, or `discard` them; after `keep` to discard does nothing."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._path = folder / (secrets.token_hex(16) + UNFINISHED)
        self._descriptor: int | None = None
        self._waiting = bytearray()
        self._lock = Lock()
        self._over = False
        self.bytes = 0
        """How many came so far."""

    async def write(self, data: bytes) -> None:
        """Take some bytes. Raises StoreUnavailable when the disk does not."""
        self.bytes += len(data)
        self._waiting += data
        if len(self._waiting) >= CHUNK_BYTES:
            await self._flush()

    async def keep(self) -> str:
        """Make what came durable and give the name it lies under. Raises StoreUnavailable."""
        await self._flush()
        return await _on_disk(self._finish)

    def discard(self) -> None:
        """Drop what came, without waiting for it: a write may be under way in its thread."""
        if not self._over:
            self._waiting.clear()
            asyncio.get_running_loop().run_in_executor(None, self._drop)

    async def _flush(self) -> None:
        waiting, self._waiting = self._waiting, bytearray()
        await _on_disk(partial(self._append, waiting))

    def _append(self, data: bytearray) -> None:
        with self._lock:
            if self._over:
                return
            if self._descriptor is None:
                self._descriptor = _create(self._folder, self._path)
            _write_all(self._descriptor, data)

    def _finish(self) -> str:
        with self._lock:
            assert self._descriptor is not None
            assert not self._over
            os.fsync(self._descriptor)
            whole = self._path.with_suffix("")
            os.rename(self._path, whole)
            _sync_folder(self._folder)
            self._close()
            return whole.name

    def _drop(self) -> None:
        with self._lock:
            if not self._over:
                self._close()
                with contextlib.suppress(OSError):
                    self._path.unlink(missing_ok=True)

    def _close(self) -> None:
        self._over = True
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None


class Blobs:
    """The folder, made when something is first written."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def incoming(self) -> Incoming:
        """Begin to take bytes in."""
        return Incoming(self._folder)

    async def read(self, name: str) -> bytes:
        """All bytes of a blob, for one that is small enough. Raises NotFound, StoreUnavailable."""
        return await _on_disk((self._folder / name).read_bytes)

    async def chunks(self, name: str) -> AsyncIterator[bytes]:
        """The bytes of a blob, piece by piece. Raises NotFound, StoreUnavailable.

        What is deleted while it is read is read to its end.
        """
        file = await _on_disk(partial(_open, self._folder / name))
        try:
            while chunk := await _on_disk(partial(file.read, CHUNK_BYTES)):
                yield chunk
        finally:
            file.close()

    async def join(self, names: Sequence[str], target: Incoming) -> str:
        """Write blobs one after another; gives the MD5 of the whole.

        In hexadecimal digits. Raises StoreUnavailable.
        """
        digest = hashlib.md5(usedforsecurity=False)
        for name in names:
            async for chunk in self.chunks(name):
                digest.update(chunk)
                await target.write(chunk)
        return digest.hexdigest()

    async def remove(self, names: Iterable[str]) -> None:
        """Delete blobs; what cannot be deleted now is an orphan until the next look for those."""
        names = list(names)
        if names:
            await asyncio.to_thread(_unlink, [self._folder / name for name in names])

    async def older_than(self, seconds: float) -> set[str]:
        """The names, those of unfinished bytes too, that were not written to for so long."""
        return await asyncio.to_thread(_untouched_since, self._folder, time.time() - seconds)


async def _on_disk(work: Callable[..., T], *arguments: object) -> T:
    try:
        return await asyncio.to_thread(work, *arguments)
    except FileNotFoundError as error:
        raise NotFound("There is no such file here.") from error
    except OSError as error:
        log.error("files_unavailable", error=type(error).__name__, errno=error.errno)
        raise StoreUnavailable("Files cannot be stored or read right now.") from error


def _open(path: Path) -> FileIO:
    return FileIO(path, "rb")


def _create(folder: Path, path: Path) -> int:
    if not folder.exists():
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        _sync_folder(folder.parent)
    return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)


def _write_all(descriptor: int, data: bytearray) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]


def _sync_folder(folder: Path) -> None:
    """A new name lasts only once its folder is synced."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _unlink(paths: Sequence[Path]) -> None:
    for path in paths:
        try:
            path.unlink(missing_ok=True)
        except OSError as error:
            log.warning("file_not_removed", errno=error.errno)


def _untouched_since(folder: Path, moment: float) -> set[str]:
    try:
        with os.scandir(folder) as entries:
            return {entry.name for entry in entries if entry.stat().st_mtime < moment}
    except OSError:
        return set()
