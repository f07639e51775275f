"""Users and their keys, made on the database beside a service as an administrator makes them."""

from __future__ import annotations

import time

from service.ids import new_id
from service.store.access_records import OPERATOR, PERMISSIONS, AuditEvent, OrganizationRole, Role, User
from service.store.database import Database
from tests.support.house import Key, Service


def key_of_user(
    service: Service,
    project: str,
    scopes: tuple[str, ...],
    *,
    role: Role = "member",
    organization_role: OrganizationRole = "reader",
    permissions: tuple[str, ...] = PERMISSIONS,
) -> Key:
    """A key of a new user who is a member of this project."""
    now = int(time.time())

    def event(type: str) -> AuditEvent:
        return AuditEvent(new_id("audit"), type, now * 1_000_000, "", OPERATOR)

    async def join(database: Database) -> str:
        owner = await database.projects.ensure(project, id=new_id("proj"), now=now)
        user = User(new_id("user"), "Ada", None, None, None, organization_role, permissions, now)
        await database.users.create(user, event("user.added"))
        await database.members.add(owner.id, user.id, role, now=now, event=event("user.updated"))
        return user.id

    return service.key(scopes=scopes, project=project, user=service.operate(join))
