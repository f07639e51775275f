"""Files: what is known of them. Their bytes are in `blobs`."""

from __future__ import annotations

from msgspec import structs

from service.store.file_records import FilePage, FileRecord, Order
from service.store.reader import Reader
from service.store.statements import sql
from service.store.writer import Connection, Writer, row, rows
from specs.errors import StorageFull

_SQL = sql("files")


class SqlFiles:
    """Files by project; an expired one, one of another project and one that never was are the same."""

    def __init__(self, writer: Writer, reader: Reader) -> None:
        self._writer = writer
        self._reader = reader

    async def add(self, file: FileRecord, *, most: int) -> None:
        """Note a file whose bytes are on disk.

        Raises StorageFull when its project would then have more than `most` bytes.
        """
        await self._writer.submit(lambda connection: add_file(connection, file, most=most))

    async def stored(self, project: str) -> int:
        """The bytes a project has stored, unfinished uploads included."""
        (total,) = await self._reader.row(_SQL["stored"], {"project": project})
        return total

    async def get(self, id: str, *, project: str, now: int) -> FileRecord | None:
        """Find a file."""
        found = await self._reader.row(_SQL["get"], {"id": id, "project": project, "now": now})
        return FileRecord(*found) if found else None

    async def page(
        self,
        project: str,
        *,
        after: str | None,
        limit: int,
        order: Order,
        purpose: str | None,
        now: int,
    ) -> FilePage:
        """The files that follow one in this order."""
        values = {
            "project": project,
            "purpose": purpose,
            "now": now,
            "limit": limit + 1,
            "after": after,
        }
        found = await self._reader.rows(_SQL[f"page_{order}"], values)
        return FilePage(tuple(FileRecord(*values) for values in found[:limit]), len(found) > limit)

    async def delete(self, id: str, *, project: str, now: int) -> str | None:
        """Forget a file and name its blob; None where there is none."""
        values = {"id": id, "project": project, "now": now}
        found = await self._writer.submit(lambda connection: row(connection, _SQL["delete"], values))
        return found[0] if found else None

    async def expire(self, *, now: int) -> list[str]:
        """Forget the files whose time is over and name their blobs."""
        found = await self._writer.submit(lambda connection: rows(connection, _SQL["expire"], {"now": now}))
        return [blob for (blob,) in found]

    async def blobs(self) -> set[str]:
        """Every blob that belongs to a file or to a part of an upload."""
        return {blob for (blob,) in await self._reader.rows(_SQL["blobs"])}


def add_file(connection: Connection, file: FileRecord, *, most: int) -> None:
    """Note a file within a command.

    Raises StorageFull.
    """
    if row(connection, _SQL["add"], {**structs.asdict(file), "most": most}) is None:
        raise StorageFull
