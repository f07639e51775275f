"""Who may come in: the key of a request, and the scope its route asks for."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, cast

from litestar.connection import ASGIConnection
from litestar.handlers import BaseRouteHandler

from service.http.house import house_of
from service.http.idempotency import HEADER
from service.store.keys import digest
from service.store.ports import KeyRecord
from specs.errors import InvalidKey, PermissionDenied

if TYPE_CHECKING:
    from litestar import Request
    from litestar.handlers import HTTPRouteHandler

PUBLIC = "public"
"""The scope of a route that asks for no key."""
ANY_KEY = "any"
"""The scope of a route that any valid key may use."""


class KeyRing:
    """Opens the door to secrets."""

    def __init__(self, find: Callable[[bytes], Awaitable[KeyRecord | None]]) -> None:
        self._find = find

    async def open(self, secret: str) -> KeyRecord:
        """The valid key with this secret.

        Raises InvalidKey where there is none, or it is revoked or expired; StoreUnavailable.
        """
        record = await self._find(digest(secret))
        if record is None or record.revoked_at is not None:
            raise InvalidKey
        if not record.valid(time.time()):
            raise InvalidKey("This API key has expired.", code="expired_api_key")
        return record


async def admit(connection: ASGIConnection[Any, Any, Any, Any], handler: BaseRouteHandler) -> None:
    """The guard of every route: a valid key with the scope the matched handler declares.

    Raises InvalidKey, PermissionDenied, StoreUnavailable.
    """
    if connection.scope.get("method") == "OPTIONS":  # the framework's own: it tells the methods of a path
        return
    scope = handler.opt["scope"]
    if scope == PUBLIC:
        return
    key = await house_of(connection).keys.open(_bearer(connection.headers.get("authorization", "")))
    if scope != ANY_KEY and scope not in key.scopes:
        raise PermissionDenied(f'Key "{key.name}" lacks the scope {scope!r}.')
    connection.scope["state"]["key"] = key
    if HEADER in connection.headers and connection.scope.get("method") == "POST":
        house = house_of(connection)
        await house.idempotency.claim(
            cast("Request[Any, Any, Any]", connection),
            cast("HTTPRouteHandler", handler),
            project=key.project,
            keeps_content=house.keeps_content(key),
        )


def _bearer(header: str) -> str:
    kind, _, secret = header.partition(" ")
    if kind.lower() != "bearer" or not secret.strip():
        raise InvalidKey
    return secret.strip()
