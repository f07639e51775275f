"""A server of the protocol, built with the library's own server: what a shop has, and what it costs."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import uvicorn
from mcp.server import MCPServer
from mcp.server.mcpserver import Context
from mcp.server.mcpserver.exceptions import ToolError
from mcp_types import (
    CreateMessageRequest,
    CreateMessageRequestParams,
    CreateMessageResult,
    InputRequiredResult,
    SamplingMessage,
    TextContent,
    ToolAnnotations,
)
from starlette.applications import Starlette
from starlette.types import Receive, Scope, Send

from tests.support.upstream import until

PRICES = {"apple": 3, "pear": 4, "fig": 7}


class Shop:
    """The server, and what was asked of it."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, str]] = []
        self.headers: list[dict[str, str]] = []
        self.server = MCPServer("shop")
        self.server.add_tool(self.price, annotations=ToolAnnotations(read_only_hint=True, title="Price"))
        self.server.add_tool(self.buy)
        self.server.add_tool(self.fail)
        self.server.add_tool(self.wait)
        self.server.add_tool(self.advise)
        self.advice: list[str] = []
        """What models said that were asked for some."""

    def price(self, item: str) -> str:
        """What an item costs."""
        self.calls.append(("price", item))
        return str(PRICES[item])

    def buy(self, item: str) -> str:
        """Buy an item."""
        self.calls.append(("buy", item))
        return f"bought {item}"

    def fail(self) -> str:
        """Fails."""
        raise ToolError("no such luck")

    async def wait(self, seconds: float) -> str:
        """Takes its time."""
        self.calls.append(("wait", str(seconds)))
        await asyncio.sleep(seconds)
        return "waited"

    async def advise(self, about: str, context: Context) -> str | InputRequiredResult:
        """Asks the model of whoever calls, as often as there are words, and says what the last reply was."""
        words = about.split()
        given = context.input_responses or {}
        told = int(context.request_state or 0)
        for reply in given.values():
            assert isinstance(reply, CreateMessageResult)
            assert isinstance(reply.content, TextContent)
            self.advice.append(reply.content.text)
        if told == len(words):
            return f"advised {self.advice[-1]}"
        message = SamplingMessage(role="user", content=TextContent(type="text", text=words[told]))
        asked = CreateMessageRequestParams(messages=[message], max_tokens=50, system_prompt="Advise.")
        return InputRequiredResult(
            input_requests={"advice": CreateMessageRequest(params=asked)}, request_state=str(told + 1)
        )

    def app(self, kind: str) -> Starlette:
        """Over either transport, at /mcp."""
        return self.server.sse_app(sse_path="/mcp") if kind == "sse" else self.server.streamable_http_app()


@asynccontextmanager
async def serving(app: Starlette, shop: Shop | None = None) -> AsyncIterator[str]:
    """The server's address."""

    async def noted(scope: Scope, receive: Receive, send: Send) -> None:
        if shop is not None and scope["type"] == "http":
            shop.headers.append({name.decode(): value.decode() for name, value in scope["headers"]})
        await app(scope, receive, send)

    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        config = uvicorn.Config(noted, log_config=None, lifespan="on", timeout_graceful_shutdown=1)
        server = uvicorn.Server(config)
        task = asyncio.create_task(server.serve(sockets=[listener]))
        try:
            await until(lambda: server.started)
            yield f"http://127.0.0.1:{listener.getsockname()[1]}/mcp"
        finally:
            server.should_exit = True
            await task
