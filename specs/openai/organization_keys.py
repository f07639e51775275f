"""Service accounts and API keys, in the shapes of OpenAI's administration API, and the keys a user
manages. A secret is in the answer that made it and in no other.

https://platform.openai.com/docs/api-reference/project-api-keys
"""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

from msgspec import UNSET, Meta, Struct, UnsetType

from specs.openai.organization import Id, ListQuery, Name

MAX_SECONDS = 10 * 366 * 86_400
Seconds: TypeAlias = Annotated[int, Meta(ge=1, le=MAX_SECONDS)]
Scope: TypeAlias = Literal[
    "inference",
    "agents.read",
    "files",
    "conversations",
    "assistants",
    "agents.write",
    "keys.create",
    "usage.read",
]
"""`admin` is given by `admin_api_keys` only."""
Scopes: TypeAlias = Annotated[tuple[Scope, ...], Meta(min_length=1, max_length=16)]
AgentIds: TypeAlias = Annotated[tuple[Id, ...], Meta(max_length=256)]
Dollars: TypeAlias = Annotated[str, Meta(min_length=1, max_length=32, pattern=r"^[0-9]{1,9}(\.[0-9]{1,9})?$")]
ServiceAccountRole: TypeAlias = Literal["owner", "member"]
DEFAULT_GRACE = 86_400


class Spending(Struct, frozen=True, kw_only=True):
    """What a new key is charged to. By default an account of its own, with nothing on it."""

    account_id: Id | None = None
    """An account of the project, shared with others."""
    balance: Dollars | None = None
    """USD to begin with, on an account of its own."""
    unlimited: bool | None = None
    """Whether its own account has no limit."""


class CreateServiceAccount(Spending, frozen=True, kw_only=True):
    """A service account to be made, with a key."""

    name: Name
    create_service_account_only: bool | None = None
    """True makes no key, and a role that has no access."""
    expires_in_seconds: Seconds | None = None
    """When the key expires; never by default."""


class UpdateServiceAccount(Struct, frozen=True):
    name: Name | None = None
    role: ServiceAccountRole | None = None


class CreateServiceAccountKey(Spending, frozen=True, kw_only=True):
    """A further key of a service account."""

    name: Name | None = None
    scopes: Scopes | None = None
    agents: AgentIds | None = None
    expires_in_seconds: Seconds | None = None


class NewServiceAccountKey(Struct, frozen=True):
    """A key of a service account, the one time its secret is shown."""

    id: str
    name: str
    value: str
    created_at: int
    expires_at: int | None
    object: Literal["organization.project.service_account.api_key"] = (
        "organization.project.service_account.api_key"
    )


class ProjectServiceAccount(Struct, frozen=True):
    """A program in a project."""

    id: str
    name: str
    role: Literal["owner", "member", "none"]
    created_at: int
    object: Literal["organization.project.service_account"] = "organization.project.service_account"


class NewServiceAccount(Struct, frozen=True):
    """A service account that was made, with its first key."""

    id: str
    name: str
    role: Literal["owner", "member", "none"]
    created_at: int
    api_key: NewServiceAccountKey | None
    object: Literal["organization.project.service_account"] = "organization.project.service_account"


class ProjectServiceAccountList(Struct, frozen=True):
    data: tuple[ProjectServiceAccount, ...]
    has_more: bool
    first_id: str | None = None
    last_id: str | None = None
    object: Literal["list"] = "list"


class ServiceAccountDeleted(Struct, frozen=True):
    id: str
    deleted: bool = True
    object: Literal["organization.project.service_account.deleted"] = (
        "organization.project.service_account.deleted"
    )


class KeyQuery(ListQuery, frozen=True):
    """Which keys are asked for."""

    owner_project_access: Literal["active", "inactive", "any"] = "any"


class OwnerServiceAccount(Struct, frozen=True):
    id: str
    name: str
    role: str
    created_at: int


class OwnerUser(Struct, frozen=True):
    id: str
    name: str
    email: str
    role: str
    created_at: int


class KeyOwner(Struct, frozen=True):
    """Whose a key is; no field is set where it is the project's own."""

    type: Literal["user", "service_account"] | None = None
    user: OwnerUser | None = None
    service_account: OwnerServiceAccount | None = None


