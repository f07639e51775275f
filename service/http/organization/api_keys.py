"""The API keys of a project."""

from __future__ import annotations

from typing import Any

import msgspec
from litestar import Request, delete, get, post
from litestar.types import ASGIApp
from msgspec import UNSET

from service.http.answers import json_answer
from service.http.organization.changing import asked_change, rotated
from service.http.organization.common import (
    access_of,
    asked_page,
    body_of,
    body_or,
    change,
    missing,
    now,
    printable,
    project_of,
)
from service.http.organization.making import (
    KeyWish,
    make_key,
    scopes_of_role,
    scopes_of_user,
    wished_scopes,
    with_spending,
)
from service.http.organization.owners import is_shown, key_to_wire, owners_of
from service.store.records import KeyRecord, Project
from specs.errors import InvalidRequest
from specs.openai import organization_keys as wire
from specs.scopes import ADMIN, KEYS_CREATE, SCOPES

TAGS = ["Organization"]
KEYS = "/organization/projects/{project_id:str}/api_keys"
KEY = f"{KEYS}/{{key_id:str}}"
ACCESS = ("active", "inactive", "any")
OWN_SCOPES = frozenset(SCOPES) - {ADMIN, KEYS_CREATE}
"""What a key of the project itself may do."""

_create = msgspec.json.Decoder(wire.CreateProjectApiKey)
_update = msgspec.json.Decoder(wire.UpdateProjectApiKey)
_rotate = msgspec.json.Decoder(wire.RotateKey)


@post(
    KEYS,
    opt={"scope": "admin", "body": wire.CreateProjectApiKey, "answer": wire.NewProjectApiKey},
    status_code=200,
    operation_id="createProjectApiKey",
    summary="Make a key of a project, of a user or of a service account",
    tags=TAGS,
)
async def create_project_api_key(request: Request[Any, Any, Any], project_id: str) -> ASGIApp:
    """Make a key; the answer is the only one with its secret."""
    asked = await body_of(request, _create)
    project = await project_of(request, project_id, active=True)
    wish = KeyWish(
        project=project.id,
        name=printable(asked.name, param="name"),
        scopes=wished_scopes(asked.scopes, await _allowed(request, project, asked)),
        agents=asked.agents,
        seconds=asked.expires_in_seconds,
        user=asked.user_id,
        service_account=asked.service_account_id,
        spending=with_spending(asked),
        on_users_account=asked.balance is None and asked.unlimited is None,
    )
    key, secret = await make_key(request, wish)
    return json_answer(await _with_secret(request, key, secret))


@get(
    KEYS,
    opt={"scope": "admin", "query": wire.KeyQuery, "answer": wire.ProjectApiKeyList},
    operation_id="listProjectApiKeys",
    summary="List the keys of a project",
    tags=TAGS,
)
async def list_project_api_keys(request: Request[Any, Any, Any], project_id: str) -> ASGIApp:
    """The keys of a project that are not revoked, oldest first."""
    asked = asked_page(request)
    wanted = request.query_params.get("owner_project_access") or "any"
    if wanted not in ACCESS:
        param = "owner_project_access"
        raise InvalidRequest(f"{param} must be one of {', '.join(ACCESS)}; got {wanted[:80]!r}.", param=param)
    project = await project_of(request, project_id)
    access = access_of(request)
    page = await access.keys.page(project.id, limit=asked.limit, after=asked.after)
    owners = await owners_of(access, page.data)
    every = [key_to_wire(key, owners[key.id]) for key in page.data]
    shown = tuple(key for key in every if wanted in ("any", key.owner_project_access))
    first, last = (page.data[0].id, page.data[-1].id) if page.data else (None, None)
    return json_answer(wire.ProjectApiKeyList(shown, page.has_more, first, last))


@get(
    KEY,
    opt={"scope": "admin", "answer": wire.ProjectApiKey},
    operation_id="retrieveProjectApiKey",
    summary="Show a key of a project",
    tags=TAGS,
)
async def retrieve_project_api_key(request: Request[Any, Any, Any], project_id: str, key_id: str) -> ASGIApp:
    """One key of a project."""
    return json_answer(await _shown(request, await _find(request, project_id, key_id)))


