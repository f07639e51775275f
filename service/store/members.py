"""Who is in which project, as what, and what their keys are charged to."""

from __future__ import annotations

from collections.abc import Sequence

from service.store.access_records import AuditEvent, Member, Page, Role
from service.store.accounts import open_account
from service.store.audit import write_audit
from service.store.reader import Reader
from service.store.statements import sql
from service.store.writer import Connection, Writer, row
from specs.errors import NotFound

_SQL = sql("members")


class SqlMembers:
    """Every method that changes something writes down the change it is given with it."""

    def __init__(self, writer: Writer, reader: Reader) -> None:
        self._writer = writer
        self._reader = reader

    async def add(self, project: str, user: str, role: Role, *, now: int, event: AuditEvent) -> Member:
        """Make a user a member of a project, with this role from now on."""

        def command(connection: Connection) -> Member:
            connection.execute(_SQL["add"], {"project": project, "user": user, "role": role, "now": now})
            write_audit(connection, event)
            return Member(*row(connection, _SQL["one"], {"project": project, "user": user}))

        return await self._writer.submit(command)

    async def get(self, project: str, user: str) -> Member | None:
        """What a user is in a project; None where they are no member."""
        found = await self._reader.row(_SQL["one"], {"project": project, "user": user})
        member = Member(*found) if found else None
        return None if member is None or member.role == "none" else member

    async def of_user(self, user: str) -> Sequence[Member]:
        """What a user is in every project that is not archived."""
        return [Member(*found) for found in await self._reader.rows(_SQL["of_user"], {"user": user})]

    async def page(self, project: str, *, limit: int, after: str | None = None) -> Page[Member]:
        """The members of a project after one, oldest first. Raises NotFound where `after` is none."""
        at, id = -1, ""
        if after is not None:
            before = await self.get(project, after)
            if before is None:
                raise NotFound(f"after: there is no user {after[:80]!r} in this project.", param="after")
            at, id = before.created_at, before.user
        values = {"project": project, "at": at, "id": id, "limit": limit + 1}
        rows = await self._reader.rows(_SQL["after"], values)
        return Page(tuple(Member(*found) for found in rows[:limit]), len(rows) > limit)

    async def update(self, project: str, user: str, role: Role, event: AuditEvent) -> Member | None:
        """Change a member's role, `none` takes them out; None where they are no member."""

        def command(connection: Connection) -> Member | None:
            values = {"project": project, "user": user}
            if row(connection, _SQL["update"], {**values, "role": role}) is None:
                return None
            write_audit(connection, event)
            return Member(*row(connection, _SQL["one"], values))

        return await self._writer.submit(command)


def account_of_user(connection: Connection, project: str, user: str, *, new: str, now: int) -> str:
    """A user's account in a project, opened with the id `new` where they have none. Within a command."""
    values = {"project": project, "user": user}
    connection.execute(_SQL["know"], {**values, "now": now})
    known = Member(*row(connection, _SQL["one"], values)).account
    if known is not None:
        return known
    open_account(connection, new, project=project, unlimited=False, now=now)
    row(connection, _SQL["have_account"], {**values, "account": new})
    return new
