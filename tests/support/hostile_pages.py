"""A server of tools whose pages say whatever a test wants the model to read."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractContextManager, asynccontextmanager

import aiohttp
from aiohttp import web
from aiohttp.test_utils import TestServer
from msgspec import Struct

from tests.support.threads import in_thread

Page = Callable[[web.Request, bytes], Awaitable[web.Response]]


class Visit(Struct, frozen=True):
    """One request as it came."""

    method: str
    target: str
    """Path and query, undecoded."""
    headers: dict[str, str]
    """By names in lower case."""
    body: bytes

    @property
    def place(self) -> str:
        """Method and target."""
        return f"{self.method} {self.target}"


class Pages:
    """Answers every path: by what is laid there, else with `seen`. Keeps what it was asked."""

    def __init__(self) -> None:
        self.visits: list[Visit] = []
        self.laid: dict[str, str | Page] = {}
        """By path; one that ends with a slash is for all under it that have none of their own."""
        self.base_url = ""

    def clear(self) -> None:
        """Forget everything."""
        self.visits.clear()
        self.laid.clear()

    async def answer(self, request: web.Request) -> web.Response:
        """Give what is laid at the path."""
        body = await request.read()
        headers = {name.lower(): value for name, value in request.headers.items()}
        self.visits.append(Visit(request.method, request.raw_path, headers, body))
        page = self._page_at(request.path)
        return web.Response(text=page) if isinstance(page, str) else await page(request, body)

    def _page_at(self, path: str) -> str | Page:
        above = (prefix for prefix in self.laid if prefix.endswith("/") and path.startswith(prefix))
        return self.laid.get(path) or self.laid.get(max(above, key=len, default=""), "seen")


def redirect_to(url: str) -> Page:
    """A page that sends its readers elsewhere."""

    async def page(request: web.Request, body: bytes) -> web.Response:
        return web.Response(status=307, headers={"location": url}, text="elsewhere")

    return page


def headed(text: str, **headers: str) -> Page:
    """A page with headers of its own."""

    async def page(request: web.Request, body: bytes) -> web.Response:
        return web.Response(text=text, headers=headers)

    return page


class Held:
    """A page that does not answer until it is let go."""

    def __init__(self) -> None:
        self._gone = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None

    async def __call__(self, request: web.Request, body: bytes) -> web.Response:
        self._loop = asyncio.get_running_loop()
        await self._gone.wait()
        return web.Response(text="late")

    def let_go(self) -> None:
        """Answer whoever waits. From any thread."""
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._gone.set)


def relay_to(base_url: str, headers: dict[str, str]) -> Page:
    """Pages that pass everything on to another server, with headers of their own."""

    async def page(request: web.Request, body: bytes) -> web.Response:
        sent = {"content-type": "application/json", **headers}
        async with aiohttp.ClientSession() as session:
            passing = session.request(request.method, base_url + request.raw_path, data=body, headers=sent)
            async with passing as answer:
                return web.Response(body=await answer.read(), status=answer.status)

    return page


@asynccontextmanager
async def _pages() -> AsyncIterator[Pages]:
    pages, app = Pages(), web.Application()
    app.router.add_route("*", "/{rest:.*}", pages.answer)
    async with TestServer(app) as server:
        pages.base_url = str(server.make_url("")).rstrip("/")
        yield pages


def pages_in_thread() -> AbstractContextManager[Pages]:
    """A running one with an event loop of its own, for tests that block theirs."""
    return in_thread(_pages)
