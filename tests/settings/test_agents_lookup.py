"""Agents of the configuration by id and alias, in a project, for a key."""

from __future__ import annotations

import pytest
from msgspec import structs

from service.settings.model import Directory
from service.store.agents import Agents
from service.store.records import KeyRecord
from specs.agents import Agent

A = Agent("agent_a", "demo/x", aliases=("gpt-4o-mini",), projects=("p",))
B = Agent("agent_b", "demo/x", aliases=("gpt-4o-mini",), projects=("q",))
PLAIN = Agent("demo/x", "demo/x")
AGENTS = Agents((A, B, PLAIN), {"gpt-4-turbo": "demo/x"}, providers=("demo",))


def key(project: str, allowed: tuple[str, ...] | None = None) -> KeyRecord:
    return KeyRecord("key_1", f"proj_{project}", project, "k", "", "", (), allowed, "acct_1", 0, None, None)


def found(name: str, key: KeyRecord, *, agents: Agents = AGENTS) -> str | None:
    agent = agents.find(name, key)
    return None if agent is None else agent.id


async def visible(key: KeyRecord, *, agents: Agents = AGENTS) -> list[str]:
    return [agent.id for agent in await agents.visible(key)]


def test_an_agent_is_found_by_id_and_alias_of_its_project() -> None:
    assert found("agent_a", key("p")) == "agent_a"
    assert found("gpt-4o-mini", key("p")) == "agent_a"
    assert found("gpt-4o-mini", key("q")) == "agent_b"


@pytest.mark.anyio
async def test_another_project_does_not_see_it() -> None:
    assert found("agent_a", key("q")) is None
    assert await visible(key("q")) == ["agent_b", "demo/x"]


@pytest.mark.anyio
async def test_a_key_sees_only_what_it_may_use() -> None:
    assert found("agent_a", key("p", ("demo/x",))) is None
    assert await visible(key("p", ("agent_a",))) == ["agent_a"]
    assert await visible(key("p", ())) == []


def test_a_bare_name_means_the_agent_it_stands_for() -> None:
    assert found("gpt-4-turbo", key("p")) == "demo/x"
    assert found("gpt-4-turbo", key("p", ("agent_a",))) is None


def test_a_version_follows_from_what_an_agent_is_in_every_process_alike() -> None:
    here, there = Agents((A, B)), Agents((structs.replace(A, created_at=5), structs.replace(B, name="New")))
    version = here.find("agent_a", key("p"))
    assert version is not None
    assert there.find("agent_a", key("p")) == structs.replace(version, created_at=5)
    before, after = here.find("agent_b", key("q")), there.find("agent_b", key("q"))
    assert before is not None
    assert after is not None
    assert before.version != after.version


def test_a_version_can_be_named() -> None:
    agent = AGENTS.find("agent_a", key("p"))
    assert agent is not None
    assert AGENTS.find(f"gpt-4o-mini@{agent.version}", key("p")) == agent
    for odd in (str(agent.version + 1), "", "x", "-1", "9" * 40):
        assert found(f"agent_a@{odd}", key("p")) is None


@pytest.mark.anyio
async def test_a_deployment_may_serve_some_agents_only() -> None:
    agents = Agents((A, B, PLAIN), directory=Directory(supported_ids=("agent_a", "agent_b")))
    assert await visible(key("p"), agents=agents) == ["agent_a"]
    agents = Agents((A, B, PLAIN), directory=Directory(excluded_ids=("agent_a",)))
    assert await visible(key("p"), agents=agents) == ["demo/x"]
    assert found("gpt-4o-mini", key("p"), agents=agents) is None


def test_the_model_of_an_agent_may_be_named_in_many_ways() -> None:
    for name in ("demo/x", "gpt-4-turbo", "agent_a", "gpt-4o-mini"):
        assert AGENTS.model_of(name, "p") == "demo/x"
    for name in ("agent_a@1", "nobody/x", "demo/", "", "agent_a "):
        assert AGENTS.model_of(name, "p") is None
    assert AGENTS.model_of("agent_a", "q") is None
