"""Who may come in: the key of a request, and the scope its route asks for."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any, TypeAlias, cast

import structlog
from litestar.connection import ASGIConnection
from litestar.handlers import BaseRouteHandler

from service.http.headers import header
from service.http.house import house_of
from service.http.idempotency import HEADER_BYTES
from service.store.keys import digest
from service.store.ports import KeyRecord
from specs.errors import InvalidKey, PermissionDenied, StoreUnavailable
from specs.openai.headers import PROJECT

if TYPE_CHECKING:
    from litestar import Request
    from litestar.handlers import HTTPRouteHandler

PUBLIC = "public"
"""The scope of a route that asks for no key."""
ANY_KEY = "any"
"""The scope of a route that any valid key may use."""
_PROJECT = PROJECT.lower().encode()
USED_SECONDS = 30.0
"""Between two rounds of writing down when keys were last used: never a write for a request."""

log = structlog.get_logger()


Find: TypeAlias = Callable[[bytes], Awaitable[KeyRecord | None]]
NoteUsed: TypeAlias = Callable[[Mapping[str, int]], Awaitable[None]]


class KeyRing:
    """Opens the door to secrets, and remembers when each was last used."""

    def __init__(self, find: Find, *, note_used: NoteUsed | None = None, refuses_all: bool = False) -> None:
        self._find = find
        self._note_used = note_used
        self._refuses_all = refuses_all
        self._used: dict[str, int] = {}

    async def open(self, secret: str) -> KeyRecord:
        """The valid key with this secret.

        Raises InvalidKey where there is none, or it is revoked or expired; PermissionDenied where its
        owner may not use it; StoreUnavailable.
        """
        if self._refuses_all:
            raise InvalidKey("API keys are not taken here, only tokens.", code="api_keys_disabled")
        record = await self._find(digest(secret))
        if record is None or record.revoked_at is not None:
            raise InvalidKey
        now = time.time()
        if not record.valid(now):
            raise InvalidKey("This API key has expired.", code="expired_api_key")
        if record.denied is not None:
            raise PermissionDenied(record.denied)
        self._used[record.id] = int(now)
        return record

    async def maintain(self) -> None:
        """Write down when keys were last used, for as long as the process lives."""
        while True:
            await asyncio.sleep(USED_SECONDS)
            await self.write_used()

    async def write_used(self) -> None:
        """Write down when keys were last used; what cannot be written now is kept for the next time."""
        used, self._used = self._used, {}
        if not used or self._note_used is None:
            return
        try:
            await self._note_used(used)
        except StoreUnavailable as error:
            self._used = used | self._used
            log.error("key_use_not_written", code=error.code)


async def admit(connection: ASGIConnection[Any, Any, Any, Any], handler: BaseRouteHandler) -> None:
    """The guard of every route: a valid key with the scope the matched handler declares.

    Raises InvalidKey, PermissionDenied, RateLimited, StoreUnavailable.
    """
    if connection.scope.get("method") == "OPTIONS":  # the framework's own: it tells the methods of a path
        return
    scope = handler.opt["scope"]
    if scope == PUBLIC:
        return
    house, secret = house_of(connection), _secret_of(connection.scope["headers"])
    if house.sign_ins is not None and looks_like_token(secret):
        named = header(connection.scope, _PROJECT)
        key = await house.sign_ins.open(secret, project=named)
    else:
        key = await house.keys.open(secret)
    if scope != ANY_KEY and scope not in key.scopes:
        raise PermissionDenied(f'Key "{key.name}" lacks the scope {scope!r}.')
    connection.scope["state"]["key"] = key
    if (limit := handler.opt.get("limit")) is not None:
        standing = connection.scope["state"]["standing"] = house.limits.count(key, limit)
        if standing is not None:
            standing.check()
    if connection.scope.get("method") == "POST" and header(connection.scope, HEADER_BYTES) is not None:
        await house.idempotency.claim(
            cast("Request[Any, Any, Any]", connection),
            cast("HTTPRouteHandler", handler),
            project=key.project,
            keeps_content=house.keeps_content(key),
        )


def looks_like_token(secret: str) -> bool:
    """Whether a secret is to be read as a token: JSON in base64, twice a dot after it."""
    return secret.startswith("ey") and secret.count(".") == 2


def _secret_of(headers: Iterable[tuple[bytes, bytes]]) -> str:
    """The secret a request came with: a bearer token, else `x-api-key`, as one API has it."""
    given = dict(headers)
    kind, _, secret = given.get(b"authorization", b"").decode("latin-1").partition(" ")
    if kind.lower() != "bearer" or not secret.strip():
        secret = given.get(b"x-api-key", b"").decode("latin-1")
    if not secret.strip():
        raise InvalidKey
    return secret.strip()