@post(
    KEY,
    opt={"scope": "admin", "body": wire.UpdateProjectApiKey, "answer": wire.ProjectApiKey},
    status_code=200,
    operation_id="updateProjectApiKey",
    summary="Change what a key may do",
    tags=TAGS,
)
async def update_project_api_key(request: Request[Any, Any, Any], project_id: str, key_id: str) -> ASGIApp:
    """Change a key's name, scopes, agents or expiry."""
    asked = await body_of(request, _update)
    key = await _find(request, project_id, key_id)
    if key.expires_at is not None and key.expires_at <= now():
        raise InvalidRequest("The key has expired; make another.", param="key_id")
    wanted = asked_change(asked, allowed=await _allowed_to(request, key))
    event = await change(
        request,
        "api_key.updated",
        key.id,
        project=key.project,
        name=None if wanted.name is UNSET else wanted.name,
        scopes=None if wanted.scopes is UNSET else wanted.scopes,
        agents=None if wanted.agents is UNSET else wanted.agents,
        expires_in_seconds=asked.expires_in_seconds,
    )
    changed = await access_of(request).keys.update(key.id, wanted, event=event)
    if changed is None:
        raise missing("key in this project", "key_id")
    return json_answer(await _shown(request, changed))


@post(
    f"{KEY}/rotate",
    opt={"scope": "admin", "body": wire.RotateKey, "answer": wire.NewProjectApiKey},
    status_code=200,
    operation_id="rotateProjectApiKey",
    summary="Give a key another secret",
    tags=TAGS,
)
async def rotate_project_api_key(request: Request[Any, Any, Any], project_id: str, key_id: str) -> ASGIApp:
    """Give a key another secret; the old one opens until the grace period is over."""
    asked = await body_or(request, _rotate, wire.RotateKey())
    key = await _find(request, project_id, key_id)
    return json_answer(await _with_secret(request, *await rotated(request, key, asked.grace_seconds)))


@delete(
    KEY,
    opt={"scope": "admin", "answer": wire.ProjectApiKeyDeleted},
    status_code=200,
    operation_id="deleteProjectApiKey",
    summary="Revoke a key",
    tags=TAGS,
)
async def delete_project_api_key(request: Request[Any, Any, Any], project_id: str, key_id: str) -> ASGIApp:
    """Revoke a key for good."""
    key = await _find(request, project_id, key_id)
    event = await change(request, "api_key.deleted", key.id, project=key.project, name=key.name)
    await access_of(request).keys.revoke(key.id, now=now(), event=event)
    return json_answer(wire.ProjectApiKeyDeleted(key.id))


async def _find(request: Request[Any, Any, Any], project: str, id: str) -> KeyRecord:
    """A key of a project that was not revoked, and is none of administration. Raises NotFound."""
    key = await access_of(request).keys.get(id)
    if key is None or key.project != project or not is_shown(key):
        raise missing("key in this project", "key_id")
    return key


async def _allowed(
    request: Request[Any, Any, Any], project: Project, asked: wire.CreateProjectApiKey
) -> frozenset[str]:
    """What a new key may do at most. Raises InvalidRequest, NotFound."""
    if asked.user_id is not None and asked.service_account_id is not None:
        raise InvalidRequest("user_id: a key has one owner.", param="user_id")
    if asked.user_id is not None:
        return await scopes_of_user(request, project, asked.user_id)
    if asked.service_account_id is None:
        return OWN_SCOPES
    account = await access_of(request).service_accounts.get(project.id, asked.service_account_id)
    if account is None:
        raise missing("service account in this project", "service_account_id")
    return scopes_of_role(account.role)


async def _allowed_to(request: Request[Any, Any, Any], key: KeyRecord) -> frozenset[str]:
    """What a key may do at most."""
    owner = (await owners_of(access_of(request), [key]))[key.id]
    if owner.member is not None:
        return await scopes_of_user(request, await project_of(request, key.project), owner.member.user)
    if owner.service_account is not None:
        return scopes_of_role(owner.service_account.role)
    return frozenset() if owner.gone else OWN_SCOPES


async def _shown(request: Request[Any, Any, Any], key: KeyRecord) -> wire.ProjectApiKey:
    owners = await owners_of(access_of(request), [key])
    return key_to_wire(key, owners[key.id])


async def _with_secret(request: Request[Any, Any, Any], key: KeyRecord, secret: str) -> wire.NewProjectApiKey:
    return wire.NewProjectApiKey(**msgspec.structs.asdict(await _shown(request, key)), value=secret)
