"""A server of the Model Context Protocol as one page: its tools and answers are whatever a test wants."""

from __future__ import annotations

import json
from typing import Any

from aiohttp import web

Json = dict[str, Any]
WELCOME: Json = {
    "protocolVersion": "2025-06-18",
    "capabilities": {"tools": {"listChanged": True}},
    "serverInfo": {"name": "page", "version": "1"},
}


def tool(name: str, description: str = "", **properties: Json) -> Json:
    """A tool as servers list it."""
    schema = {"type": "object", "properties": properties}
    return {"name": name, "description": description, "inputSchema": schema}


def text(words: str) -> Json:
    """What a call comes to."""
    return {"content": [{"type": "text", "text": words}]}


class McpPage:
    """A page for `Pages.laid`. Keeps what was called on it."""

    def __init__(self, *tools: Json, **answers: Json) -> None:
        self.tools = list(tools)
        self.answers = answers
        """What calls come to, by the tool's name; otherwise `seen`."""
        self.calls: list[tuple[str, Json]] = []
        self.tokens: set[str | None] = set()

    async def __call__(self, request: web.Request, body: bytes) -> web.Response:
        self.tokens.add(request.headers.get("authorization"))
        if request.method != "POST":
            return web.Response(status=405)
        said = json.loads(body)
        if "id" not in said or "method" not in said:
            return web.Response(status=202)
        return web.json_response({"jsonrpc": "2.0", "id": said["id"], **self._answer(said)})

    def _answer(self, said: Json) -> Json:
        match said["method"]:
            case "initialize":
                return {"result": WELCOME}
            case "tools/list":
                return {"result": {"tools": self.tools}}
            case "tools/call":
                called = said["params"]
                self.calls.append((called["name"], called.get("arguments") or {}))
                return {"result": self.answers.get(called["name"], text("seen"))}
            case _:
                return {"error": {"code": -32601, "message": "There is no such method."}}
