"""Uploads: files that arrive in parts."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import structs

from service.store.file_records import FileRecord, NewPart, NewUpload, PartRecord, UploadRecord, UploadStatus
from service.store.files import add_file
from service.store.reader import Reader
from service.store.statements import sql
from service.store.writer import Connection, Writer, row, rows

_SQL = sql("uploads")


class SqlUploads:
    """Uploads by project."""

    def __init__(self, writer: Writer, reader: Reader) -> None:
        self._writer = writer
        self._reader = reader

    async def begin(self, upload: NewUpload) -> None:
        """Begin an upload."""

        def command(connection: Connection) -> None:
            connection.execute(_SQL["begin"], structs.asdict(upload))

        await self._writer.submit(command)

    async def get(self, id: str, *, project: str, now: int) -> UploadRecord | None:
        """Find an upload."""
        found = await self._reader.row(_SQL["get"], {"id": id, "project": project, "now": now})
        return UploadRecord(*found) if found else None

    async def add_part(self, part: NewPart, *, most_parts: int) -> bool:
        """Add a part; False when the upload is no longer pending or has no room for it."""
        values = {**structs.asdict(part), "most_parts": most_parts}
        found = await self._writer.submit(lambda connection: row(connection, _SQL["add_part"], values))
        return found is not None

    async def parts(self, id: str) -> dict[str, PartRecord]:
        """The parts of an upload by their ids."""
        found = await self._reader.rows(_SQL["parts"], {"upload": id})
        return {values[0]: PartRecord(*values) for values in found}

    async def complete(self, id: str, file: FileRecord, *, most: int) -> Sequence[str] | None:
        """Make a pending upload the file it became, and name the blobs of its parts, which are done with.

        None when it is no longer pending. Raises StorageFull.
        """

        def command(connection: Connection) -> list[str] | None:
            blobs = _close(connection, id, file.project, "completed", file=file.id, now=file.created_at)
            if blobs is not None:
                add_file(connection, file, most=most)
            return blobs

        return await self._writer.submit(command)

    async def cancel(self, id: str, *, project: str, now: int) -> Sequence[str] | None:
        """Give a pending upload up and name the blobs of its parts; None when it is no longer pending."""
        return await self._writer.submit(
            lambda connection: _close(connection, id, project, "cancelled", file=None, now=now)
        )

    async def expire(self, *, now: int) -> list[str]:
        """End the uploads whose time is over and name the blobs of their parts."""

        def command(connection: Connection) -> list[str]:
            ended = rows(connection, _SQL["expire"], {"now": now})
            return [blob for (id,) in ended for blob in _drop_parts(connection, id)]

        return await self._writer.submit(command)


def _close(
    connection: Connection, id: str, project: str, status: UploadStatus, *, file: str | None, now: int
) -> list[str] | None:
    values = {"id": id, "project": project, "status": status, "file": file, "now": now}
    if row(connection, _SQL["close"], values) is None:
        return None
    return _drop_parts(connection, id)


def _drop_parts(connection: Connection, id: str) -> list[str]:
    return [blob for (blob,) in rows(connection, _SQL["drop_parts"], {"id": id})]
