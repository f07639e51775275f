"""The shop of `tests.mcp.shop` on an event loop of its own, for tests that block theirs."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from threading import Thread

from tests.mcp.shop import Shop, serving


@contextmanager
def shop_in_thread() -> Iterator[tuple[Shop, str]]:
    """A running one over Streamable HTTP, and where it is."""
    ready: Future[tuple[Shop, str]] = Future()
    loop = asyncio.new_event_loop()
    over = asyncio.Event()

    async def serve() -> None:
        shop = Shop()
        async with serving(shop.app("http"), shop) as url:
            ready.set_result((shop, url))
            await over.wait()

    thread = Thread(target=lambda: loop.run_until_complete(serve()), daemon=True)
    thread.start()
    try:
        yield ready.result(20)
    finally:
        loop.call_soon_threadsafe(over.set)
        thread.join(10)
        loop.close()
