"""The users: who they are, what they were granted, and how a token's bearer becomes one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
from msgspec import UNSET, Struct, UnsetType

from service.store.access_records import AuditEvent, OrganizationRole, Page, User
from service.store.audit import write_audit
from service.store.reader import Reader
from service.store.statements import sql
from service.store.writer import Connection, Writer, row
from specs.errors import Conflict, NotFound

_SQL = sql("users")


class UserChange(Struct, frozen=True):
    """What is to be different; UNSET stays."""

    name: str | UnsetType = UNSET
    role: OrganizationRole | UnsetType = UNSET
    permissions: tuple[str, ...] | UnsetType = UNSET


class SqlUsers:
    """Every method that changes something writes down the change it is given with it."""

    def __init__(self, writer: Writer, reader: Reader) -> None:
        self._writer = writer
        self._reader = reader

    async def create(self, user: User, event: AuditEvent) -> User:
        """Add a user; one who was deleted is there again, with their old id.

        Raises Conflict where the address or the subject is somebody's.
        """

        def command(connection: Connection) -> User:
            before = _known(connection, user)
            if before is None:
                connection.execute(_SQL["create"], _user_to_row(user))
            elif before.deleted_at is None:
                raise Conflict(f"There is a user already: {before.id}.", param="email")
            else:
                connection.execute(_SQL["revive"], {**_user_to_row(user), "id": before.id})
                connection.execute(_SQL["readmit"], {"id": before.id})
            id = user.id if before is None else before.id
            write_audit(connection, msgspec.structs.replace(event, target=id))
            return _row_to_user(row(connection, _SQL["by_id"], {"id": id}))

        return await self._writer.submit(command)

    async def get(self, id: str) -> User | None:
        """Find a user who was not deleted."""
        found = await self._reader.row(_SQL["by_id"], {"id": id})
        return _row_to_user(found) if found else None

    async def by_subject(self, issuer: str, subject: str) -> User | None:
        """Find a user by who they are to an issuer, a deleted one too."""
        found = await self._reader.row(_SQL["by_subject"], {"issuer": issuer, "subject": subject})
        return _row_to_user(found) if found else None

    async def by_email(self, email: str, *, deleted: bool = False) -> User | None:
        """Find a user by their address, a deleted one only where that is wanted."""
        found = await self._reader.row(_SQL["by_email"], {"email": email.lower()})
        user = _row_to_user(found) if found else None
        return user if user is None or deleted or user.deleted_at is None else None

    async def page(self, *, limit: int, after: str | None = None) -> Page[User]:
        """The users after one, oldest first. Raises NotFound where `after` is no user."""
        at, id = -1, ""
        if after is not None:
            before = await self.get(after)
            if before is None:
                raise NotFound(f"after: there is no user {after[:80]!r}.", param="after")
            at, id = before.created_at, before.id
        rows = await self._reader.rows(_SQL["after"], {"at": at, "id": id, "limit": limit + 1})
        return Page(tuple(map(_row_to_user, rows[:limit])), len(rows) > limit)

    async def update(self, id: str, change: UserChange, event: AuditEvent) -> User | None:
        """Change a user; None where there is none."""

        def command(connection: Connection) -> User | None:
            found = row(connection, _SQL["by_id"], {"id": id})
            if found is None:
                return None
            changed = _changed(_row_to_user(found), change)
            row(connection, _SQL["update"], _user_to_row(changed))
            write_audit(connection, event)
            return changed

        return await self._writer.submit(command)

    async def delete(self, id: str, *, now: int, event: AuditEvent) -> bool:
        """Delete a user and the provider credentials they brought, take them out of every project and
        revoke their keys; False where there is none."""

        def command(connection: Connection) -> bool:
            if row(connection, _SQL["delete"], {"id": id, "now": now}) is None:
                return False
            connection.execute(_SQL["leave_all"], {"id": id})
            connection.execute(_SQL["forget_credentials"], {"id": id})
            connection.execute(_SQL["revoke_keys"], {"id": id, "now": now})
            write_audit(connection, event)
            return True

        return await self._writer.submit(command)

    async def recognise(self, user: User) -> None:
        """Note who a user is to their issuer, and what it calls them.

        An address that another user has stays with them.
        """

        def command(connection: Connection) -> None:
            values = {"id": user.id, "email": user.email}
            connection.execute(_SQL["release_email"], values)
            holder = row(connection, _SQL["by_email"], {"email": user.email}) if user.email else None
            before = row(connection, _SQL["by_id"], {"id": user.id})
            if before is None:
                return
            taken = holder is not None and holder[0] != user.id
            email = before[2] if taken else user.email
            connection.execute(
                _SQL["recognise"],
                {
                    "id": user.id,
                    "issuer": user.issuer,
                    "subject": user.subject,
                    "name": user.name,
                    "email": email,
                },
            )

        await self._writer.submit(command)


def _known(connection: Connection, user: User) -> User | None:
    """The user of this subject or address, a deleted one too."""
    found = None
    if user.subject is not None:
        found = row(connection, _SQL["by_subject"], {"issuer": user.issuer, "subject": user.subject})
    if found is None and user.email is not None:
        found = row(connection, _SQL["by_email"], {"email": user.email})
    return _row_to_user(found) if found else None


def _changed(user: User, change: UserChange) -> User:
    given = {name: value for name, value in msgspec.structs.asdict(change).items() if value is not UNSET}
    return msgspec.structs.replace(user, **given)


def _user_to_row(user: User) -> dict[str, Any]:
    values = msgspec.structs.asdict(user)
    return {**values, "permissions": msgspec.json.encode(user.permissions).decode()}


def _row_to_user(values: Sequence[Any]) -> User:
    id, name, email, issuer, subject, role, permissions, created_at, deleted_at, used_at = values
    granted = _names.decode(permissions)
    return User(id, name, email, issuer, subject, role, granted, created_at, deleted_at, used_at)


_names = msgspec.json.Decoder(tuple[str, ...])