class ProjectApiKey(Struct, frozen=True, kw_only=True):
    """A key, without its secret."""

    id: str
    name: str
    redacted_value: str
    created_at: int
    last_used_at: int | None
    """Up to a minute old."""
    expires_at: int | None
    owner: KeyOwner
    owner_project_access: Literal["active", "inactive"]
    scopes: tuple[str, ...]
    agents: tuple[str, ...] | None
    """The agents it may use; null is every one."""
    account_id: str
    project_id: str
    object: Literal["organization.project.api_key"] = "organization.project.api_key"


class NewProjectApiKey(ProjectApiKey, frozen=True, kw_only=True):
    """A key, the one time its secret is shown."""

    value: str


class ProjectApiKeyList(Struct, frozen=True):
    data: tuple[ProjectApiKey, ...]
    has_more: bool
    first_id: str | None = None
    last_id: str | None = None
    object: Literal["list"] = "list"


class CreateProjectApiKey(Spending, frozen=True, kw_only=True):
    """A key to be made: of a user, of a service account, or the project's own."""

    name: Name
    user_id: Id | None = None
    """A member, whose account is charged unless another is named."""
    service_account_id: Id | None = None
    scopes: Scopes | None = None
    """The data scopes by default."""
    agents: AgentIds | None = None
    """The agents it may use, by id or alias; every one by default."""
    expires_in_seconds: Seconds | None = None


class UpdateProjectApiKey(Struct, frozen=True):
    """What is to be different about a key; what is left out stays."""

    name: Name | None = None
    scopes: Scopes | None = None
    agents: AgentIds | UnsetType | None = UNSET
    """Null is every one."""
    expires_in_seconds: Seconds | None = None
    """From now on."""


class RotateKey(Struct, frozen=True):
    """How a key is to get another secret."""

    grace_seconds: Annotated[int, Meta(ge=0, le=90 * 86_400)] = DEFAULT_GRACE
    """How long the old one goes on opening."""


class ProjectApiKeyDeleted(Struct, frozen=True):
    id: str
    deleted: bool = True
    object: Literal["organization.project.api_key.deleted"] = "organization.project.api_key.deleted"


class AdminKeyQuery(ListQuery, frozen=True):
    order: Literal["asc", "desc"] = "asc"
    """By the time they were made."""


class CreateAdminKey(Struct, frozen=True):
    name: Name
    expires_in_seconds: Seconds | None = None


class AdminKeyOwner(Struct, frozen=True):
    id: str | None = None
    name: str | None = None
    created_at: int | None = None
    role: Literal["owner"] = "owner"
    type: Literal["user", "service"] = "service"
    """`user` where a user made it for themselves."""
    object: Literal["organization.user", "organization"] = "organization"


class AdminApiKey(Struct, frozen=True, kw_only=True):
    """A key of administration, without its secret."""

    id: str
    name: str
    redacted_value: str
    created_at: int
    last_used_at: int | None
    expires_at: int | None
    owner: AdminKeyOwner
    object: Literal["organization.admin_api_key"] = "organization.admin_api_key"


class NewAdminApiKey(AdminApiKey, frozen=True, kw_only=True):
    """A key of administration, the one time its secret is shown."""

    value: str


class AdminApiKeyList(Struct, frozen=True):
    data: tuple[AdminApiKey, ...]
    has_more: bool
    first_id: str | None = None
    last_id: str | None = None
    object: Literal["list"] = "list"


class AdminApiKeyDeleted(Struct, frozen=True):
    id: str
    deleted: bool = True
    object: Literal["organization.admin_api_key.deleted"] = "organization.admin_api_key.deleted"


class CreateUserKey(Struct, frozen=True):
    """A key a user makes for themselves. It may do no more than whoever asks for it."""

    name: Name
    scopes: Scopes | None = None
    """The data scopes by default."""
    agents: AgentIds | None = None
    """The agents it may use, by id or alias; by default those that whoever asks may use."""
    expires_in_seconds: Seconds | None = None
    account: Literal["user", "own"] = "user"
    """What it is charged to: the account its user has in the project, or one of its own, empty at first."""
