"""Agents in the database: versions, names, order, and what other processes learn of a change."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
from msgspec import Raw, structs

from service.store.agents_records import AgentUpdate, PageAsk, Sharing, StoredAgent
from service.store.agents_store import SqlAgents
from service.store.database import Database
from specs.agents import Agent, CodeInterpreterTool, FileSearchTool, Limits, ToolResources
from specs.errors import Conflict, InvalidRequest, StorageFull
from specs.requests import FunctionTool, Settings
from tests.support.postgres import Where

pytestmark = pytest.mark.anyio
NOW = 1_800_000_000
FULL = Agent(
    "agent_1",
    "demo/demo-1",
    name="Full",
    description="Has it all.",
    instructions="Be brief.",
    aliases=("gpt-4o",),
    tools=(
        FileSearchTool(max_num_results=5),
        FunctionTool("f", parameters=Raw(b'{"type":"object"}')),
        CodeInterpreterTool(),
    ),
    tool_resources=ToolResources(file_ids=("file-1",), vector_store_ids=()),
    metadata={"team": "a"},
    settings=Settings(temperature=0.5, reasoning_effort="low"),
    limits=Limits(max_cost=5),
    created_at=NOW,
)


@pytest.fixture
async def database(where: Where) -> AsyncIterator[Database]:
    async with await Database.open(where) as database:
        await database.projects.ensure("one", id="proj_1", now=NOW)
        await database.projects.ensure("two", id="proj_2", now=NOW)
        yield database


@pytest.fixture
def agents(database: Database) -> SqlAgents:
    return database.agents


async def make(agents: SqlAgents, id: str, *, project: str = "proj_1", **fields: object) -> StoredAgent:
    sharing = fields.pop("sharing", Sharing())
    agent = Agent(id, "demo/demo-1", created_at=NOW, **fields)  # pyright: ignore[reportArgumentType]
    assert isinstance(sharing, Sharing)
    return await agents.create(StoredAgent(agent=agent, project=project, sharing=sharing), by="key_1")


def change(stored: StoredAgent, *, sharing: Sharing | None = None, **fields: object) -> AgentUpdate:
    return AgentUpdate(
        agent=structs.replace(stored.agent, **fields),
        project=stored.project,
        sharing=sharing or stored.sharing,
        by="key_2",
        now=NOW + 5,
    )


def ask(project: str = "proj_1", **fields: object) -> PageAsk:
    plain = PageAsk(project=project, project_name="", user=None, low=0, high=2**62, order="asc", limit=50)
    return structs.replace(plain, **fields)


async def listed(agents: SqlAgents, **fields: object) -> list[str]:
    return [stored.agent.id for stored in await agents.page(ask(**fields))]  # pyright: ignore[reportArgumentType]


async def test_an_agent_comes_back_as_it_was_given(agents: SqlAgents) -> None:
    sharing = Sharing("shared", ("two",), ("user_1",))
    await agents.create(
        StoredAgent(agent=FULL, project="proj_1", owner="user_9", sharing=sharing), by="key_1"
    )
    found = await agents.current("agent_1")
    assert found is not None
    assert (found.agent, found.owner, found.sharing) == (FULL, "user_9", sharing)


async def test_every_change_is_a_version_and_the_old_ones_stay(agents: SqlAgents) -> None:
    made = await make(agents, "agent_1", instructions="First.")
    assert await agents.update(change(made, instructions="Second.")) == 2
    found = await agents.current("agent_1")
    assert found is not None
    assert (found.agent.version, found.agent.instructions, found.updated_at) == (2, "Second.", NOW + 5)
    first = await agents.version(found, 1)
    assert first is not None
    assert (first.agent.instructions, first.agent.version, first.created_by) == ("First.", 1, "key_1")
    assert [each.agent.version for each in await agents.versions(found, place=9, order="desc", limit=9)] == [
        2,
        1,
    ]
    assert [each.agent.version for each in await agents.versions(found, place=1, order="asc", limit=9)] == [2]


async def test_of_two_changes_to_one_version_only_one_is_made(agents: SqlAgents) -> None:
    made = await make(agents, "agent_1")
    outcomes = await asyncio.gather(
        *(agents.update(change(made, name=name)) for name in ("a", "b")), return_exceptions=True
    )
    assert sorted(type(each).__name__ for each in outcomes) == ["Conflict", "int"]
    assert any(isinstance(each, Conflict) for each in outcomes)
    found = await agents.current("agent_1")
    assert found is not None
    assert found.agent.version == 2


async def test_another_project_can_neither_change_nor_delete_it(agents: SqlAgents) -> None:
    made = await make(agents, "agent_1")
    assert await agents.update(structs.replace(change(made), project="proj_2")) is None
    assert not await agents.delete("proj_2", "agent_1", now=NOW)
    assert await agents.version(structs.replace(made, project="proj_2"), 1) is None
    assert await agents.current("agent_1") is not None


async def test_a_deleted_agent_is_gone_with_its_versions_and_names(agents: SqlAgents) -> None:
    made = await make(agents, "agent_1", aliases=("gpt-4o",), sharing=Sharing("public"))
    assert await agents.delete("proj_1", "agent_1", now=NOW)
    assert not await agents.delete("proj_1", "agent_1", now=NOW)
    assert await agents.current("agent_1") is None
    assert await agents.version(made, 1) is None
    assert await agents.by_alias("proj_1", "gpt-4o") is None
    assert await listed(agents) == []


async def test_a_deleted_agent_can_come_back_with_a_version_it_never_had(agents: SqlAgents) -> None:
    made = await make(agents, "agent_1", name="Before")
    await agents.update(change(made, name="Later"))
    with pytest.raises(InvalidRequest):
        await make(agents, "agent_1")
    await agents.delete("proj_1", "agent_1", now=NOW)
    with pytest.raises(InvalidRequest):
        await make(agents, "agent_1", project="proj_2")
    back = await make(agents, "agent_1", name="Again")
    assert (back.agent.version, back.agent.name) == (3, "Again")
    found = await agents.current("agent_1")
    assert found is not None
    assert found.agent == back.agent
    assert await agents.version(back, 1) is None


async def test_a_name_means_one_agent_of_a_project(agents: SqlAgents) -> None:
    await make(agents, "agent_1", aliases=("gpt-4o",))
    await make(agents, "agent_2", project="proj_2", aliases=("gpt-4o",))
    with pytest.raises(InvalidRequest) as refused:
        await make(agents, "agent_3", aliases=("mine", "gpt-4o"))
    assert refused.value.param == "aliases[1]"
    assert await agents.current("agent_3") is None
    assert await agents.by_alias("proj_1", "mine") is None
    assert await agents.by_alias("proj_1", "gpt-4o") == "agent_1"
    assert await agents.by_alias("proj_2", "gpt-4o") == "agent_2"


async def test_a_name_given_up_is_free(agents: SqlAgents) -> None:
    made = await make(agents, "agent_1", aliases=("gpt-4o",))
    await agents.update(change(made, aliases=("other",)))
    await make(agents, "agent_2", aliases=("gpt-4o",))
    assert await agents.by_alias("proj_1", "gpt-4o") == "agent_2"


async def test_a_list_is_in_the_order_of_creation_also_within_a_second(agents: SqlAgents) -> None:
    made = [await make(agents, f"agent_{number}") for number in (3, 1, 2)]
    await agents.update(change(made[0]))
    assert await listed(agents) == ["agent_3", "agent_1", "agent_2"]
    assert await listed(agents, order="desc", limit=2) == ["agent_2", "agent_1"]
    assert await listed(agents, low=made[0].place, high=made[2].place) == ["agent_1"]


async def test_a_list_has_ones_own_and_what_others_share(agents: SqlAgents) -> None:
    await make(agents, "agent_own")
    for id, sharing in {
        "agent_private": Sharing(),
        "agent_public": Sharing("public"),
        "agent_by_id": Sharing("shared", ("proj_1",)),
        "agent_by_name": Sharing("shared", ("one",)),
        "agent_by_user": Sharing("shared", (), ("user_1",)),
    }.items():
        await make(agents, id, project="proj_2", sharing=sharing)
    assert await listed(agents) == ["agent_own", "agent_public", "agent_by_id"]
    named = await listed(agents, project_name="one", user="user_1")
    assert named == ["agent_own", "agent_public", "agent_by_id", "agent_by_name", "agent_by_user"]


async def test_sharing_taken_back_is_off_the_list(agents: SqlAgents) -> None:
    made = await make(agents, "agent_1", project="proj_2", sharing=Sharing("shared", ("proj_1",)))
    assert await listed(agents) == ["agent_1"]
    await agents.update(change(made, sharing=Sharing()))
    assert await listed(agents) == []


async def test_every_change_is_counted_and_says_whose_it_was(agents: SqlAgents) -> None:
    one = await make(agents, "agent_1")
    await make(agents, "agent_2")
    seen = await agents.changes()
    assert await agents.changed(seen) == set()
    await agents.update(change(one))
    await make(agents, "agent_3")
    await agents.delete("proj_1", "agent_2", now=NOW)
    assert await agents.changes() == seen + 3
    assert await agents.changed(seen) == {"agent_1", "agent_2", "agent_3"}


async def test_the_agents_of_a_project_keep_within_their_bytes(agents: SqlAgents):
    stored = await make(agents, "agent_a", instructions="x" * 1_000)
    await make(agents, "agent_b", project="proj_2", instructions="x" * 5_000)
    update = AgentUpdate(agent=stored.agent, project="proj_1", sharing=Sharing(), by="key_1", now=NOW)
    with pytest.raises(StorageFull):
        await agents.update(update, most=2_000)
    found = await agents.current("agent_a")
    assert found is not None
    assert found.agent == stored.agent
    assert await agents.update(update, most=3_000) == 2
    new = StoredAgent(agent=Agent("agent_c", "demo/demo-1"), project="proj_1")
    with pytest.raises(StorageFull):
        await agents.create(new, by="key_1", most=2_000)
    assert await agents.current("agent_c") is None
    assert await agents.delete("proj_1", "agent_a", now=NOW)
    await agents.create(new, by="key_1", most=2_000)
