"""The shop of `tests.mcp.shop` on an event loop of its own, for tests that block theirs."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AbstractContextManager, asynccontextmanager

from tests.mcp.shop import Shop, serving
from tests.support.threads import in_thread


@asynccontextmanager
async def _shop() -> AsyncIterator[tuple[Shop, str]]:
    shop = Shop()
    async with serving(shop.app("http"), shop) as url:
        yield shop, url


def shop_in_thread() -> AbstractContextManager[tuple[Shop, str]]:
    """A running one over Streamable HTTP, and where it is."""
    return in_thread(_shop)
