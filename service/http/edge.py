"""The outermost layer: every answer has a request id, no more run at once than we can serve, and a
server that is going down says so."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import msgspec
from litestar.types import ASGIApp

from service.http.finished import tell_finished
from service.http.headers import failure_headers
from service.http.house import House
from service.http.wording import id_headers, worded_early
from service.ids import new_id
from service.telemetry.logs import request_id
from specs.errors import DragomanError, Overloaded, ServerError, ShuttingDown
from specs.openai.common import error_body

OVERLOAD_RETRY_SECONDS = 1


class Edge:
    """Wraps the application; ASGI in, ASGI out."""

    def __init__(self, app: ASGIApp, house: House, *, max_in_flight: int) -> None:
        self._app = app
        self._house = house
        self._max_in_flight = max_in_flight

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Serve one request; `scope` and the callables are ASGI's."""
        if scope["type"] == "websocket":
            await self._open_socket(scope, receive, send)
            return
        began = time.perf_counter()
        id = new_id("req")
        request_id.set(id)
        headers = id_headers(scope, id)
        status = 0
        state = scope["state"]
        state["house"] = self._house

        async def send_with_id(message: Any) -> None:
            nonlocal status
            starts = message["type"] == "http.response.start"
            if starts:
                status = message["status"]
                message["headers"] = [*message["headers"], *headers]
            if "recorder" in state:
                await state["recorder"].take(message, begun=state.get("begun", False))
            if starts and (standing := state.get("standing")) is not None:
                message["headers"] += standing.headers()
            await send(message)

        try:
            await self._admit(scope, receive, send_with_id)
        finally:
            try:
                if "recorder" in state:
                    await state["recorder"].close()
            finally:
                tell_finished(self._house.metrics, scope, request_id=id, status=status, began=began)

    async def _open_socket(self, scope: Any, receive: Any, send: Any) -> None:
        """Serve a WebSocket: each of its turns takes a place, it takes none itself."""
        began = time.perf_counter()
        id = new_id("req")
        request_id.set(id)
        header = (b"x-request-id", id.encode())
        state = scope["state"]
        state["house"], state["place"] = self._house, self.place
        accepted = False

        async def send_with_id(message: Any) -> None:
            nonlocal accepted
            if message["type"] == "websocket.close" and not accepted:
                await refuse_handshake(state.get("refusal") or ServerError(), send, header)
                told = {**scope, "method": "GET"}
                status = state["refusal"].status if "refusal" in state else ServerError.status
                tell_finished(self._house.metrics, told, request_id=id, status=status, began=began)
                return
            if message["type"] == "websocket.accept":
                accepted = True
                message["headers"] = [*message["headers"], header]
            await send(message)

        if self._house.draining:
            state["refusal"] = ShuttingDown(retry_after=OVERLOAD_RETRY_SECONDS)
            await send_with_id({"type": "websocket.close"})
        else:
            await self._app(scope, receive, send_with_id)

    @contextmanager
    def place(self) -> Iterator[None]:
        """Be one of those in flight.

        Raises ShuttingDown, Overloaded.
        """
        if self._house.draining:
            raise ShuttingDown(retry_after=OVERLOAD_RETRY_SECONDS)
        if self._house.metrics.in_flight >= self._max_in_flight:
            raise Overloaded(retry_after=OVERLOAD_RETRY_SECONDS)
        self._house.metrics.in_flight += 1
        try:
            yield
        finally:
            self._house.metrics.in_flight -= 1

    async def _admit(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["path"].startswith("/health/"):
            await self._app(scope, receive, send)
        elif self._house.draining:
            await refuse(ShuttingDown(retry_after=OVERLOAD_RETRY_SECONDS), scope, send)
        elif self._house.metrics.in_flight >= self._max_in_flight:
            await refuse(Overloaded(retry_after=OVERLOAD_RETRY_SECONDS), scope, send)
        else:
            self._house.metrics.in_flight += 1
            try:
                await self._app(scope, receive, send)
            finally:
                self._house.metrics.in_flight -= 1


async def refuse(error: DragomanError, scope: Any, send: Any) -> None:
    """Answer with an error before the application is asked; `scope` and `send` are ASGI's."""
    status, told = worded_early(scope, error.failure)
    body = msgspec.json.encode(told)
    headers = [
        (b"content-type", b"application/json"),
        (b"content-length", str(len(body)).encode()),
        (b"retry-after", str(int(error.retry_after or 0)).encode()),
        (b"connection", b"close"),
    ]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body, "more_body": False})


async def refuse_handshake(error: DragomanError, send: Any, header: tuple[bytes, bytes]) -> None:
    """Answer a handshake with an error as any other request; `send` is ASGI's."""
    body = msgspec.json.encode(error_body(error.failure))
    headers = [(b"content-type", b"application/json"), header, *failure_headers(error.failure)]
    await send({"type": "websocket.http.response.start", "status": error.status, "headers": headers})
    await send({"type": "websocket.http.response.body", "body": body})
