"""A service whose agents and callers have a shop, which is a server of the protocol."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import openai
import pytest

from tests.mcp.shop import Shop
from tests.support.house import Key, Service, service_in_thread
from tests.support.script import Script, ToolCall
from tests.support.shop_thread import shop_in_thread
from tests.support.upstream import Upstream

CONFIG = """
[egress]
allow = ["127.0.0.1"]
[providers.local]
kind = "openai-compatible"
base_url = "{upstream}/v1"
[providers.local.prices."m"]
input = 1.0
output = 2.0
[mcp.market]
url = "{shop}"
shared = true
[mcp.guarded]
url = "{shop}"
require_approval = "always"
[[agents]]
id = "agent_plain"
model = "local/m"
[[agents]]
id = "agent_market"
model = "local/m"
mcp = ["market"]
[[agents]]
id = "agent_guarded"
model = "local/m"
mcp = ["guarded"]
[[agents]]
id = "agent_closed"
model = "local/m"
overrides = ["sampling"]
"""


class Wares:
    """The shop, and the tool that names it in a request."""

    def __init__(self, shop: Shop, url: str) -> None:
        self.shop = shop
        self.url = url

    def tool(self, label: str = "shop", **fields: object) -> dict[str, object]:
        """The tool of a request; asks always unless told otherwise."""
        return {"type": "mcp", "server_label": label, "server_url": self.url, **fields}

    @property
    def calls(self) -> list[tuple[str, str]]:
        """What was called, in order."""
        return self.shop.calls


@pytest.fixture(scope="module")
def shared_wares() -> Iterator[Wares]:
    with shop_in_thread() as (shop, url):
        yield Wares(shop, url)


@pytest.fixture(scope="module")
def service(
    shared_wares: Wares, shared_upstream: Upstream, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Service]:
    folder: Path = tmp_path_factory.mktemp("approvals")
    config = CONFIG.format(upstream=shared_upstream.base_url, shop=shared_wares.url)
    with service_in_thread(config, folder) as service:
        yield service


@pytest.fixture
def wares(shared_wares: Wares) -> Wares:
    shared_wares.shop.calls.clear()
    shared_wares.shop.headers.clear()
    return shared_wares


@pytest.fixture
def client(service: Service, key: Key) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=f"{service.base_url}/v1", api_key=key.secret, max_retries=0) as client:
        yield client


@pytest.fixture(autouse=True)
def books_add_up(service: Service) -> Iterator[None]:
    yield
    assert service.broken() == []


def calls(*names: str, item: str = "fig") -> Script:
    """The model makes these calls, each for the item."""
    return Script(calls=tuple(ToolCall(name, (f'{{"item":"{item}"}}',)) for name in names))


BUY = calls("shop__buy")
DONE = Script(text=("Done.",))
