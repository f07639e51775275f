"""The directory over configuration and store: what is found, for whom, and what a deployment serves."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from service.ids import new_id
from service.settings.model import Directory
from service.store.access_records import OPERATOR
from service.store.agents import Agents
from service.store.agents_desk import AgentDesk
from service.store.agents_records import Sharing
from service.store.agents_rules import AgentRules
from service.store.database import Database
from service.store.noting import noting
from service.store.records import KeyRecord
from specs.agents import Agent, CodeInterpreterTool
from specs.errors import Conflict, InvalidRequest, ModelNotFound, PermissionDenied, StorageFull
from specs.requests import FunctionTool
from tests.support.postgres import Where

pytestmark = pytest.mark.anyio
NOW = 1_800_000_000
NOTE = noting(OPERATOR, project=None)
CONFIGURED = Agent("agent_configured", "demo/x")


@pytest.fixture
async def database(where: Where) -> AsyncIterator[Database]:
    async with await Database.open(where) as database:
        for name in ("one", "two"):
            await database.projects.ensure(name, id=f"proj_{name}", now=NOW)
        yield database


def key(project: str = "one", *, user: str | None = None, agents: tuple[str, ...] | None = None) -> KeyRecord:
    id = f"proj_{project}"
    return KeyRecord("key_1", id, project, "k", "", "", (), agents, "acct", 0, None, None, user=user)


class Place:
    """A directory, and the desk over it, as one process has them."""

    def __init__(self, database: Database, directory: Directory | None = None) -> None:
        self.directory = directory or Directory()
        self.agents = Agents(store=database.agents)
        self.desk = AgentDesk(
            self.agents,
            database.agents,
            AgentRules(self.agents, runnable=lambda model: model != "demo/dear"),
            clock=lambda: NOW,
        )
        self.reload({"gpt-4": "demo/x"})

    def reload(self, models: dict[str, str]) -> None:
        self.agents.replace((CONFIGURED,), models, providers=("demo",), directory=self.directory)

    async def make(self, who: KeyRecord, *, sharing: Sharing | None = None, **fields: object) -> str:
        agent = Agent(new_id("agent"), **({"model": "demo/x"} | fields))  # pyright: ignore[reportArgumentType]
        return (await self.desk.create(agent, who, NOTE, sharing=sharing)).agent.id

    async def listed(self, who: KeyRecord, limit: int = 50) -> list[str]:
        page = await self.agents.page(who, order="asc", limit=limit)
        assert [each.agent.id for each in page] == [
            each.agent.id for each in reversed(await self.agents.page(who, order="desc", limit=limit))
        ] or len(page) == limit
        return [each.agent.id for each in page]


async def test_private_only_shows_owners_theirs_and_the_operators(database: Database):
    open_place, place = Place(database), Place(database, Directory(private_only=True))
    public = await open_place.make(key("two"), sharing=Sharing("public"))
    mine = await place.make(key(user="user_1"))
    assert await place.listed(key(user="user_1")) == ["agent_configured", mine]
    assert await place.listed(key(user="user_2")) == ["agent_configured"]
    assert await place.agents.load(public, key(user="user_1")) is None
    with pytest.raises(InvalidRequest) as refused:
        await place.make(key(), sharing=Sharing("public"))
    assert refused.value.param == "sharing.visibility"


async def test_only_some_agents_may_be_served(database: Database):
    everything = Place(database)
    made = [await everything.make(key()) for _ in range(7)]
    some = Place(database, Directory(supported_ids=(made[1], made[5])))
    assert await some.listed(key()) == [made[1], made[5]]
    assert await some.listed(key(), limit=1) == [made[1]]
    assert await some.agents.load(made[0], key()) is None
    assert await some.agents.load(f"{made[1]}@1", key()) is not None
    fewer = Place(database, Directory(excluded_ids=(made[0], "agent_configured")))
    assert await fewer.listed(key()) == made[1:]


@pytest.mark.parametrize("tool", [FunctionTool("f"), CodeInterpreterTool()])
async def test_a_deployment_may_forbid_kinds_of_tools(database: Database, tool):
    place = Place(database, Directory(capabilities=("file_search",)))
    with pytest.raises(InvalidRequest) as refused:
        await place.make(key(), tools=(tool,))
    assert refused.value.param == "tools[0].type"
    assert "'file_search'" in refused.value.message


async def test_a_model_without_a_price_cannot_be_had(database: Database):
    with pytest.raises(InvalidRequest, match="no price"):
        await Place(database).make(key(), model="demo/dear")


async def test_a_name_follows_the_configuration_and_may_be_gone(database: Database):
    place = Place(database)
    id = await place.make(key(), model="gpt-4", fallbacks=("gpt-4", "demo/z"))
    found = place.agents.find(id, key())
    assert found is not None
    assert found.model == "demo/x"
    place.reload({"gpt-4": "demo/y"})
    found = place.agents.find(id, key())
    assert found is not None
    assert found.models == ("demo/y", "demo/y", "demo/z")
    place.reload({})
    with pytest.raises(ModelNotFound, match="gpt-4"):
        place.agents.find(id, key())
    assert [agent.id for agent in await place.agents.visible(key())] == ["agent_configured"]


async def test_an_agent_is_loaded_once_and_followed_from_then_on(database: Database):
    here, there = Place(database), Place(database)
    id = await here.make(key(), name="One")
    assert there.agents.find(id, key()) is None
    assert await there.agents.load(id, key()) is not None
    assert there.agents.cache is not None
    await there.agents.cache.refresh()
    await here.desk.change(
        id, key(), NOTE, lambda agent: Agent(id, "demo/x", name="Two", version=agent.version)
    )
    await there.agents.cache.refresh()
    found = there.agents.find(id, key())
    assert found is not None
    assert (found.name, found.version) == ("Two", 2)
    await here.desk.delete(id, key(), NOTE)
    await there.agents.cache.refresh()
    assert there.agents.find(id, key()) is None


async def test_who_remembers_an_agent_shows_it_to_no_one_else(database: Database):
    place = Place(database)
    id = await place.make(key(), aliases=("mine",))
    assert await place.agents.load("mine", key()) is not None
    for stranger in (key("two"), key(agents=("agent_configured",))):
        for name in (id, "mine", f"{id}@1", "mine@1"):
            assert place.agents.find(name, stranger) is None
            assert await place.agents.load(name, stranger) is None


async def test_a_key_bound_to_an_alias_of_ours_gets_no_foreign_agent_by_it(database: Database):
    place = Place(database)
    id = await place.make(key("two"), aliases=("wanted",), sharing=Sharing("public"))
    bound = key(agents=("wanted",))
    assert await place.agents.load(id, bound) is None
    assert await place.listed(bound) == []


async def test_a_change_that_is_late_is_a_conflict(database: Database):
    place = Place(database)
    id = await place.make(key())
    with pytest.raises(Conflict):
        await place.desk.change(id, key(), NOTE, lambda agent: agent, expected=2)


async def test_what_is_the_configurations_is_not_the_desks(database: Database):
    with pytest.raises(PermissionDenied):
        await Place(database).desk.delete("agent_configured", key(), NOTE)


async def test_an_alias_of_the_configuration_is_taken(database: Database):
    for alias in ("gpt-4", "agent_configured"):
        with pytest.raises(InvalidRequest) as refused:
            await Place(database).make(key(), aliases=(alias,))
        assert refused.value.param == "aliases[0]"


async def test_a_list_reads_on_until_there_is_enough_for_the_key(database: Database):
    everything = Place(database)
    made = await asyncio.gather(*(everything.make(key()) for _ in range(230)))
    few = Place(database, Directory(supported_ids=(made[3], made[220])))
    assert set(await few.listed(key())) == {made[3], made[220]}
    assert len(await everything.listed(key(), limit=101)) == 101


async def test_a_project_whose_agents_take_up_all_they_may_makes_no_more(database: Database):
    place = Place(database, Directory(max_project_bytes=1_000))
    id = await place.make(key(), instructions="x" * 600)
    with pytest.raises(StorageFull):
        await place.make(key(), instructions="x" * 600)
    await place.desk.delete(id, key(), NOTE)
    await place.make(key(), instructions="x" * 600)
