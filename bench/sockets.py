"""The few bytes of WebSocket that the load generator needs, and a client of it: one turn after the other.

https://www.rfc-editor.org/rfc/rfc6455
"""

from __future__ import annotations

import asyncio
from typing import Any

TEXT, CLOSE = 0x1, 0x8
ENDS = (b'"type":"response.completed"', b'"type":"response.failed"', b'"type":"error"')
"""What the frame that ends a turn begins with, after its brace."""


def handshake(*, path: str, headers: dict[str, str]) -> bytes:
    """The request that makes a connection a WebSocket."""
    lines = [
        f"GET {path} HTTP/1.1",
        "host: 127.0.0.1",
        "upgrade: websocket",
        "connection: Upgrade",
        "sec-websocket-version: 13",
        "sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==",
        *(f"{name}: {value}" for name, value in headers.items()),
    ]
    return "\r\n".join(lines).encode() + b"\r\n\r\n"


def frame(text: bytes) -> bytes:
    """A whole text message from a client, under a mask that changes nothing."""
    size = len(text)
    if size < 126:
        head = bytes([0x80 | TEXT, 0x80 | size])
    elif size < 1 << 16:
        head = bytes([0x80 | TEXT, 0x80 | 126]) + size.to_bytes(2)
    else:
        head = bytes([0x80 | TEXT, 0x80 | 127]) + size.to_bytes(8)
    return head + bytes(4) + text


def take_frame(data: bytearray) -> tuple[int, bytes] | None:
    """Take the first frame of a server off `data`, as (kind, payload); None while it is not all there."""
    if len(data) < 2:
        return None
    size, start = data[1], 2
    if size >= 126:
        start = 4 if size == 126 else 10
        size = int.from_bytes(data[2:start])
    if len(data) < start + size:
        return None
    kind, payload = data[0] & 0x0F, bytes(data[start : start + size])
    del data[: start + size]
    return kind, payload


class SocketClient(asyncio.Protocol):
    """One connection: sends a turn, waits for its last event, tells its owner."""

    arrivals: tuple[tuple[float, float], ...] = ()

    def __init__(self, *, path: str, headers: dict[str, str], message: bytes) -> None:
        self._handshake = handshake(path=path, headers=headers)
        self._sent = frame(message)
        self._buffer = bytearray()
        self._seen = bytearray()
        self._open = asyncio.Event()
        self._answer: asyncio.Future[bytes] | None = None

    def connection_made(self, transport: Any) -> None:
        self._transport = transport
        transport.write(self._handshake)

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        if not self._open.is_set():
            end = self._buffer.find(b"\r\n\r\n")
            if end < 0:
                return
            if not self._buffer.startswith(b"HTTP/1.1 101"):
                self._fail(bytes(self._buffer[:200]))
                return
            del self._buffer[: end + 4]
            self._open.set()
        while (found := take_frame(self._buffer)) is not None:
            self._take(*found)

    def _take(self, kind: int, payload: bytes) -> None:
        if kind == CLOSE:
            self._fail(payload)
        if kind != TEXT:
            return
        self._seen += payload + b"\n"
        if payload.startswith(ENDS, 1) and self._answer is not None and not self._answer.done():
            self._answer.set_result(bytes(self._seen))

    def connection_lost(self, exc: Exception | None) -> None:
        self._fail(bytes(self._seen[-200:]))

    def _fail(self, seen: bytes) -> None:
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(ConnectionError(f"cut after {seen!r}"))

    async def ask(self) -> tuple[int, bytes]:
        """Take a turn; gives a status as HTTP would have it, and the frames, a line each."""
        self._seen.clear()
        self._answer = asyncio.get_running_loop().create_future()
        await self._open.wait()
        self._transport.write(self._sent)
        return 200, await self._answer

    def close(self) -> None:
        """Let go of the connection."""
        self._transport.close()
