"""The keys that users manage themselves. The owner of a project sees and revokes those of every user."""

from __future__ import annotations

from typing import Any

import msgspec
from litestar import Request, delete, get, post
from litestar.types import ASGIApp
from msgspec import Struct

from service.http.answers import json_answer
from service.http.house import key_of
from service.http.organization.changing import rotated
from service.http.organization.common import (
    access_of,
    asked_page,
    body_of,
    body_or,
    change,
    missing,
    now,
    printable,
)
from service.http.organization.making import KeyWish, make_key, wished_scopes
from service.http.organization.owners import is_shown, key_to_wire, owners_of
from service.store.records import KeyRecord
from specs.errors import InvalidRequest, PermissionDenied
from specs.openai import organization_keys as wire
from specs.openai.organization import ListQuery
from specs.scopes import ADMIN, KEYS_CREATE

TAGS = ["Keys"]
NO_USER = "Only users manage keys here, and this key is no user's. POST /v1/organization/projects/…/api_keys."

_create = msgspec.json.Decoder(wire.CreateUserKey)
_rotate = msgspec.json.Decoder(wire.RotateKey)


class Asker(Struct, frozen=True):
    """The user who asks, and whether they see the keys of others."""

    key: KeyRecord
    user: str
    owner: bool


@post(
    "/keys",
    opt={"scope": KEYS_CREATE, "body": wire.CreateUserKey, "answer": wire.NewProjectApiKey},
    status_code=200,
    operation_id="createKey",
    summary="Make a key for oneself",
    tags=TAGS,
)
async def create_key(request: Request[Any, Any, Any]) -> ASGIApp:
    """Make a key of the user who asks; the answer is the only one with its secret."""
    asked = await body_of(request, _create)
    asker = await _asker(request)
    wish = KeyWish(
        project=asker.key.project,
        name=printable(asked.name, param="name"),
        scopes=wished_scopes(asked.scopes, frozenset(asker.key.scopes) - {ADMIN}),
        agents=_agents(asked.agents, asker.key),
        seconds=_seconds(asked.expires_in_seconds, asker.key),
        user=asker.user,
        on_users_account=asked.account == "user",
    )
    key, secret = await make_key(request, wish)
    return json_answer(await _with_secret(request, key, secret))


@get(
    "/keys",
    opt={"scope": KEYS_CREATE, "query": ListQuery, "answer": wire.ProjectApiKeyList},
    operation_id="listKeys",
    summary="List one's keys",
    tags=TAGS,
)
async def list_keys(request: Request[Any, Any, Any]) -> ASGIApp:
    """The keys of the user who asks, or of everybody in the project for its owner; oldest first."""
    asked = asked_page(request)
    asker = await _asker(request)
    access = access_of(request)
    user = None if asker.owner else asker.user
    page = await access.keys.page(asker.key.project, limit=asked.limit, after=asked.after, user=user)
    owners = await owners_of(access, page.data)
    shown = tuple(key_to_wire(key, owners[key.id]) for key in page.data)
    ends = (shown[0].id, shown[-1].id) if shown else (None, None)
    return json_answer(wire.ProjectApiKeyList(shown, page.has_more, *ends))


@get(
    "/keys/{key_id:str}",
    opt={"scope": KEYS_CREATE, "answer": wire.ProjectApiKey},
    operation_id="retrieveOwnKey",
    summary="Show one of one's keys",
    tags=TAGS,
)
async def retrieve_own_key(request: Request[Any, Any, Any], key_id: str) -> ASGIApp:
    """One key, without its secret."""
    key = await _find(request, key_id)
    owners = await owners_of(access_of(request), [key])
    return json_answer(key_to_wire(key, owners[key.id]))


@post(
    "/keys/{key_id:str}/rotate",
    opt={"scope": KEYS_CREATE, "body": wire.RotateKey, "answer": wire.NewProjectApiKey},
    status_code=200,
    operation_id="rotateKey",
    summary="Give one of one's keys another secret",
    tags=TAGS,
)
async def rotate_key(request: Request[Any, Any, Any], key_id: str) -> ASGIApp:
    """Give a key another secret; the old one opens until the grace period is over."""
    asked = await body_or(request, _rotate, wire.RotateKey())
    key = await _find(request, key_id)
    asker = await _asker(request)
    if key.user != asker.user:
        raise PermissionDenied("The secret of another user's key is theirs alone.")
    if not set(key.scopes) <= set(asker.key.scopes):
        raise PermissionDenied("That key may do more than the one that asks.")
    return json_answer(await _with_secret(request, *await rotated(request, key, asked.grace_seconds)))


@delete(
    "/keys/{key_id:str}",
    opt={"scope": KEYS_CREATE, "answer": wire.ProjectApiKeyDeleted},
    status_code=200,
    operation_id="deleteKey",
    summary="Revoke one of one's keys",
    tags=TAGS,
)
async def delete_key(request: Request[Any, Any, Any], key_id: str) -> ASGIApp:
    """Revoke a key for good."""
    key = await _find(request, key_id)
    event = await change(request, "api_key.deleted", key.id, project=key.project, name=key.name)
    await access_of(request).keys.revoke(key.id, now=now(), event=event)
    return json_answer(wire.ProjectApiKeyDeleted(key.id))


async def _asker(request: Request[Any, Any, Any]) -> Asker:
    """The user who asks. Raises PermissionDenied where a key is no user's."""
    key = key_of(request)
    if key.user is None:
        raise PermissionDenied(NO_USER)
    member = await access_of(request).members.get(key.project, key.user)
    return Asker(key, key.user, owner=member is not None and member.role == "owner")


async def _find(request: Request[Any, Any, Any], id: str) -> KeyRecord:
    """A key of the user who asks, or of the project they own. Raises NotFound."""
    asker = await _asker(request)
    key = await access_of(request).keys.get(id)
    if (
        key is None
        or key.project != asker.key.project
        or not is_shown(key)
        or not (asker.owner or key.user == asker.user)
    ):
        raise missing("key of yours", "key_id")
    return key


def _agents(asked: tuple[str, ...] | None, key: KeyRecord) -> tuple[str, ...] | None:
    """The agents of a new key. Raises InvalidRequest where they are more than whoever asks may use."""
    if key.agents is None or asked is None:
        return key.agents if asked is None else asked
    for agent in asked:
        if agent not in key.agents:
            raise InvalidRequest(f"agents: {agent!r} is none of this key's agents.", param="agents")
    return asked


def _seconds(asked: int | None, key: KeyRecord) -> int | None:
    """Until a new key expires. Raises InvalidRequest where that is later than for whoever asks."""
    if key.expires_at is None:
        return asked
    left = max(1, key.expires_at - now())
    if asked is not None and asked > left:
        param = "expires_in_seconds"
        raise InvalidRequest(f"{param}: the key that asks expires in {left} seconds.", param=param)
    return left if asked is None else asked


async def _with_secret(request: Request[Any, Any, Any], key: KeyRecord, secret: str) -> wire.NewProjectApiKey:
    owners = await owners_of(access_of(request), [key])
    shown = key_to_wire(key, owners[key.id])
    return wire.NewProjectApiKey(**msgspec.structs.asdict(shown), value=secret)
