"""Projects and people, in the shapes of OpenAI's administration API.

https://platform.openai.com/docs/api-reference/administration
"""

from __future__ import annotations

from typing import Annotated, Any, Literal, TypeAlias

from msgspec import UNSET, Meta, Struct, UnsetType

from specs.openai.marks import NOTHING

Name: TypeAlias = Annotated[str, Meta(min_length=1, max_length=128)]
Email: TypeAlias = Annotated[str, Meta(min_length=3, max_length=254)]
Id: TypeAlias = Annotated[str, Meta(min_length=1, max_length=128)]
OrganizationRole: TypeAlias = Literal["owner", "reader"]
MemberRole: TypeAlias = Literal["owner", "member", "viewer"]
Permission: TypeAlias = Literal["keys.use", "keys.create"]
MAX_PAGE = 100
DEFAULT_PAGE = 20
Limit: TypeAlias = Annotated[int, Meta(ge=1, le=MAX_PAGE)]


class ListQuery(Struct, frozen=True):
    """A page of a list."""

    limit: Limit = DEFAULT_PAGE
    after: str | UnsetType = UNSET
    """The id the page follows."""


class ProjectQuery(ListQuery, frozen=True):
    """Which projects are asked for."""

    include_archived: bool = False


class CreateProject(Struct, frozen=True):
    """A project to be made."""

    name: Name
    """Not that of another project: agents and settings name projects."""
    external_key_id: Annotated[str | None, NOTHING] = None
    geography: Annotated[str | None, NOTHING] = None
    residency: Annotated[Any, NOTHING] = None


class UpdateProject(Struct, frozen=True):
    """What is to be different about a project."""

    name: Name | None = None
    external_key_id: Annotated[str | None, NOTHING] = None
    geography: Annotated[str | None, NOTHING] = None


class OrganizationProject(Struct, frozen=True):
    """A project."""

    id: str
    name: str
    created_at: int
    archived_at: int | None
    status: Literal["active", "archived"]
    object: Literal["organization.project"] = "organization.project"


class OrganizationProjectList(Struct, frozen=True):
    data: tuple[OrganizationProject, ...]
    has_more: bool
    first_id: str | None = None
    last_id: str | None = None
    object: Literal["list"] = "list"


class UserQuery(ListQuery, frozen=True):
    """Which users are asked for."""

    emails: Annotated[tuple[str, ...], Meta(max_length=MAX_PAGE)] = ()
    """Only those with one of these addresses; also as `emails[]`."""


class UserProject(Struct, frozen=True):
    """A project a user is to be in."""

    id: Id
    role: MemberRole = "member"


class CreateUser(Struct, frozen=True):
    """A user to be added: known by address, or by who they are to the issuer of tokens."""

    name: Name | None = None
    email: Email | None = None
    """A verified address of their token makes them this user."""
    subject: Annotated[str, Meta(min_length=1, max_length=255)] | None = None
    """The `sub` of their tokens."""
    role: OrganizationRole = "reader"
    permissions: tuple[Permission, ...] = ()
    projects: Annotated[tuple[UserProject, ...], Meta(max_length=MAX_PAGE)] = ()


class UpdateUser(Struct, frozen=True):
    """What is to be different about a user."""

    name: Name | None = None
    role: OrganizationRole | None = None
    permissions: tuple[Permission, ...] | None = None
    role_id: Annotated[str | None, NOTHING] = None
    developer_persona: Annotated[str | None, NOTHING] = None
    technical_level: Annotated[str | None, NOTHING] = None


class UserProjectShown(Struct, frozen=True):
    id: str
    name: str
    role: str


class UserProjects(Struct, frozen=True):
    data: tuple[UserProjectShown, ...]
    object: Literal["list"] = "list"


class OrganizationUser(Struct, frozen=True):
    """A user."""

    id: str
    name: str
    email: str | None
    subject: str | None
    """Who they are to the issuer of tokens; null until they first came with one."""
    role: OrganizationRole
    """An owner administers everything."""
    permissions: tuple[str, ...]
    added_at: int
    created: int
    api_key_last_used_at: int | None
    projects: UserProjects
    is_service_account: bool = False
    object: Literal["organization.user"] = "organization.user"


class OrganizationUserList(Struct, frozen=True):
    data: tuple[OrganizationUser, ...]
    has_more: bool
    first_id: str | None = None
    last_id: str | None = None
    object: Literal["list"] = "list"


class OrganizationUserDeleted(Struct, frozen=True):
    id: str
    deleted: bool = True
    object: Literal["organization.user.deleted"] = "organization.user.deleted"


class CreateProjectUser(Struct, frozen=True):
    """A user to become a member of a project: by id, or by address."""

    role: MemberRole
    user_id: Id | None = None
    email: Email | None = None


class UpdateProjectUser(Struct, frozen=True):
    role: MemberRole | None = None


class ProjectUser(Struct, frozen=True):
    """A user in a project."""

    id: str
    name: str
    email: str | None
    role: str
    account_id: str | None
    """What their keys are charged to, unless those have their own account."""
    added_at: int
    object: Literal["organization.project.user"] = "organization.project.user"


class ProjectUserList(Struct, frozen=True):
    data: tuple[ProjectUser, ...]
    has_more: bool
    first_id: str | None = None
    last_id: str | None = None
    object: Literal["list"] = "list"


class ProjectUserDeleted(Struct, frozen=True):
    id: str
    deleted: bool = True
    object: Literal["organization.project.user.deleted"] = "organization.project.user.deleted"
