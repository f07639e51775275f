"""What we ask of a WebSocket beyond uvicorn's own protocol: bounded buffers, a refusal of what is no
handshake, a stop that lets a turn end, and word when the client is gone."""

from __future__ import annotations

import asyncio
from asyncio.transports import BaseTransport
from collections.abc import Callable
from typing import cast

import msgspec
from uvicorn._types import ASGISendEvent
from uvicorn.protocols.http.httptools_impl import STATUS_LINE
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.http11 import Request

from service.http.protocol import WRITE_BUFFER_BYTES, bound_unsent
from specs.errors import InvalidRequest
from specs.openai.common import error_body

PING_SECONDS = 20.0


class Socket(WebSocketsSansIOProtocol):
    """One WebSocket. Its session finds it as `scope["state"]["connection"]`."""

    gone = False
    """Whether the connection is lost; what is sent then goes nowhere."""
    on_shutdown: Callable[[], None] | None = None
    """Called instead of closing at once when the server stops."""

    def connection_made(self, transport: BaseTransport) -> None:
        """Begin."""
        super().connection_made(transport)
        self.transport.set_write_buffer_limits(high=WRITE_BUFFER_BYTES)
        bound_unsent(self.transport.get_extra_info("socket"))

    def connection_lost(self, exc: Exception | None) -> None:
        """Nobody listens any more."""
        self.gone = True
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Feed the parser; what it cannot take for a handshake is refused."""
        super().data_received(data)
        if self.conn.handshake_exc is not None and not self.handshake_initiated:
            self.handshake_initiated = self.handshake_complete = self.close_sent = True
            refusal = error_body(InvalidRequest("This is no WebSocket handshake.").failure)
            body = msgspec.json.encode(refusal)
            head = b"content-type: application/json\r\nconnection: close\r\ncontent-length: %d\r\n\r\n"
            self.transport.write(STATUS_LINE[400] + head % len(body) + body)
            self.transport.close()

    def handle_connect(self, event: Request) -> None:
        """Answer a handshake."""
        super().handle_connect(event)
        if not self.close_sent:
            self.scope.setdefault("state", {})["connection"] = self

    async def send(self, message: ASGISendEvent) -> None:
        """Send; a refusal is the end of a handshake, too, which uvicorn would report as missing."""
        await super().send(message)
        if message["type"] == "websocket.http.response.body":
            self.handshake_complete = True

    def keepalive_timeout(self) -> None:
        """Drop who answers no ping; what is unsent would wait for ever."""
        super().keepalive_timeout()
        self.abort()

    def shutdown(self) -> None:
        """The server stops: let the session say when this ends."""
        if self.on_shutdown is not None and not self.close_sent:
            self.on_shutdown()
        else:
            super().shutdown()

    def abort(self) -> None:
        """Drop the connection without waiting for what is unsent."""
        cast("asyncio.Transport", self.transport).abort()
