"""Projects: the tenants."""

from __future__ import annotations

from collections.abc import Sequence

from service.store.access_records import AuditEvent, Page
from service.store.audit import write_audit
from service.store.reader import Reader
from service.store.records import Project
from service.store.statements import sql
from service.store.writer import Connection, Writer, row
from specs.errors import Conflict, NotFound

_SQL = sql("projects")
_KEYS = sql("keys")


class SqlProjects:
    """See `service.store.ports.Projects`. What is given a change writes it down with what it does."""

    def __init__(self, writer: Writer, reader: Reader) -> None:
        self._writer = writer
        self._reader = reader

    async def ensure(self, name: str, *, id: str, now: int) -> Project:
        """Return the project of this name, made with this id unless there is one."""

        def command(connection: Connection) -> Project:
            connection.execute(_SQL["ensure"], {"id": id, "name": name, "now": now})
            return Project(*row(connection, _SQL["named"], {"name": name}))

        return await self._writer.submit(command)

    async def create(self, project: Project, event: AuditEvent) -> Project:
        """Make a project. Raises Conflict where the name is another's."""

        def command(connection: Connection) -> Project:
            _refuse_taken(connection, project.name)
            values = {"id": project.id, "name": project.name, "now": project.created_at}
            connection.execute(_SQL["ensure"], values)
            write_audit(connection, event)
            return project

        return await self._writer.submit(command)

    async def named(self, name: str) -> Project | None:
        """Find a project by its name."""
        found = await self._reader.row(_SQL["named"], {"name": name})
        return Project(*found) if found else None

    async def get(self, id: str) -> Project | None:
        """Find a project by its id."""
        found = await self._reader.row(_SQL["by_id"], {"id": id})
        return Project(*found) if found else None

    async def list(self) -> Sequence[Project]:
        """Every project, by name."""
        return [Project(*found) for found in await self._reader.rows(_SQL["every"])]

    async def page(self, *, limit: int, after: str | None = None, archived: bool = False) -> Page[Project]:
        """The projects after one, oldest first. Raises NotFound where `after` is none."""
        at, id = -1, ""
        if after is not None:
            before = await self.get(after)
            if before is None:
                raise NotFound(f"after: there is no project {after[:80]!r}.", param="after")
            at, id = before.created_at, before.id
        values = {"at": at, "id": id, "archived": int(archived), "limit": limit + 1}
        rows = await self._reader.rows(_SQL["after"], values)
        return Page(tuple(Project(*found) for found in rows[:limit]), len(rows) > limit)

    async def rename(self, id: str, name: str, event: AuditEvent) -> Project | None:
        """Give a project another name; None where there is none. Raises Conflict where it is another's."""

        def command(connection: Connection) -> Project | None:
            if row(connection, _SQL["by_id"], {"id": id}) is None:
                return None
            _refuse_taken(connection, name, besides=id)
            write_audit(connection, event)
            return Project(*row(connection, _SQL["rename"], {"id": id, "name": name}))

        return await self._writer.submit(command)

    async def archive(self, id: str, *, now: int, event: AuditEvent) -> Project | None:
        """Archive a project and revoke its keys, for good; None where there is none."""

        def command(connection: Connection) -> Project | None:
            archived = row(connection, _SQL["archive"], {"id": id, "now": now})
            if archived is None:
                return None
            connection.execute(_KEYS["revoke_project"], {"project": id, "now": now})
            write_audit(connection, event)
            return Project(*archived)

        return await self._writer.submit(command)


def _refuse_taken(connection: Connection, name: str, *, besides: str | None = None) -> None:
    found = row(connection, _SQL["named"], {"name": name})
    if found is not None and found[0] != besides:
        raise Conflict(f"name: there is a project {name!r} already.", param="name")
