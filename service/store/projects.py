"""Projects as they are stored."""

from __future__ import annotations

from collections.abc import Sequence

from service.store.reader import Reader
from service.store.records import Project
from service.store.statements import sql
from service.store.writer import Connection, Writer, row

_SQL = sql("projects")


class SqlProjects:
    """See `service.store.ports.Projects`."""

    def __init__(self, writer: Writer, reader: Reader) -> None:
        self._writer = writer
        self._reader = reader

    async def ensure(self, name: str, *, id: str, now: int) -> Project:
        """Return the project of this name, made with this id unless there is one."""

        def command(connection: Connection) -> Project:
            connection.execute(_SQL["ensure"], {"id": id, "name": name, "now": now})
            return Project(*row(connection, _SQL["named"], {"name": name}))

        return await self._writer.submit(command)

    async def named(self, name: str) -> Project | None:
        """Find a project by its name."""
        found = await self._reader.row(_SQL["named"], {"name": name})
        return Project(*found) if found else None

    async def list(self) -> Sequence[Project]:
        """Every project, by name."""
        return [Project(*found) for found in await self._reader.rows(_SQL["every"])]
