"""Who there is, what they may do, and what was changed: the repositories that belong together."""

from __future__ import annotations

from msgspec import Struct

from service.store.audit import SqlAuditLog
from service.store.database import Database
from service.store.keys import SqlKeys
from service.store.members import SqlMembers
from service.store.projects import SqlProjects
from service.store.service_accounts import SqlServiceAccounts
from service.store.users import SqlUsers


class Access(Struct, frozen=True):
    """The repositories of access."""

    projects: SqlProjects
    users: SqlUsers
    members: SqlMembers
    service_accounts: SqlServiceAccounts
    keys: SqlKeys
    audit: SqlAuditLog


def access_to(database: Database) -> Access:
    """Those of a database."""
    return Access(
        database.projects,
        database.users,
        database.members,
        database.service_accounts,
        database.keys,
        database.audit,
    )
