"""A search engine for tests: speaks as SearXNG, Brave and Tavily do, and can misbehave."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import AbstractContextManager, asynccontextmanager
from typing import Any

from aiohttp import web
from aiohttp.test_utils import TestServer

from tests.support.threads import in_thread

LISBON = ("https://travel.example/lisbon", "Lisbon in <b>spring</b>", "Mild days &amp; quiet streets.")
PORTO = ("https://news.example/porto", "Porto", "Bridges.")


class SearchEngine:
    """Finds `results` (address, title, text). Keeps what it was asked."""

    def __init__(self) -> None:
        self.asked: list[web.Request] = []
        self.bodies: list[Any] = []
        self.reset()

    def reset(self) -> None:
        """Behave again, and forget."""
        self.asked.clear()
        self.bodies.clear()
        self.results: list[tuple[str, str, str]] = [LISBON, PORTO]
        self.status = 200
        self.body: bytes | None = None
        """Sent as it is, instead of results."""
        self.holds = False
        """Whether it never answers, until whoever asked has gone."""

    async def answer(self, request: web.Request) -> web.Response:
        """Answer in the words of the API that was asked."""
        self.asked.append(request)
        body = await request.read()
        self.bodies.append(json.loads(body) if body else None)
        if self.holds:
            await asyncio.Event().wait()
        if self.body is not None or self.status != 200:
            return web.Response(body=self.body or b"secret words of the engine", status=self.status)
        text = "description" if request.path.endswith("/web/search") else "content"
        rows = [{"url": url, "title": title, text: words} for url, title, words in self.results]
        page = {"query": "as asked", "results": rows}
        return web.json_response({"type": "search", "web": page} if text == "description" else page)


@asynccontextmanager
async def search_engine() -> AsyncIterator[tuple[SearchEngine, str]]:
    """A running one, and where it is."""
    engine, app = SearchEngine(), web.Application()
    app.router.add_route("*", "/{rest:.*}", engine.answer)
    async with TestServer(app, shutdown_timeout=0) as server:
        yield engine, str(server.make_url("")).rstrip("/")


def search_engine_in_thread() -> AbstractContextManager[tuple[SearchEngine, str]]:
    """One with an event loop of its own, for tests that block theirs."""
    return in_thread(search_engine)
