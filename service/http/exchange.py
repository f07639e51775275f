"""One request and its answer, as uvicorn has it, but for how the answer leaves: its head is kept until the
first of its body, and they are one write.

A write to a socket is among the dearest things a short answer does.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, RequestResponseCycle

_PLAIN = bytes(code for code in range(256) if code == 9 or (code >= 32 and code != 127))
"""What the lines of a head may hold."""
_WITHOUT_BODY = (204, 304)
_LAST_CHUNK = b"0\r\n\r\n"


class Exchange(RequestResponseCycle):
    """Sends what answers one request, framed as HTTP/1.1 has it."""

    _head = b""
    """What was not sent yet: status and headers."""

    async def send(self, message: Any) -> None:
        """ASGI's `send`: a start, then the body in one piece or more.

        Raises RuntimeError where that is not what is sent, or the body is not as long as was said.
        """
        if self.flow.write_paused and not self.disconnected:
            await self.flow.drain()
        if self.disconnected:
            return
        if (message["type"] == "http.response.start") is self.response_started or self.response_complete:
            raise RuntimeError(f"{message['type']!r} is out of turn")
        if not self.response_started:
            self._start(message["status"], message["headers"])
        else:
            self._go_on(message.get("body", b""), more=message.get("more_body", False))

    def _start(self, status: int, headers: Sequence[tuple[bytes, bytes]]) -> None:
        self.response_started = True
        self.waiting_for_100_continue = False
        lines = [*self.default_headers, *headers]
        said_to_close = False
        for name, value in headers:
            if name == b"content-length":
                self.chunked_encoding, self.expected_content_length = False, int(value)
            elif name == b"connection" and b"close" in value:
                self.keep_alive, said_to_close = False, True
        if not (self.keep_alive or said_to_close):
            lines.append((b"connection", b"close"))
        if self.chunked_encoding is None and self.scope["method"] != "HEAD" and status not in _WITHOUT_BODY:
            self.chunked_encoding = True
            lines.append((b"transfer-encoding", b"chunked"))
        head = b"".join([name + b": " + value + b"\r\n" for name, value in lines])
        if head.translate(None, _PLAIN) != b"\r\n" * len(lines):
            raise RuntimeError("a header has a character that none may have")
        self._head = STATUS_LINE[status] + head + b"\r\n"

    def _go_on(self, body: bytes, *, more: bool) -> None:
        if self.scope["method"] == "HEAD":
            body, self.expected_content_length = b"", 0
        elif self.chunked_encoding:
            body = (b"%x\r\n%b\r\n" % (len(body), body) if body else b"") + (b"" if more else _LAST_CHUNK)
        else:
            self.expected_content_length -= len(body)
        if self.expected_content_length < 0:
            raise RuntimeError("the body is longer than was said")
        if self._head or body:
            self.transport.write(self._head + body if self._head else body)
            self._head = b""
        if not more:
            self._end()

    def _end(self) -> None:
        if self.expected_content_length:
            raise RuntimeError("the body is shorter than was said")
        self.response_complete = True
        self.message_event.set()
        if not self.keep_alive:
            self.transport.close()
        self.on_response()
