"""`Idempotency-Key`: the same request with the same key is done, and charged, once.

After https://datatracker.ietf.org/doc/draft-ietf-httpapi-idempotency-key-header-07/, whose status codes
these are: 409 while the first is running, 422 for another request with the same key.
"""

from __future__ import annotations

import asyncio
import hashlib
import time
from typing import Any

import msgspec
import structlog
from litestar import Request, Response
from litestar.handlers import HTTPRouteHandler
from msgspec import Struct

from service.secrets import Sealer, Unsealable
from service.store.idempotency import Claim, SqlIdempotency
from specs.errors import Conflict, IdempotencyMismatch, InvalidRequest, StoreUnavailable

HEADER = "idempotency-key"
HEADER_BYTES = HEADER.encode()
MAX_KEY_CHARACTERS = 255
RENEW_SECONDS = 10.0
"""Between two rounds of renewing what is being answered, and of forgetting."""
MAX_ANSWER_BYTES = 16 * 1024 * 1024
"""A longer answer is not kept; a repeat is then refused."""

_NEW_EACH_TIME = ("x-request-id", "request-id", "content-length")

log = structlog.get_logger()


class Answer(Struct, frozen=True):
    """An answer as it was sent."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes


class Replay(Exception):
    """The request was answered before: this is the answer."""

    def __init__(self, answer: Answer) -> None:
        self.answer = answer
        super().__init__()


class Recorder:
    """Takes down an answer while it is sent, and keeps it before its last byte goes out."""

    def __init__(self, idempotency: Idempotency, claim: Claim, *, keeps_content: bool) -> None:
        self._idempotency = idempotency
        self._claim = claim
        self._keeps_content = keeps_content
        self._status = 0
        self._headers: list[tuple[str, str]] = []
        self._body: list[bytes] = []
        self._size = 0
        self._done = False

    async def take(self, message: Any, *, begun: bool) -> None:
        """Note an ASGI message about to be sent; `begun`: a model has worked for it."""
        if message["type"] == "http.response.start":
            self._status = message["status"]
            self._headers = [(name.decode(), value.decode()) for name, value in message["headers"]]
            return
        self._size += len(message["body"])
        if self._size <= MAX_ANSWER_BYTES:
            self._body.append(message["body"])
        if not message.get("more_body", False):
            self._done = True
            await self._finish(begun=begun)

    async def close(self) -> None:
        """The request is over; one that was not answered to its end is free to be tried again."""
        if not self._done:
            await self._idempotency.store.free(self._claim)

    async def _finish(self, *, begun: bool) -> None:
        if self._status >= 400 and not begun:
            await self._idempotency.store.free(self._claim)
        elif self._keeps_content and self._size <= MAX_ANSWER_BYTES:
            answer = Answer(self._status, self._headers, b"".join(self._body))
            await self._idempotency.store.keep(self._claim, self._idempotency.seal(self._claim, answer))
        else:
            await self._idempotency.store.keep(self._claim, None)


class Idempotency:
    """Claims the keys of requests and finds earlier answers."""

    def __init__(self, store: SqlIdempotency, sealer: Sealer, *, owner: str, hours: float) -> None:
        self.store = store
        self._sealer = sealer
        self._owner = owner
        self._seconds = int(hours * 3600)

    async def claim(
        self,
        request: Request[Any, Any, Any],
        handler: HTTPRouteHandler,
        *,
        project: str,
        keeps_content: bool,
    ) -> None:
        """Claim the request's key, if it has one; its answer is then recorded.

        Raises Replay when the request was answered before, Conflict while it is being answered,
        IdempotencyMismatch when the key belongs to another request, InvalidRequest for a key that
        cannot be one.
        """
        key = request.headers.get(HEADER)
        if key is None:
            return
        if not 1 <= len(key) <= MAX_KEY_CHARACTERS:
            raise InvalidRequest(
                f"Idempotency-Key: from 1 to {MAX_KEY_CHARACTERS} characters, got {len(key)}",
                param="Idempotency-Key",
            )
        claim = Claim(
            project=project,
            operation=handler.operation_id if isinstance(handler.operation_id, str) else str(handler),
            key=hashlib.sha256(key.encode()).digest(),
            fingerprint=await fingerprint(request),
            owner=self._owner,
        )
        now = int(time.time())
        taken = await self.store.claim(claim, now=now, expires_at=now + self._seconds)
        if taken is None:
            request.scope["state"]["recorder"] = Recorder(self, claim, keeps_content=keeps_content)
        elif taken.fingerprint != claim.fingerprint:
            raise IdempotencyMismatch(param="Idempotency-Key")
        elif taken.running:
            raise Conflict("The first request with this Idempotency-Key is still running.", retry_after=1)
        else:
            raise Replay(self._open(claim, taken.answer))

    async def maintain(self) -> None:
        """Keep what is being answered here and forget what is over, for as long as the process lives."""
        while True:
            await asyncio.sleep(RENEW_SECONDS)
            now = int(time.time())
            try:
                await self.store.renew(self._owner, now=now)
                await self.store.expire(now=now)
            except StoreUnavailable as error:
                log.error("idempotency_sweep_failed", code=error.code)

    def seal(self, claim: Claim, answer: Answer) -> bytes:
        """Seal an answer for its project and key."""
        return self._sealer.seal(msgspec.msgpack.encode(answer), about=_about(claim))

    def _open(self, claim: Claim, sealed: bytes | None) -> Answer:
        if sealed is None:
            raise Conflict("A request with this Idempotency-Key was answered; the answer was not kept.")
        try:
            return msgspec.msgpack.decode(self._sealer.open(sealed, about=_about(claim)), type=Answer)
        except Unsealable as error:
            log.error("idempotent_answer_unsealable")
            raise Conflict("The answer to this Idempotency-Key can no longer be read.") from error


def _about(claim: Claim) -> str:
    return f"idempotency/{claim.project}/{claim.operation}/{claim.key.hex()}"


async def fingerprint(request: Request[Any, Any, Any]) -> bytes:
    """What tells one request from another: its target and its body.

    A form is told by its length alone: it is streamed, and its boundary differs each time.
    """
    found = hashlib.sha256(request.scope["raw_path"] + b"?" + request.scope["query_string"] + b"\0")
    if "form" in request.route_handler.opt:
        found.update(request.headers.get("content-length", "").encode())
    else:
        found.update(await request.body())
    return found.digest()


def on_replay(request: Request[Any, Any, Any], replay: Replay) -> Response[bytes]:
    """Give an earlier answer again, byte for byte."""
    answer = replay.answer
    headers = {name: value for name, value in answer.headers if name not in _NEW_EACH_TIME}
    headers["idempotent-replayed"] = "true"
    media_type = headers.pop("content-type", "application/json").partition(";")[0]
    return Response(answer.body, status_code=answer.status, headers=headers, media_type=media_type)
