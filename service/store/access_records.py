"""Users, their memberships, service accounts and what was changed by whom, as data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Generic, Literal, TypeAlias, TypeVar

import msgspec
from msgspec import Struct

T = TypeVar("T")

OrganizationRole: TypeAlias = Literal["owner", "reader"]
"""An owner administers everything."""
Role: TypeAlias = Literal["owner", "member", "viewer", "none"]
"""In a project; `none` has no access."""
KEYS_USE = "keys.use"
KEYS_CREATE = "keys.create"
PERMISSIONS = (KEYS_USE, KEYS_CREATE)
"""What a user is granted beyond a role; an owner of the organization has them all."""

MICROSECONDS = 1_000_000
"""In a second."""

Detail: TypeAlias = str | int | bool | Sequence[str] | None


class Page(Struct, Generic[T], frozen=True):
    """A stretch of a list."""

    data: tuple[T, ...]
    has_more: bool


class User(Struct, frozen=True):
    """A person, or who they are to an issuer of tokens."""

    id: str
    name: str
    email: str | None
    issuer: str | None
    subject: str | None
    role: OrganizationRole
    permissions: tuple[str, ...]
    created_at: int
    deleted_at: int | None = None
    last_used_at: int | None = None
    """When a key of theirs was last used."""

    def may(self, permission: str) -> bool:
        """Whether they were granted this, or own the organization."""
        return self.role == "owner" or permission in self.permissions


class Member(Struct, frozen=True):
    """A user in a project."""

    project: str
    project_name: str
    user: str
    name: str
    email: str | None
    role: Role
    account: str | None
    """What their keys are charged to unless those have their own; opened with the first."""
    created_at: int


class ServiceAccount(Struct, frozen=True):
    """A program in a project."""

    id: str
    project: str
    name: str
    role: Role
    created_at: int


class Actor(Struct, frozen=True):
    """Who changed something."""

    kind: Literal["key", "user", "operator", "service"]
    """`operator` works on the machine; `service` is this program itself."""
    key: str | None = None
    user: str | None = None
    email: str | None = None
    service_account: str | None = None


SERVICE = Actor("service")
OPERATOR = Actor("operator")


class AuditEvent(Struct, frozen=True):
    """A change: who did what to what, and when. Never a secret."""

    id: str
    type: str
    """`noun.participle`: `api_key.created`."""
    moment: int
    """Unix microseconds."""
    target: str
    """The id of what was changed."""
    actor: Actor
    project: str | None = None
    request_id: str = ""
    details: msgspec.Raw = msgspec.Raw(b"{}")
    """A JSON object; see `detailed`."""

    @property
    def created_at(self) -> int:
        """Unix seconds."""
        return self.moment // MICROSECONDS


def detailed(details: Mapping[str, Detail]) -> msgspec.Raw:
    """What is said of a change beside who, what and when."""
    return msgspec.Raw(msgspec.json.encode(details))


class AuditQuery(Struct, frozen=True):
    """Which changes are asked for; an empty tuple is all."""

    types: tuple[str, ...] = ()
    projects: tuple[str, ...] = ()
    actors: tuple[str, ...] = ()
    """Ids of users, service accounts or keys."""
    emails: tuple[str, ...] = ()
    targets: tuple[str, ...] = ()
    since: int = 0
    """Unix seconds, included."""
    until: int = 2**42
    """Not included."""
