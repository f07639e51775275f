"""A door that leads to this machine, and what runs get their servers from."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import pytest
from msgspec import structs

from service.egress import Door
from service.secrets import Sealer
from service.settings import Settings, load
from service.tools.base import RunFacts
from service.tools.mcp.servers import McpServers
from service.tools.mcp.tools import McpTools
from service.tools.sampler import Sampler
from specs.addresses import AddressPolicy, to_place
from specs.agents import Agent
from specs.requests import RunRequest
from specs.tools import McpServer
from tests.mcp.shop import Shop
from tests.support.shop_thread import shop_in_thread

OPEN = AddressPolicy(allow=(to_place("127.0.0.1"),))


@pytest.fixture(scope="module")
def running_shop() -> Iterator[tuple[Shop, str]]:
    """A shop for a module's tests, and where it is."""
    with shop_in_thread() as running:
        yield running


@pytest.fixture
async def door() -> AsyncIterator[Door]:
    async with Door(OPEN) as door:
        yield door


@pytest.fixture
def sealer(tmp_path: Path) -> Sealer:
    return Sealer(tmp_path / "key")


@pytest.fixture
async def servers(door: Door, sealer: Sealer, tmp_path: Path) -> AsyncIterator[McpServers]:
    servers = McpServers(door, sealer)
    servers.take(settings(tmp_path))
    yield servers
    await servers.aclose()


def settings(folder: Path, text: str = "", **environ: str) -> Settings:
    file = folder / "dragoman.toml"
    file.write_text(text)
    return load(file, environ)


Tools = Callable[..., McpTools]


def tools_of(
    servers: McpServers,
    *hosted: McpServer,
    own: tuple[McpServer, ...] = (),
    project: str = "proj_a",
    agent: str = "agent_a",
    sampler: Sampler | None = None,
) -> McpTools:
    """The tools of a run with these servers."""
    request = RunRequest(agent, (), hosted=hosted)
    run = RunFacts(
        "run_a", Agent(agent, "demo/scene", tools=own), request, project, "key_a", "user_a", sampler=sampler
    )
    found = servers.of(structs.replace(run, sampler=sampler), beside=())
    assert found is not None
    return found
