"""A small calculator with an OpenAPI document, after the well-known one of Math.js, and a server for it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AbstractContextManager, asynccontextmanager

from aiohttp import web
from aiohttp.test_utils import TestServer

from tests.support.threads import in_thread

DOCUMENT = """\
openapi: 3.1.0
info: {title: Calculator, version: 4.0.0}
servers: [{url: "https://api.mathjs.example"}]
paths:
  /v4/:
    post:
      operationId: evaluate
      x-strict: true
      summary: Evaluate expressions
      requestBody:
        required: true
        content:
          application/json:
            schema:
              type: object
              required: [expr]
              properties:
                expr:
                  description: What to evaluate
                  anyOf: [{type: string}, {type: array, items: {type: string}}]
                precision: {type: integer, minimum: 0, default: 14}
"""


class Calculator:
    """Adds up. Keeps what it was asked."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, dict[str, str], bytes]] = []
        self.tokens = 0

    async def evaluate(self, request: web.Request) -> web.Response:
        """`expr` is numbers with plus signs between them."""
        body = await request.read()
        self.asked.append((request.path_qs, dict(request.headers), body))
        asked = await request.json()
        try:
            total = sum(int(number) for number in asked["expr"].split("+"))
        except ValueError:
            return web.json_response({"result": None, "error": "syntax"}, status=400)
        return web.json_response({"result": str(total), "error": None})

    async def anything(self, request: web.Request) -> web.Response:
        """Say what was asked."""
        self.asked.append((request.path_qs, dict(request.headers), await request.read()))
        return web.Response(text="seen")

    async def token(self, request: web.Request) -> web.Response:
        """A token of an authorisation server."""
        self.tokens += 1
        self.asked.append((request.path_qs, dict(request.headers), await request.read()))
        return web.json_response({"access_token": f"t{self.tokens}", "token_type": "bearer"})


@asynccontextmanager
async def calculator() -> AsyncIterator[tuple[Calculator, str]]:
    """A running one, and where it is."""
    found, app = Calculator(), web.Application()
    app.router.add_post("/v4/", found.evaluate)
    app.router.add_post("/token", found.token)
    app.router.add_route("*", "/{rest:.*}", found.anything)
    async with TestServer(app) as server:
        yield found, str(server.make_url("")).rstrip("/")


def calculator_in_thread() -> AbstractContextManager[tuple[Calculator, str]]:
    """One with an event loop of its own, for tests that block theirs."""
    return in_thread(calculator)
