"""The users of a project."""

from __future__ import annotations

from typing import Any

import msgspec
from litestar import Request, delete, get, post
from litestar.types import ASGIApp

from service.http.answers import json_answer
from service.http.organization.common import (
    access_of,
    asked_page,
    body_of,
    change,
    missing,
    now,
    project_of,
)
from service.http.organization.users import checked_email
from service.store.access_records import Member, User
from specs.errors import InvalidRequest
from specs.openai import organization as wire

TAGS = ["Organization"]
USERS = "/organization/projects/{project_id:str}/users"

_create = msgspec.json.Decoder(wire.CreateProjectUser)
_update = msgspec.json.Decoder(wire.UpdateProjectUser)


@post(
    USERS,
    opt={"scope": "admin", "body": wire.CreateProjectUser, "answer": wire.ProjectUser},
    status_code=200,
    operation_id="createProjectUser",
    summary="Make a user a member of a project",
    tags=TAGS,
)
async def create_project_user(request: Request[Any, Any, Any], project_id: str) -> ASGIApp:
    """Make a user a member of a project, or give a member another role."""
    asked = await body_of(request, _create)
    project = await project_of(request, project_id, active=True)
    user = await _named(request, asked)
    access = access_of(request)
    event = await change(request, "user.updated", user.id, project=project.id, role=asked.role)
    member = await access.members.add(project.id, user.id, asked.role, now=now(), event=event)
    access.keys.forget_recalled()
    return json_answer(member_to_wire(member))


@get(
    USERS,
    opt={"scope": "admin", "query": wire.ListQuery, "answer": wire.ProjectUserList},
    operation_id="listProjectUsers",
    summary="List the users of a project",
    tags=TAGS,
)
async def list_project_users(request: Request[Any, Any, Any], project_id: str) -> ASGIApp:
    """The members of a project, oldest first."""
    asked = asked_page(request)
    project = await project_of(request, project_id)
    page = await access_of(request).members.page(project.id, limit=asked.limit, after=asked.after)
    shown = tuple(map(member_to_wire, page.data))
    ends = (shown[0].id, shown[-1].id) if shown else (None, None)
    return json_answer(wire.ProjectUserList(shown, page.has_more, *ends))


@get(
    f"{USERS}/{{user_id:str}}",
    opt={"scope": "admin", "answer": wire.ProjectUser},
    operation_id="retrieveProjectUser",
    summary="Show a user of a project",
    tags=TAGS,
)
async def retrieve_project_user(request: Request[Any, Any, Any], project_id: str, user_id: str) -> ASGIApp:
    """One member of a project."""
    member = await access_of(request).members.get(project_id, user_id)
    if member is None:
        raise missing("user in this project", "user_id")
    return json_answer(member_to_wire(member))


@post(
    f"{USERS}/{{user_id:str}}",
    opt={"scope": "admin", "body": wire.UpdateProjectUser, "answer": wire.ProjectUser},
    status_code=200,
    operation_id="updateProjectUser",
    summary="Change a user's role in a project",
    tags=TAGS,
)
async def update_project_user(request: Request[Any, Any, Any], project_id: str, user_id: str) -> ASGIApp:
    """Change a member's role; their keys follow within a second."""
    asked = await body_of(request, _update)
    access = access_of(request)
    member = await access.members.get(project_id, user_id)
    if member is not None and asked.role is not None:
        event = await change(request, "user.updated", user_id, project=project_id, role=asked.role)
        member = await access.members.update(project_id, user_id, asked.role, event)
        access.keys.forget_recalled()
    if member is None:
        raise missing("user in this project", "user_id")
    return json_answer(member_to_wire(member))


@delete(
    f"{USERS}/{{user_id:str}}",
    opt={"scope": "admin", "answer": wire.ProjectUserDeleted},
    status_code=200,
    operation_id="deleteProjectUser",
    summary="Take a user out of a project",
    tags=TAGS,
)
async def delete_project_user(request: Request[Any, Any, Any], project_id: str, user_id: str) -> ASGIApp:
    """Take a user out of a project: their keys there are refused until they are in it again."""
    access = access_of(request)
    event = await change(request, "user.updated", user_id, project=project_id, role="none")
    if await access.members.update(project_id, user_id, "none", event) is None:
        raise missing("user in this project", "user_id")
    access.keys.forget_recalled()
    return json_answer(wire.ProjectUserDeleted(user_id))


def member_to_wire(member: Member) -> wire.ProjectUser:
    """A member as the API shows them."""
    return wire.ProjectUser(
        member.user, member.name, member.email, member.role, member.account, member.created_at
    )


async def _named(request: Request[Any, Any, Any], asked: wire.CreateProjectUser) -> User:
    """The user that a body names. Raises InvalidRequest, NotFound."""
    users = access_of(request).users
    if asked.user_id is None and asked.email is None:
        raise InvalidRequest("user_id: name the user, by id or by email.", param="user_id")
    if asked.user_id is not None:
        found, param = await users.get(asked.user_id), "user_id"
    else:
        found, param = await users.by_email(checked_email(asked.email or "")), "email"
    if found is None:
        raise missing("user", param)
    return found
