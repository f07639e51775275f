"""Service accounts: programs that have keys in a project."""

from __future__ import annotations

from msgspec import structs

from service.store.access_records import AuditEvent, Page, Role, ServiceAccount
from service.store.audit import write_audit
from service.store.reader import Reader
from service.store.statements import sql
from service.store.writer import Connection, Writer, row
from specs.errors import NotFound

_SQL = sql("service_accounts")


class SqlServiceAccounts:
    """Every method that changes something writes down the change it is given with it."""

    def __init__(self, writer: Writer, reader: Reader) -> None:
        self._writer = writer
        self._reader = reader

    async def create(self, account: ServiceAccount, event: AuditEvent) -> None:
        """Add a service account."""

        def command(connection: Connection) -> None:
            connection.execute(_SQL["create"], structs.asdict(account))
            write_audit(connection, event)

        await self._writer.submit(command)

    async def get(self, project: str, id: str) -> ServiceAccount | None:
        """Find a service account of a project."""
        found = await self._reader.row(_SQL["by_id"], {"project": project, "id": id})
        return ServiceAccount(*found) if found else None

    async def page(self, project: str, *, limit: int, after: str | None = None) -> Page[ServiceAccount]:
        """Those of a project after one, oldest first. Raises NotFound where `after` is none."""
        at, id = -1, ""
        if after is not None:
            before = await self.get(project, after)
            if before is None:
                raise NotFound(f"after: there is no service account {after[:80]!r}.", param="after")
            at, id = before.created_at, before.id
        values = {"project": project, "at": at, "id": id, "limit": limit + 1}
        rows = await self._reader.rows(_SQL["after"], values)
        return Page(tuple(ServiceAccount(*found) for found in rows[:limit]), len(rows) > limit)

    async def update(
        self, project: str, id: str, *, name: str | None, role: Role | None, event: AuditEvent
    ) -> ServiceAccount | None:
        """Change a name or role, None stays; returns None where there is no such account."""

        def command(connection: Connection) -> ServiceAccount | None:
            found = row(connection, _SQL["by_id"], {"project": project, "id": id})
            if found is None:
                return None
            before = ServiceAccount(*found)
            changed = structs.replace(before, name=name or before.name, role=role or before.role)
            row(connection, _SQL["update"], structs.asdict(changed))
            write_audit(connection, event)
            return changed

        return await self._writer.submit(command)

    async def delete(self, project: str, id: str, *, now: int, event: AuditEvent) -> bool:
        """Delete a service account and revoke its keys; False where there is none."""

        def command(connection: Connection) -> bool:
            values = {"project": project, "id": id, "now": now}
            if row(connection, _SQL["delete"], values) is None:
                return False
            connection.execute(_SQL["revoke_keys"], values)
            write_audit(connection, event)
            return True

        return await self._writer.submit(command)
