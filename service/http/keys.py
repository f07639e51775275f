"""What a key can learn of itself."""

from __future__ import annotations

from typing import Any

from litestar import Request, get
from litestar.types import ASGIApp
from msgspec import structs

from service.http.answers import json_answer
from service.http.auth import ANY_KEY
from service.http.house import house_of, key_of
from specs.errors import NotFound
from specs.money import format_usd
from specs.openai.models import KeyInfo, KeyLimits


@get(
    "/key",
    opt={"scope": ANY_KEY, "answer": KeyInfo},
    operation_id="retrieveKey",
    summary="Show this key and its balance",
    tags=["Keys"],
)
async def retrieve_key(request: Request[Any, Any, Any]) -> ASGIApp:
    """The key a request is made with: what it may do and what it has left."""
    key = key_of(request)
    account = await house_of(request).accounts.get(key.account)
    if account is None:
        raise NotFound
    return json_answer(
        KeyInfo(
            id=key.id,
            name=key.name,
            project=key.project_name,
            scopes=tuple(sorted(key.scopes)),
            limits=KeyLimits(agents=key.agents, **structs.asdict(key.rates)),
            user_id=key.user,
            service_account_id=key.service_account,
            account_id=account.id,
            granted=format_usd(account.granted),
            settled=format_usd(account.settled),
            held=format_usd(account.held),
            available=None if account.available is None else format_usd(account.available),
            unlimited=account.unlimited,
            created_at=key.created_at,
            expires_at=key.expires_at,
        )
    )
