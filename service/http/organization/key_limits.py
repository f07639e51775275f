"""The limits of single keys."""

from __future__ import annotations

from typing import Any

import msgspec
from litestar import Request, get, post
from litestar.types import ASGIApp
from msgspec import UNSET, structs

from service.http.answers import json_answer
from service.http.house import house_of
from service.http.organization.common import access_of, body_of, change, missing
from service.store.records import KeyRecord
from specs.limits import NO_RATES, KeyRates
from specs.openai.organization_limits import KeyRateLimits, UpdateKeyLimits

PATH = "/organization/projects/{project_id:str}/api_keys/{key_id:str}/limits"
TAGS = ["Organization"]

_update = msgspec.json.Decoder(UpdateKeyLimits)


@get(
    PATH,
    opt={"scope": "admin", "answer": KeyRateLimits},
    operation_id="retrieveProjectApiKeyLimits",
    summary="Show the limits of a key",
    tags=TAGS,
)
async def retrieve_key_limits(request: Request[Any, Any, Any], project_id: str, key_id: str) -> ASGIApp:
    """A key's own limits."""
    key = await _find(request, project_id, key_id)
    return json_answer(_shown(key.id, await house_of(request).key_rates.find(key.id) or NO_RATES))


@post(
    PATH,
    opt={"scope": "admin", "body": UpdateKeyLimits, "answer": KeyRateLimits},
    status_code=200,
    operation_id="updateProjectApiKeyLimits",
    summary="Limit a key",
    tags=TAGS,
)
async def update_key_limits(request: Request[Any, Any, Any], project_id: str, key_id: str) -> ASGIApp:
    """Give a key limits of its own, which hold from its next request on."""
    asked = await body_of(request, _update)
    key = await _find(request, project_id, key_id)
    rates = house_of(request).key_rates
    given = {name: value for name, value in structs.asdict(asked).items() if value is not UNSET}
    wanted = structs.replace(await rates.find(key.id) or NO_RATES, **given)
    event = await change(request, "api_key.limited", key.id, project=key.project, **structs.asdict(wanted))
    if not await rates.set(key.id, wanted, event=event):
        raise missing("key in this project", "key_id")
    return json_answer(_shown(key.id, wanted))


async def _find(request: Request[Any, Any, Any], project: str, id: str) -> KeyRecord:
    """A key of a project that was not revoked. Raises NotFound."""
    key = await access_of(request).keys.get(id)
    if key is None or key.project != project or key.revoked_at is not None:
        raise missing("key in this project", "key_id")
    return key


def _shown(key: str, rates: KeyRates) -> KeyRateLimits:
    return KeyRateLimits(key_id=key, **structs.asdict(rates))
