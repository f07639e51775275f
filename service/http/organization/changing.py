"""Changing keys: what may be different, and another secret."""

from __future__ import annotations

from typing import Any

from litestar import Request
from msgspec import UNSET

from service.http.organization.common import access_of, change, missing, now, printable
from service.http.organization.making import wished_scopes
from service.store.keys import KeyChange, mint, mint_admin
from service.store.records import KeyRecord
from specs.errors import InvalidRequest
from specs.openai import organization_keys as wire
from specs.scopes import ADMIN


def asked_change(asked: wire.UpdateProjectApiKey, *, allowed: frozenset[str]) -> KeyChange:
    """What a body wants to be different. Raises InvalidRequest."""
    return KeyChange(
        name=UNSET if asked.name is None else printable(asked.name, param="name"),
        scopes=UNSET if asked.scopes is None else wished_scopes(asked.scopes, allowed),
        agents=asked.agents,
        expires_at=UNSET if asked.expires_in_seconds is None else now() + asked.expires_in_seconds,
    )


async def rotated(
    request: Request[Any, Any, Any], key: KeyRecord, grace_seconds: int
) -> tuple[KeyRecord, str]:
    """Give a key another secret, the second of what is returned; the old one opens for so long.

    Raises InvalidRequest where the key has expired, NotFound where it was revoked meanwhile.
    """
    if key.expires_at is not None and key.expires_at <= now():
        raise InvalidRequest("The key has expired; make another.", param="key_id")
    minted = mint_admin() if ADMIN in key.scopes else mint()
    event = await change(
        request, "api_key.rotated", key.id, project=key.project, name=key.name, grace_seconds=grace_seconds
    )
    found = await access_of(request).keys.rotate(key.id, minted, until=now() + grace_seconds, event=event)
    if found is None:
        raise missing("key", "key_id")
    return found, minted.secret.reveal()
