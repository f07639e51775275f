"""One service as its users run it, a process of its own, and the clients they come with."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from specs.scopes import DATA_SCOPES
from tests.support import npm
from tests.support.clients import Node, Served
from tests.support.processes import free_port, running
from tests.support.shop_thread import shop_in_thread
from tests.support.upstream import upstream_in_thread

NPM = Path(__file__).with_name("npm")


def configuration(upstream: str) -> str:
    """The same upstream over three of its wires, and a model for everything it does by name."""
    return f"""
[egress]
allow = ["127.0.0.1"]
[providers.demo]
kind = "demo"
pace_ms = 1
[providers.local]
kind = "openai-compatible"
base_url = "{upstream}/v1"
expose = ["scripted-1", "tool", "reason", "fails-late", "err-429"]
free = true
[providers.answers]
kind = "openai"
base_url = "{upstream}/v1"
api_key = "env:UPSTREAM_KEY"
expose = ["scripted-1"]
free = true
[providers.letters]
kind = "anthropic"
base_url = "{upstream}"
api_key = "env:UPSTREAM_KEY"
expose = ["scripted-1"]
free = true
"""


@pytest.fixture(scope="session")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """The service and its upstream, for the whole folder."""
    folder = tmp_path_factory.mktemp("clients")
    config = folder / "dragoman.toml"
    environment = {
        "DRAGOMAN__STORE__URL": f"sqlite:///{folder / 'dragoman.db'}",
        "DRAGOMAN__METRICS__PORT": str(free_port()),
        "UPSTREAM_KEY": "a-secret",
    }
    with upstream_in_thread() as upstream:
        config.write_text(configuration(upstream.base_url))
        with running(config, environment=environment) as process:
            key = process.create_key("--unlimited", "--scopes", ",".join((*DATA_SCOPES, "agents.write")))
            yield Served(process.base_url, key, upstream, process.log)


@pytest.fixture
def served(service: Served) -> Served:
    """The service, its upstream without a script and without a past."""
    service.upstream.exchanges.clear()
    service.upstream.scripts.clear()
    service.upstream.rule = None
    return service


@pytest.fixture(scope="session")
def node_modules() -> Path:
    """The clients; they weigh 500 MB, so the first time takes a while."""
    return npm.node_modules(NPM, seconds=300)


@pytest.fixture
def node(node_modules: Path, served: Served) -> Node:
    """Checks written in JavaScript."""
    return Node(served, NPM)


@pytest.fixture(scope="session")
def shop() -> Iterator[str]:
    """Where a server of the Model Context Protocol is."""
    with shop_in_thread() as (_, url):
        yield url
