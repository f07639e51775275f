"""One HTTP/1.1 connection seen from the server, with every byte in our own hands."""

from __future__ import annotations

import asyncio
import math
import socket
import struct
import time
from collections.abc import Awaitable, Callable
from http import HTTPStatus

from msgspec import Struct

HEAD_END = b"\r\n\r\n"
LAST_CHUNK = b"0\r\n\r\n"


class Request(Struct, frozen=True):
    """A request as it arrived; header names in lower case."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes


class Gone(ConnectionError):
    """The client went away."""


class NotHttp(ValueError):
    """The client sent something that is no request."""


class Connection(asyncio.Protocol):
    """Reads whole requests, writes raw bytes, knows at once when the client is gone."""

    def __init__(self, serve: Callable[[Connection], Awaitable[None]]) -> None:
        self._serve = serve
        self._buffer = bytearray()
        self._changed = asyncio.Event()
        self._writable = asyncio.Event()
        self._writable.set()
        self.gone = asyncio.Event()
        self.gone_at: float | None = None
        """Monotonic seconds."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self.task = asyncio.ensure_future(self._serve(self))

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        self._changed.set()

    def eof_received(self) -> bool:
        self._lose()
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        self._lose()

    def pause_writing(self) -> None:
        self._writable.clear()

    def resume_writing(self) -> None:
        self._writable.set()

    async def read_request(self) -> Request | None:
        """The next request; None once the client is gone. Raises `NotHttp`."""
        while (parsed := parse_request(bytes(self._buffer))) is None:
            if self.gone.is_set():
                return None
            self._changed.clear()
            await self._changed.wait()
        request, used = parsed
        del self._buffer[:used]
        return request

    async def send(self, data: bytes) -> None:
        """Write; raises `Gone` when nobody is there. Lets other tasks run in between."""
        if self.gone.is_set() or self._transport.is_closing():
            raise Gone
        self._transport.write(data)
        await asyncio.sleep(0)
        if not self._writable.is_set():
            await self._writable.wait()

    async def pause(self, seconds: float, *until: asyncio.Event) -> None:
        """Wait for a time or one of the events; raises `Gone` as soon as the client is."""
        waits = [asyncio.ensure_future(event.wait()) for event in (self.gone, *until)]
        timeout = None if math.isinf(seconds) else seconds
        try:
            await asyncio.wait(waits, timeout=timeout, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()
        if self.gone.is_set():
            raise Gone

    def close(self) -> None:
        """End the connection in good order, after what was written."""
        self._transport.close()

    def reset(self) -> None:
        """End the connection with a TCP reset, dropping what was not sent yet."""
        raw = self._transport.get_extra_info("socket")
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._transport.abort()

    def _lose(self) -> None:
        if self.gone_at is None:
            self.gone_at = time.monotonic()
        self.gone.set()
        self._changed.set()
        self._writable.set()


def parse_request(data: bytes) -> tuple[Request, int] | None:
    """The request at the start of `data` and its length; None while it is not whole."""
    head, found, rest = data.partition(HEAD_END)
    if not found:
        return None
    first, *lines = head.decode("latin-1").split("\r\n")
    if first.count(" ") != 2:
        raise NotHttp(first)
    method, path, _ = first.split(" ")
    headers = {name.strip().lower(): value.strip() for name, _, value in (li.partition(":") for li in lines)}
    if headers.get("transfer-encoding", "").lower() == "chunked":
        body = unchunk(rest)
    else:
        length = int(headers.get("content-length", "0"))
        body = (rest[:length], length) if len(rest) >= length else None
    if body is None:
        return None
    return Request(method, path, headers, body[0]), len(head) + len(HEAD_END) + body[1]


def unchunk(data: bytes) -> tuple[bytes, int] | None:
    """A chunked body without trailers and the length it took; None while it is not whole."""
    body, at = bytearray(), 0
    while (line_end := data.find(b"\r\n", at)) >= 0:
        size = int(data[at:line_end].split(b";")[0], 16)
        start, end = line_end + 2, line_end + 2 + size
        if len(data) < end + 2:
            return None
        if size == 0:
            return bytes(body), end + 2
        body += data[start:end]
        at = end + 2
    return None


def chunk(data: bytes) -> bytes:
    """One chunk of a chunked body; nothing for nothing, which would end it."""
    return b"%x\r\n%b\r\n" % (len(data), data) if data else b""


def head(status: int, headers: dict[str, str]) -> bytes:
    """Status line and headers."""
    phrase = HTTPStatus(status).phrase if status in set(HTTPStatus) else "Scripted"
    lines = [f"HTTP/1.1 {status} {phrase}", *(f"{name}: {value}" for name, value in headers.items())]
    return "\r\n".join(lines).encode("latin-1") + HEAD_END
