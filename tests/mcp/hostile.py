"""A server that answers what a test wants, however wrong that is."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

from aiohttp import web
from aiohttp.test_utils import TestServer

Json = dict[str, Any]
Answer = Callable[[web.Request, Json], Awaitable[web.StreamResponse]]
TOOL: Json = {"name": "look", "description": "Look.", "inputSchema": {"type": "object"}}


class Hostile:
    """`on` holds what is done by method; "GET" is the stream that a client listens to, "DELETE"
    its good-bye. What is not there is done properly."""

    def __init__(self) -> None:
        self.tools: list[Json] = [TOOL]
        self.asked: list[str] = []
        """The methods, and "reply" for what clients answer."""
        self.replies: list[Json] = []
        self.on: dict[str, Answer] = {}

    def count(self, method: str) -> int:
        """How often something was asked."""
        return self.asked.count(method)

    async def get(self, request: web.Request) -> web.StreamResponse:
        """A client listens, or ends its session."""
        self.asked.append(request.method)
        answer = self.on.get(request.method)
        return web.Response(status=405) if answer is None else await answer(request, {})

    async def post(self, request: web.Request) -> web.StreamResponse:
        """A client says something."""
        said: Json = await request.json()
        method = said.get("method", "reply")
        self.asked.append(method)
        if method == "reply":
            self.replies.append(said)
        if (answer := self.on.get(method)) is not None:
            return await answer(request, said)
        if "id" not in said or method == "reply":
            return web.Response(status=202)
        match method:
            case "initialize":
                return result(said, WELCOME)
            case "tools/list":
                return result(said, {"tools": self.tools})
            case "tools/call":
                return result(said, {"content": [{"type": "text", "text": "seen"}]})
            case _:
                return web.json_response(
                    {"jsonrpc": "2.0", "id": said["id"], "error": {"code": -32601, "message": "no"}}
                )


WELCOME: Json = {
    "protocolVersion": "2025-06-18",
    "capabilities": {"tools": {"listChanged": True}},
    "serverInfo": {"name": "hostile", "version": "1"},
}


def result(said: Json, what: Json, **headers: str) -> web.Response:
    """A proper answer."""
    return web.json_response({"jsonrpc": "2.0", "id": said["id"], "result": what}, headers=headers)


def always(response: Callable[[], web.StreamResponse]) -> Answer:
    """The same for everybody."""

    async def answer(_: web.Request, __: Json) -> web.StreamResponse:
        return response()

    return answer


async def hang(_: web.Request, __: Json) -> web.StreamResponse:
    """Never answer."""
    await asyncio.Event().wait()
    raise AssertionError


def streaming(*pieces: bytes, forever: bytes = b"", kind: str = "text/event-stream") -> Answer:
    """Send these pieces, then the last for ever; `ID` in them is the request's id."""

    async def answer(request: web.Request, said: Json) -> web.StreamResponse:
        response = web.StreamResponse(headers={"content-type": kind})
        await response.prepare(request)
        for piece in pieces:
            await response.write(piece.replace(b"ID", json.dumps(said.get("id")).encode()))
        while forever:
            await response.write(forever)
        return response

    return answer


def event(message: Json) -> bytes:
    """A message as an event."""
    return f"event: message\ndata: {json.dumps({'jsonrpc': '2.0', **message})}\n\n".encode()


@asynccontextmanager
async def hostile() -> AsyncIterator[tuple[Hostile, str]]:
    """A running one, and where it is."""
    found, app = Hostile(), web.Application()
    app.router.add_get("/mcp", found.get)
    app.router.add_post("/mcp", found.post)
    app.router.add_delete("/mcp", found.get)
    async with TestServer(app) as server:
        yield found, str(server.make_url("/mcp"))
