"""The users of the organization."""

from __future__ import annotations

from typing import Any

import msgspec
from litestar import Request, delete, get, post
from litestar.types import ASGIApp
from msgspec import UNSET

from service.http.answers import json_answer
from service.http.house import house_of
from service.http.organization.common import (
    access_of,
    asked_page,
    body_of,
    change,
    missing,
    now,
    printable,
    project_of,
    refuse_given,
    texts_of,
)
from service.ids import new_id
from service.store.access_records import User
from service.store.users import UserChange
from specs.errors import InvalidRequest
from specs.openai import organization as wire

TAGS = ["Organization"]
_NOT_HERE = "not supported; leave it out."

_create = msgspec.json.Decoder(wire.CreateUser)
_update = msgspec.json.Decoder(wire.UpdateUser)


@post(
    "/organization/users",
    opt={"scope": "admin", "body": wire.CreateUser, "answer": wire.OrganizationUser},
    status_code=200,
    operation_id="createUser",
    summary="Add a user",
    tags=TAGS,
)
async def create_user(request: Request[Any, Any, Any]) -> ASGIApp:
    """Add a user. A token with their verified address, or with their `sub`, makes its bearer this user."""
    asked = await body_of(request, _create)
    access = access_of(request)
    user = new_user(asked, issuer=house_of(request).settings.auth.oidc.issuer)
    projects = [await project_of(request, each.id, active=True) for each in asked.projects]
    event = await change(request, "user.added", user.id, role=user.role, permissions=user.permissions)
    user = await access.users.create(user, event)
    for project, each in zip(projects, asked.projects, strict=True):
        joined = await change(request, "user.updated", user.id, project=project.id, role=each.role)
        await access.members.add(project.id, user.id, each.role, now=now(), event=joined)
    return json_answer(await _shown(request, user))


@get(
    "/organization/users",
    opt={"scope": "admin", "query": wire.UserQuery, "answer": wire.OrganizationUserList},
    operation_id="listUsers",
    summary="List the users",
    tags=TAGS,
)
async def list_users(request: Request[Any, Any, Any]) -> ASGIApp:
    """The users, oldest first."""
    asked = asked_page(request)
    emails = texts_of(request, "emails")
    if emails:
        users, has_more = await _of_addresses(request, emails), False
    else:
        page = await access_of(request).users.page(limit=asked.limit, after=asked.after)
        users, has_more = page.data, page.has_more
    shown = tuple([await _shown(request, user) for user in users])
    ends = (shown[0].id, shown[-1].id) if shown else (None, None)
    return json_answer(wire.OrganizationUserList(shown, has_more, *ends))


@get(
    "/organization/users/{user_id:str}",
    opt={"scope": "admin", "answer": wire.OrganizationUser},
    operation_id="retrieveUser",
    summary="Show a user",
    tags=TAGS,
)
async def retrieve_user(request: Request[Any, Any, Any], user_id: str) -> ASGIApp:
    """One user, with the projects they are in."""
    user = await access_of(request).users.get(user_id)
    if user is None:
        raise missing("user", "user_id")
    return json_answer(await _shown(request, user))


@post(
    "/organization/users/{user_id:str}",
    opt={"scope": "admin", "body": wire.UpdateUser, "answer": wire.OrganizationUser},
    status_code=200,
    operation_id="updateUser",
    summary="Change a user's name, role or permissions",
    tags=TAGS,
)
async def update_user(request: Request[Any, Any, Any], user_id: str) -> ASGIApp:
    """Change what a user is called and may do; their keys follow within a second."""
    asked = await body_of(request, _update)
    refuse_given(
        _NOT_HERE,
        role_id=asked.role_id,
        developer_persona=asked.developer_persona,
        technical_level=asked.technical_level,
    )
    access = access_of(request)
    name = None if asked.name is None else printable(asked.name, param="name")
    event = await change(
        request, "user.updated", user_id, name=name, role=asked.role, permissions=asked.permissions
    )
    wanted = UserChange(
        UNSET if name is None else name,
        UNSET if asked.role is None else asked.role,
        UNSET if asked.permissions is None else tuple(dict.fromkeys(asked.permissions)),
    )
    user = await access.users.update(user_id, wanted, event)
    if user is None:
        raise missing("user", "user_id")
    access.keys.forget_recalled()
    return json_answer(await _shown(request, user))


@delete(
    "/organization/users/{user_id:str}",
    opt={"scope": "admin", "answer": wire.OrganizationUserDeleted},
    status_code=200,
    operation_id="deleteUser",
    summary="Delete a user and revoke their keys",
    tags=TAGS,
)
async def delete_user(request: Request[Any, Any, Any], user_id: str) -> ASGIApp:
    """Delete a user: their keys are revoked, and their tokens are refused until they are added again."""
    access = access_of(request)
    event = await change(request, "user.deleted", user_id)
    if not await access.users.delete(user_id, now=now(), event=event):
        raise missing("user", "user_id")
    access.keys.forget_recalled()
    return json_answer(wire.OrganizationUserDeleted(user_id))


def new_user(asked: wire.CreateUser, *, issuer: str | None) -> User:
    """A user as they are asked for. Raises InvalidRequest."""
    if asked.email is None and asked.subject is None:
        raise InvalidRequest("email: a user needs an address or a subject.", param="email")
    if asked.subject is not None and not issuer:
        raise InvalidRequest("subject: no issuer of tokens is configured under [auth.oidc].", param="subject")
    email = None if asked.email is None else checked_email(asked.email)
    name = asked.name or email or asked.subject or ""
    return User(
        id=new_id("user"),
        name=printable(name, param="name"),
        email=email,
        issuer=issuer if asked.subject is not None else None,
        subject=asked.subject,
        role=asked.role,
        permissions=tuple(dict.fromkeys(asked.permissions)),
        created_at=now(),
    )


def checked_email(text: str) -> str:
    """An address in lower case, as it is kept. Raises InvalidRequest."""
    email = text.strip().lower()
    name, at, host = email.partition("@")
    if not (name and at and host) or " " in email or not email.isprintable():
        raise InvalidRequest(f"email: {text[:80]!r} is no address.", param="email")
    return email


async def _of_addresses(request: Request[Any, Any, Any], emails: tuple[str, ...]) -> list[User]:
    if len(emails) > wire.MAX_PAGE:
        raise InvalidRequest(f"emails may have at most {wire.MAX_PAGE} entries.", param="emails")
    users = access_of(request).users
    found = [await users.by_email(email) for email in dict.fromkeys(emails)]
    return [user for user in found if user is not None]


async def _shown(request: Request[Any, Any, Any], user: User) -> wire.OrganizationUser:
    memberships = await access_of(request).members.of_user(user.id)
    projects = tuple(
        wire.UserProjectShown(each.project, each.project_name, each.role) for each in memberships
    )
    return wire.OrganizationUser(
        id=user.id,
        name=user.name,
        email=user.email,
        subject=user.subject,
        role=user.role,
        permissions=user.permissions,
        added_at=user.created_at,
        created=user.created_at,
        api_key_last_used_at=user.last_used_at,
        projects=wire.UserProjects(projects),
    )
