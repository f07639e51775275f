"""A service whose searches go to a search engine of the tests', and whose model does as it is told."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.house import Key, Service, service_in_thread
from tests.support.script import Script, ToolCall
from tests.support.search_engine import SearchEngine, search_engine_in_thread
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
[web_search]
backend = "searxng"
url = "{engine}"
price_usd = 0.005
seconds = 30
blocked_domains = ["ads.example"]
[[agents]]
id = "agent_plain"
model = "local/m"
[[agents]]
id = "agent_closed"
model = "local/m"
overrides = []
[[agents]]
id = "agent_search"
model = "local/m"
web_search = true
[[agents]]
id = "agent_thrifty"
model = "local/m"
web_search = true
[agents.limits]
max_cost_usd = 0.009
[[agents]]
id = "agent_press"
model = "local/m"
[agents.web_search]
allowed_domains = ["travel.example", "ads.example"]
max_uses = 1
[agents.web_search.location]
city = "Lisbon"
country = "PT"
"""
PRICE = 5_000_000
"""Nano-dollars a search."""


@pytest.fixture(scope="module")
def shared_engine() -> Iterator[tuple[SearchEngine, str]]:
    with search_engine_in_thread() as running:
        yield running


@pytest.fixture(scope="module")
def service(
    shared_engine: tuple[SearchEngine, str],
    shared_upstream: Upstream,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Service]:
    config = CONFIG.format(upstream=shared_upstream.base_url, engine=shared_engine[1])
    with service_in_thread(config, tmp_path_factory.mktemp("search")) as service:
        yield service


@pytest.fixture(scope="module")
def without_search(shared_upstream: Upstream, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A service where nothing is configured to search with."""
    config = CONFIG.format(upstream=shared_upstream.base_url, engine="")
    before, _, rest = config.partition("[web_search]")
    folder: Path = tmp_path_factory.mktemp("without")
    with service_in_thread(f"{before}[[agents]]{rest.partition('[[agents]]')[2]}", folder) as service:
        yield service


@pytest.fixture
def engine(shared_engine: tuple[SearchEngine, str]) -> SearchEngine:
    shared_engine[0].reset()
    return shared_engine[0]


@pytest.fixture
def key(service: Service) -> Key:
    return service.key(dollars=1)


@pytest.fixture(autouse=True)
def books_add_up(service: Service) -> Iterator[None]:
    yield
    assert service.broken() == []


def search(*queries: str, name: str = "web_search") -> Script:
    """The model searches, once for each."""
    return Script(calls=tuple(ToolCall(name, (json.dumps({"query": query}),)) for query in queries))


def say(text: str) -> Script:
    """The model answers."""
    return Script(text=(text[:7], text[7:]))


def read_by_model(upstream: Upstream, exchange: int = 1) -> list[str]:
    """What the model was given as results of its calls."""
    return [m["content"] for m in upstream.exchanges[exchange].body["messages"] if m["role"] == "tool"]
