"""Files whole: what is known of them and their bytes, written and deleted in the order that a crash
cannot harm. There is never a row without bytes; bytes without a row are found and removed."""

from __future__ import annotations

import asyncio
import re
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import structlog
from msgspec import Struct

from service.ids import new_id
from service.settings.model import Files as Limits
from service.store.blobs import Blobs, Incoming
from service.store.file_records import (
    FilePage,
    FileRecord,
    Order,
)
from service.store.files import SqlFiles
from service.store.uploads import SqlUploads
from specs.errors import BodyTooLarge, DragomanError, NotFound, StorageFull

log = structlog.get_logger()

SWEEP_SECONDS = 60.0
ORPHAN_SECONDS = 900.0
"""Bytes that belong to nothing and were not written to for so long were left by a crash."""
_ID = re.compile(r"file-[a-z0-9]{1,64}")


class NewFile(Struct, frozen=True):
    """What a caller says of a file."""

    filename: str
    purpose: str
    media_type: str
    seconds: int | None = None
    """How long it may live; None is for ever."""


class Receipt:
    """Bytes a project is sending, held to what it may send and store."""

    def __init__(
        self, incoming: Incoming, underway: Counter[str], project: str, *, most: int, room: int
    ) -> None:
        self.incoming = incoming
        self.project = project
        self._underway = underway
        self._most = most
        self._room = room

    async def write(self, data: bytes) -> None:
        """Take some bytes.

        Raises BodyTooLarge, StorageFull, StoreUnavailable.
        """
        if self.incoming.bytes + len(data) > self._most:
            raise BodyTooLarge(f"At most {self._most} bytes are taken here.", code="file_too_large")
        if self._underway[self.project] + len(data) > self._room:
            raise StorageFull
        self._underway[self.project] += len(data)
        await self.incoming.write(data)

    def over(self) -> None:
        """Nothing more comes; what was not kept goes."""
        self._underway[self.project] -= self.incoming.bytes
        if self._underway[self.project] <= 0:
            del self._underway[self.project]
        self.incoming.discard()


class Archive:
    """The files of every project. Unknown and foreign ids are the same NotFound."""

    def __init__(self, files: SqlFiles, uploads: SqlUploads, blobs: Blobs, *, limits: Limits) -> None:
        self._files = files
        self._uploads = uploads
        self._blobs = blobs
        self.limits = limits
        self._underway: Counter[str] = Counter()
        """Bytes that are arriving now, by project."""

    @asynccontextmanager
    async def receiving(self, project: str, *, most: int | None = None) -> AsyncIterator[Receipt]:
        """Take bytes in for as long as the block lasts; `most` at once, else what a file may have."""
        limits = self.limits
        room = limits.max_project_bytes - await self._files.stored(project)
        receipt = Receipt(
            self._blobs.incoming(), self._underway, project, most=most or limits.max_file_bytes, room=room
        )
        try:
            yield receipt
        finally:
            receipt.over()

    async def keep(self, receipt: Receipt, new: NewFile) -> FileRecord:
        """Make what was received a file.

        Raises StorageFull, StoreUnavailable.
        """
        file = record_of(
            receipt.project, new, bytes=receipt.incoming.bytes, blob=await receipt.incoming.keep()
        )
        try:
            await self._files.add(file, most=self.limits.max_project_bytes)
        except DragomanError:
            await self._blobs.remove([file.blob])
            raise
        return file

    async def get(self, id: str, *, project: str) -> FileRecord:
        """Find a file. Raises NotFound."""
        file = await self.find(id, project=project)
        if file is None:
            raise NotFound("There is no such file here.")
        return file

    async def find(self, id: str, *, project: str) -> FileRecord | None:
        """Find a file, or None."""
        return await self._files.get(id, project=project, now=now()) if _ID.fullmatch(id) else None

    async def page(
        self, project: str, *, after: str | None, limit: int, order: Order, purpose: str | None
    ) -> FilePage:
        """The files that follow one in this order, or the first.

        Raises NotFound where there is none to follow.
        """
        if after is not None:
            await self.get(after, project=project)
        return await self._files.page(
            project, after=after, limit=limit, order=order, purpose=purpose, now=now()
        )

    async def delete(self, id: str, *, project: str) -> None:
        """Delete a file. Raises NotFound."""
        found = await self._files.delete(id, project=project, now=now()) if _ID.fullmatch(id) else None
        if found is None:
            raise NotFound("There is no such file here.")
        await self._blobs.remove([found])

    def chunks(self, file: FileRecord) -> AsyncIterator[bytes]:
        """A file's bytes, piece by piece. Raises StoreUnavailable."""
        return self._blobs.chunks(file.blob)

    async def read(self, file: FileRecord) -> bytes:
        """All bytes of a file. Raises StoreUnavailable."""
        return await self._blobs.read(file.blob)

    async def sweep(self) -> None:
        """Remove what has expired, and what a crash left. Raises StoreUnavailable."""
        moment = now()
        expired = [*await self._files.expire(now=moment), *await self._uploads.expire(now=moment)]
        await self._blobs.remove(expired)
        old = await self._blobs.older_than(ORPHAN_SECONDS)
        if old:
            orphans = old - await self._files.blobs()
            await self._blobs.remove(orphans)

    async def maintain(self) -> None:
        """Sweep now and again, until cancelled."""
        while True:
            try:
                await self.sweep()
            except DragomanError as error:
                log.warning("files_not_swept", code=error.code)
            await asyncio.sleep(SWEEP_SECONDS)


def record_of(project: str, new: NewFile, *, bytes: int, blob: str) -> FileRecord:
    """A file that is new at this moment."""
    moment = now()
    return FileRecord(
        id=new_id("file").replace("_", "-", 1),
        project=project,
        filename=new.filename,
        purpose=new.purpose,
        media_type=new.media_type,
        bytes=bytes,
        blob=blob,
        created_at=moment,
        expires_at=None if new.seconds is None else moment + new.seconds,
    )


def now() -> int:
    """Unix seconds."""
    return int(time.time())
