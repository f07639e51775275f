"""What we ask of a connection beyond uvicorn's own protocol: bounded headers, one Host, a request that
arrives in time, refusals in our envelope, one answer a request, and word when the client is gone."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from typing import ClassVar

import msgspec
import structlog
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from service.http.exchange import Exchange
from service.ids import new_id
from specs.errors import DragomanError, HeadersTooLarge, InvalidRequest, RequestTimeout
from specs.openai.common import error_body

MAX_HEADER_BYTES = 64 * 1024
MAX_HEADERS = 200
WRITE_BUFFER_BYTES = 8 * 1024
"""What may wait in a connection before its writer is held back; more waits in the run's log."""
UNSENT_BYTES = 64 * 1024
"""What the kernel takes from us that the network has not: by itself it would take megabytes."""
SLOWEST_BODY = 1024
"""Bytes a second, on average, that a body has to arrive with."""
_REFUSAL = (
    b"content-type: application/json\r\nconnection: close\r\nx-request-id: %b\r\ncontent-length: %d\r\n\r\n%b"
)
_VERSIONS = ("1.1", "1.0")

log = structlog.get_logger()


class Connection(HttpToolsProtocol):
    """One client connection. Requests find it as `scope["state"]["connection"]`."""

    request_seconds: ClassVar[float] = 60.0
    """How long a request may take to arrive, besides what its body's length allows."""
    on_gone: Callable[[], None] | None = None
    """Called once when the connection is lost while an answer is under way."""
    gone = False
    """Whether the connection is lost; what is sent then goes nowhere, at once."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin."""
        super().connection_made(transport)
        transport.set_write_buffer_limits(high=WRITE_BUFFER_BYTES)
        bound_unsent(transport.get_extra_info("socket"))
        self._refused = False
        self._begun = False
        """Whether part of a request has arrived, and not all of it."""
        self._in_headers = False
        self._header_bytes = 0
        self._unread_bytes = 0
        """Received since the parser last made something of them."""
        self._awaiting = False
        """Whether a request is to arrive, within its time."""
        self._timer: asyncio.TimerHandle | None = None
        self._await_request()
        self._watch()

    def connection_lost(self, exc: Exception | None) -> None:
        """Tell whoever answers that nobody listens any more."""
        super().connection_lost(exc)
        self.gone = True
        self._await_nothing()
        gone, self.on_gone = self.on_gone, None
        if gone is not None:
            gone()

    def data_received(self, data: bytes) -> None:
        """Feed the parser, unless this connection was refused already."""
        if self._refused:
            return
        if not self._awaiting:
            self._await_request()
        self._received += len(data)
        self._unread_bytes += len(data)
        super().data_received(data)
        if self._unread_bytes > MAX_HEADER_BYTES:
            self.refuse(HeadersTooLarge())
        if self._awaiting:
            self._watch()

    def on_message_begin(self) -> None:
        """A request begins."""
        super().on_message_begin()
        self._begun = self._in_headers = True
        self._header_bytes = self._unread_bytes = 0
        self.scope.setdefault("state", {})["connection"] = self
        self._await_request()

    def on_url(self, url: bytes) -> None:
        """Count the target as part of the headers."""
        super().on_url(url)
        self._count(len(url))

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take a header, within bounds. One after the body (a trailer) is dropped: it came too late
        to be checked with the others."""
        if self._in_headers:
            self.headers.append((name.lower(), value))
        self._count(len(name) + len(value))

    def on_headers_complete(self) -> None:
        """Start the request if its head is in order."""
        self._in_headers = False
        problem = self._problem()
        if problem is not None:
            self.refuse(problem)
        elif not self._refused:
            self.expect_100_continue = dict(self.headers).get(b"expect", b"").lower() == b"100-continue"
            super().on_headers_complete()
            if self.cycle is not None:  # a handshake has none
                self.cycle.__class__ = Exchange  # its task has not begun yet

    def _problem(self) -> InvalidRequest | None:
        """What is wrong with the head, https://www.rfc-editor.org/rfc/rfc9112 sections 2.3, 3.2, 6.1."""
        assert self.parser is not None
        version = self.parser.get_http_version()
        names = [name for name, _ in self.headers]
        hosts = names.count(b"host")
        if version not in _VERSIONS:
            return InvalidRequest(f"HTTP/{version} is not spoken here.")
        if hosts > 1 or (hosts == 0 and version == "1.1"):
            return InvalidRequest(f"Host: exactly one is needed, {hosts} were sent", param="Host")
        if version == "1.0" and b"transfer-encoding" in names:
            return InvalidRequest("Transfer-Encoding: HTTP/1.0 has none.", param="Transfer-Encoding")
        return None

    def on_body(self, body: bytes) -> None:
        """Take a piece of the body."""
        self._unread_bytes = 0
        if not self._refused:
            super().on_body(body)

    def on_message_complete(self) -> None:
        """The request is whole: only the answer is waited for now."""
        self._begun = False
        self._unread_bytes = 0
        self._await_nothing()
        if not self._refused:
            super().on_message_complete()

    def _should_upgrade(self) -> bool:
        """Whether this is a WebSocket's handshake, https://www.rfc-editor.org/rfc/rfc6455 section 4.1."""
        return (
            super()._should_upgrade()
            and self.parser is not None
            and self.parser.get_method() == b"GET"
            and self.parser.get_http_version() == "1.1"
        )

    def handle_websocket_upgrade(self) -> None:
        """Hand the connection over, unless it was refused."""
        self._await_nothing()
        if not self._refused:
            super().handle_websocket_upgrade()

    def send_400_response(self, msg: str) -> None:
        """Refuse what is not HTTP."""
        self.refuse(InvalidRequest(msg))

    def refuse(self, error: DragomanError) -> None:
        """Answer with an error in our envelope and close; what else arrives is dropped."""
        if self._refused or self.transport.is_closing():
            return
        self._refused = True
        self._await_nothing()
        if self._owes_an_answer:
            id = new_id("req")
            log.info("connection_refused", request_id=id, status=error.status, error=error.code)
            body = msgspec.json.encode(error_body(error.failure))
            self.transport.write(STATUS_LINE[error.status] + _REFUSAL % (id.encode(), len(body), body))
        self.transport.close()

    @property
    def _owes_an_answer(self) -> bool:
        """Whether the next bytes sent would be read as the answer to what is refused."""
        if self.cycle is None:
            return True
        if self._begun and not self._in_headers:  # the request at fault is that of the cycle
            return not self.cycle.response_started
        return self.cycle.response_complete

    @property
    def has_room(self) -> bool:
        """Whether what is sent now would not have to wait."""
        return not (self.gone or self.flow.write_paused)

    def write_chunk(self, body: bytes) -> None:
        """Send a piece of a body of unknown length, after its first, past whatever else is done to it."""
        self.transport.write(b"%x\r\n%b\r\n" % (len(body), body))

    def abort(self) -> None:
        """Drop the connection without waiting for what is unsent."""
        self.transport.abort()

    def _count(self, size: int) -> None:
        self._header_bytes += size
        self._unread_bytes = 0
        if self._header_bytes > MAX_HEADER_BYTES or len(self.headers) > MAX_HEADERS:
            self.refuse(HeadersTooLarge())

    def _await_request(self) -> None:
        """Give the next request its time, from now on."""
        self._awaiting = True
        self._received = 0
        self._since = self.loop.time()

    def _watch(self) -> None:
        """Look whether it has come in time. Most come at once, and are never looked for."""
        if self._timer is None:
            self._timer = self.loop.call_later(self.request_seconds, self._look)

    def _await_nothing(self) -> None:
        self._awaiting = False
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _look(self) -> None:
        """Refuse a request that is late, unless it is we who do not read it."""
        body_seconds = 0 if self._in_headers else self._received / SLOWEST_BODY
        left = self._since + self.request_seconds + body_seconds - self.loop.time()
        answering = self.cycle is not None and not self.cycle.response_complete
        if self.flow.read_paused or (answering and not self._begun):
            left = self.request_seconds
        if left > 0:
            self._timer = self.loop.call_later(left, self._look)
        else:
            self.refuse(RequestTimeout())


def bound_unsent(connection: socket.socket | None) -> None:
    """Let little wait in the kernel; see `UNSENT_BYTES`."""
    if connection is not None and connection.family != socket.AF_UNIX:
        option = getattr(socket, "TCP_NOTSENT_LOWAT", None)
        if option is not None:
            connection.setsockopt(socket.IPPROTO_TCP, option, UNSENT_BYTES)


def connections(*, request_seconds: float) -> type[Connection]:
    """The protocol with a time for requests to arrive in."""
    return type("TimedConnection", (Connection,), {"request_seconds": request_seconds})
