"""The keys of administration."""

from __future__ import annotations

from typing import Any

import msgspec
from litestar import Request, delete, get, post
from litestar.types import ASGIApp

from service.http.answers import json_answer
from service.http.house import key_of
from service.http.organization.common import (
    access_of,
    asked_page,
    body_of,
    change,
    missing,
    now,
    printable,
)
from service.http.organization.owners import redacted
from service.ids import new_id
from service.store.keys import mint_admin
from service.store.records import KeyRecord, NewKey
from specs.openai import organization_keys as wire
from specs.scopes import ADMIN

TAGS = ["Organization"]
KEYS = "/organization/admin_api_keys"

_create = msgspec.json.Decoder(wire.CreateAdminKey)


@post(
    KEYS,
    opt={"scope": "admin", "body": wire.CreateAdminKey, "answer": wire.NewAdminApiKey},
    status_code=200,
    operation_id="createAdminApiKey",
    summary="Make a key of administration",
    tags=TAGS,
)
async def create_admin_key(request: Request[Any, Any, Any]) -> ASGIApp:
    """Make a key that administers everything; the answer is the only one with its secret."""
    asked = await body_of(request, _create)
    minted, at, maker = mint_admin(), now(), key_of(request)
    key = NewKey(
        id=new_id("key"),
        project=maker.project,
        name=printable(asked.name, param="name"),
        digest=minted.digest,
        prefix=minted.prefix,
        last_four=minted.last_four,
        scopes=(ADMIN,),
        account=new_id("acct"),
        created_at=at,
        expires_at=None if asked.expires_in_seconds is None else at + asked.expires_in_seconds,
    )
    event = await change(
        request, "api_key.created", key.id, name=key.name, scopes=key.scopes, expires_at=key.expires_at
    )
    record = await access_of(request).keys.create(key, event=event)
    return json_answer(
        wire.NewAdminApiKey(**msgspec.structs.asdict(admin_key_to_wire(record)), value=minted.secret.reveal())
    )


@get(
    KEYS,
    opt={"scope": "admin", "query": wire.AdminKeyQuery, "answer": wire.AdminApiKeyList},
    operation_id="listAdminApiKeys",
    summary="List the keys of administration",
    tags=TAGS,
)
async def list_admin_keys(request: Request[Any, Any, Any]) -> ASGIApp:
    """The keys of administration that are not revoked, oldest first unless asked otherwise."""
    asked = asked_page(request)
    newest_first = bool(request.query_params.get("order")) and asked.order == "desc"
    page = await access_of(request).keys.page_of_administration(
        limit=asked.limit, after=asked.after, newest_first=newest_first
    )
    shown = tuple(map(admin_key_to_wire, page.data))
    ends = (shown[0].id, shown[-1].id) if shown else (None, None)
    return json_answer(wire.AdminApiKeyList(shown, page.has_more, *ends))


@get(
    f"{KEYS}/{{admin_key_id:str}}",
    opt={"scope": "admin", "answer": wire.AdminApiKey},
    operation_id="retrieveAdminApiKey",
    summary="Show a key of administration",
    tags=TAGS,
)
async def retrieve_admin_key(request: Request[Any, Any, Any], admin_key_id: str) -> ASGIApp:
    """One key of administration."""
    return json_answer(admin_key_to_wire(await _find(request, admin_key_id)))


@delete(
    f"{KEYS}/{{admin_key_id:str}}",
    opt={"scope": "admin", "answer": wire.AdminApiKeyDeleted},
    status_code=200,
    operation_id="deleteAdminApiKey",
    summary="Revoke a key of administration",
    tags=TAGS,
)
async def delete_admin_key(request: Request[Any, Any, Any], admin_key_id: str) -> ASGIApp:
    """Revoke a key of administration for good; the last one too, for the command line makes others."""
    key = await _find(request, admin_key_id)
    event = await change(request, "api_key.deleted", key.id, name=key.name)
    await access_of(request).keys.revoke(key.id, now=now(), event=event)
    return json_answer(wire.AdminApiKeyDeleted(key.id))


def admin_key_to_wire(key: KeyRecord) -> wire.AdminApiKey:
    """A key of administration as the API shows it."""
    owner = wire.AdminKeyOwner()
    if key.user is not None:
        owner = wire.AdminKeyOwner(id=key.user, type="user", object="organization.user")
    return wire.AdminApiKey(
        id=key.id,
        name=key.name,
        redacted_value=redacted(key),
        created_at=key.created_at,
        last_used_at=key.last_used_at,
        expires_at=key.expires_at,
        owner=owner,
    )


async def _find(request: Request[Any, Any, Any], id: str) -> KeyRecord:
    key = await access_of(request).keys.get(id)
    if key is None or key.revoked_at is not None or ADMIN not in key.scopes:
        raise missing("key of administration", "admin_key_id")
    return key
