"""Credentials of the tools of stored agents: beside the versions, each for its destination alone."""

from __future__ import annotations

from base64 import b64decode, b64encode
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from msgspec import structs

from service.secrets import Sealer, add_key
from service.store.agents_credentials import credentials_of, sealed_for, with_credentials
from service.store.agents_records import AgentUpdate, Sharing, StoredAgent
from service.store.database import Database
from service.store.resealing import Opened, open_all, reseal_all
from specs.agents import Agent, AgentTool
from specs.tools import McpServer, OpenApiTool
from tests.support.postgres import Where

pytestmark = pytest.mark.anyio
NOW = 1_800_000_000
WIKI = McpServer("wiki", "https://wiki.example/mcp")
MATHS = OpenApiTool("maths", "{}", base="https://maths.example")


@pytest.fixture
async def database(where: Where) -> AsyncIterator[Database]:
    async with await Database.open(where) as database:
        await database.projects.ensure("one", id="proj_1", now=NOW)
        yield database


def agent(*tools: AgentTool, version: int = 1) -> Agent:
    return Agent("agent_1", "demo/demo-1", tools=tools, version=version, created_at=NOW)


async def make(database: Database, *tools: AgentTool) -> StoredAgent:
    return await database.agents.create(StoredAgent(agent=agent(*tools), project="proj_1"), by="key_1")


async def change(database: Database, *tools: AgentTool, version: int) -> None:
    changed = agent(*tools, version=version)
    update = AgentUpdate(agent=changed, project="proj_1", sharing=Sharing(), by="key_1", now=NOW)
    assert await database.agents.update(update) == version + 1


async def tools(database: Database) -> tuple[AgentTool, ...]:
    found = await database.agents.current("agent_1")
    assert found is not None
    return found.agent.tools


def held(tool: McpServer | OpenApiTool, sealed: str) -> AgentTool:
    return structs.replace(tool, credential=sealed)


async def test_the_agent_has_them_and_its_versions_do_not(database: Database):
    stored = await make(database, held(WIKI, "a"), held(MATHS, "b"))
    assert await tools(database) == (held(WIKI, "a"), held(MATHS, "b"))
    past = await database.agents.version(stored, 1)
    assert past is not None
    assert past.agent.tools == (WIKI, MATHS)


async def test_one_goes_with_its_tool_and_does_not_come_back_with_it(database: Database):
    await make(database, held(WIKI, "a"), held(MATHS, "b"))
    await change(database, held(MATHS, "c"), version=1)
    assert await tools(database) == (held(MATHS, "c"),)
    await change(database, WIKI, held(MATHS, "c"), version=2)
    assert await tools(database) == (WIKI, held(MATHS, "c"))


async def test_all_go_with_the_agent(database: Database):
    await make(database, held(WIKI, "a"))
    assert await database.agents.delete("proj_1", "agent_1", now=NOW)
    assert await database.agents.credentials.every() == []


@pytest.mark.parametrize(
    "other",
    [
        structs.replace(WIKI, url="https://evil.example/mcp"),
        structs.replace(WIKI, url=None, connector="wiki"),
        structs.replace(WIKI, label="wiki2"),
    ],
)
def test_one_is_for_its_destination_alone(other: McpServer):
    credentials = credentials_of(agent(held(WIKI, "a")))
    assert with_credentials(agent(WIKI), credentials).tools == (held(WIKI, "a"),)
    assert with_credentials(agent(other), credentials).tools == (other,)


@pytest.mark.parametrize("fields", [{"base": "https://evil.example"}, {"hosts": ("evil.example",)}])
def test_one_of_a_document_is_for_its_server_and_hosts_alone(fields: dict[str, object]):
    other = structs.replace(MATHS, **fields)
    credentials = credentials_of(agent(held(MATHS, "a")))
    assert with_credentials(agent(other), credentials).tools == (other,)


async def test_they_are_sealed_anew_with_the_others_and_other_processes_are_told(
    database: Database, tmp_path: Path
):
    file = tmp_path / "key"
    about = sealed_for("proj_1", "agent_1")
    sealed = b64encode(Sealer(file).seal(b"secret", about=about)).decode()
    await make(database, held(WIKI, sealed), held(MATHS, b64encode(b"lost").decode()))
    seen = await database.agents.changes()
    add_key(file)
    opened = await reseal_all(database, Sealer(file))
    assert (opened.stored, len(opened.unreadable)) == (2, 1)
    assert await open_all(database, Sealer(file)) == Opened(2, opened.unreadable)
    wiki = (await tools(database))[0]
    assert isinstance(wiki, McpServer)
    assert Sealer(file).is_current(b64decode(wiki.credential), about=about)
    assert await database.agents.changed(seen) == {"agent_1"}
