"""What was changed and by whom, in the shape of OpenAI's audit logs.

https://platform.openai.com/docs/api-reference/audit-logs
"""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

from msgspec import UNSET, Meta, Struct, UnsetType, field

from specs.openai.organization import DEFAULT_PAGE, Limit

Values: TypeAlias = Annotated[tuple[str, ...], Meta(max_length=100)]
Moment: TypeAlias = Annotated[int, Meta(ge=0, le=2**40)] | UnsetType


class AuditFilter(Struct, frozen=True):
    """Which changes are asked for. Lists may also be given as `name[]`."""

    event_types: Values = ()
    project_ids: Values = ()
    actor_ids: Values = ()
    """Ids of users, service accounts or keys."""
    actor_emails: Values = ()
    resource_ids: Values = ()
    """Ids of what was changed."""
    since: Moment = field(default=UNSET, name="effective_at[gte]")
    """Unix seconds."""
    later_than: Moment = field(default=UNSET, name="effective_at[gt]")
    until: Moment = field(default=UNSET, name="effective_at[lte]")
    earlier_than: Moment = field(default=UNSET, name="effective_at[lt]")
    tenant_only: bool = False
    """Refused where true."""


class AuditQuery(AuditFilter, frozen=True):
    """A page of changes."""

    limit: Limit = DEFAULT_PAGE
    after: str | UnsetType = UNSET
    """The id the page follows."""
    before: str | UnsetType = UNSET
    """The id the page comes before."""


class AuditExport(AuditFilter, frozen=True):
    """Changes as a file."""

    format: Literal["csv", "jsonl"] = "jsonl"


class AuditUser(Struct, frozen=True):
    id: str
    email: str | None


class AuditServiceAccount(Struct, frozen=True):
    id: str


class AuditKey(Struct, frozen=True):
    """A key that changed something, and whose it is."""

    id: str
    type: Literal["user", "service_account"] | None
    user: AuditUser | None = None
    service_account: AuditServiceAccount | None = None


class AuditSession(Struct, frozen=True):
    """A user who came with a token."""

    user: AuditUser


class AuditActor(Struct, frozen=True):
    """Who changed something: `operator` worked on the machine, `service` is this program itself."""

    type: Literal["api_key", "session", "operator", "service"]
    api_key: AuditKey | None = None
    session: AuditSession | None = None


class AuditProject(Struct, frozen=True):
    id: str
    name: str


class AuditLogEntry(Struct, frozen=True):
    """A change. What it was in detail stands in a field with the name of its type."""

    id: str
    type: str
    effective_at: int
    actor: AuditActor
    target_id: str
    """What was changed."""
    project: AuditProject | None = None
    request_id: str | None = None
    object: Literal["organization.audit_log"] = "organization.audit_log"


class AuditLogList(Struct, frozen=True):
    data: tuple[AuditLogEntry, ...]
    has_more: bool
    first_id: str | None = None
    last_id: str | None = None
    object: Literal["list"] = "list"
