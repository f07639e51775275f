"""A server on a socket that writes what it is told, byte for byte, and an upstream that leads to it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import aiohttp

from providers.base import Call
from providers.parts import PartTracker
from providers.transport import HTTPModelStream, Timeouts, Upstream
from specs.errors import UpstreamCut, UpstreamUnavailable
from specs.events import Event, Warned


class Echo:
    """A decoder that tells each frame as a warning; `stop` ends it, `boom` fails."""

    def __init__(self) -> None:
        self.tracker = PartTracker(Call(0, 1, 0, lambda prefix: prefix))

    def feed(self, event: str, data: bytes) -> None:
        if data == b"stop":
            self.tracker.end_step("stop")
        elif data == b"boom":
            raise UpstreamUnavailable
        elif data == b"odd":
            raise UnicodeDecodeError("utf-8", data, 0, 1, "odd")
        elif data != b"quiet":
            self.tracker.warn(data.decode(), event)

    def whole(self, data: bytes) -> None:
        self.tracker.warn(data.decode())
        self.tracker.end_step("stop")

    def finish(self) -> None:
        raise UpstreamCut


Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[Any]]
STREAM = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n"
CHUNKED = STREAM + b"transfer-encoding: chunked\r\n\r\n"


@asynccontextmanager
async def served(handler: Handler, **timeouts: float) -> AsyncIterator[Upstream]:
    """An upstream whose server reads one request a connection, then lets the handler write."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await reader.readuntil(b"\r\n\r\n")
            await handler(reader, writer)
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with server, aiohttp.ClientSession() as session:
        yield Upstream(session, f"http://127.0.0.1:{port}/v1", {"X-Team": "a"}, Timeouts(**timeouts))


def answering(*pieces: bytes | float) -> Handler:
    """Write these pieces; a number is a pause in seconds."""

    async def handler(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for piece in pieces:
            if isinstance(piece, bytes):
                writer.write(piece)
                await writer.drain()
            else:
                await asyncio.sleep(piece)

    return handler


def chunked(data: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(data), data)


def response(status: bytes, body: bytes, *headers: bytes) -> bytes:
    lines = [b"HTTP/1.1 " + status, b"content-length: %d" % len(body), *headers]
    return b"\r\n".join(lines) + b"\r\n\r\n" + body


async def opened(upstream: Upstream) -> HTTPModelStream:
    return await upstream.open("/x", b"{}", Echo())


async def drained(stream: HTTPModelStream) -> list[list[Event]]:
    try:
        return [batch async for batch in stream]
    finally:
        await stream.aclose()


def told(events: list[Event]) -> list[str]:
    return [event.message for event in events if isinstance(event, Warned)]
