"""Agents by id and alias, in a project, for a key."""

from __future__ import annotations

from msgspec import structs

from service.store.agents import Agents
from specs.agents import Agent

A = Agent("agent_a", "demo/x", aliases=("gpt-4o-mini",), projects=("p",))
B = Agent("agent_b", "demo/x", aliases=("gpt-4o-mini",), projects=("q",))
PLAIN = Agent("demo/x", "demo/x")
AGENTS = Agents((A, B, PLAIN), {"gpt-4-turbo": "demo/x"})


def test_an_agent_is_found_by_id_and_alias_of_its_project() -> None:
    assert AGENTS.find("agent_a", project="p") == A
    assert AGENTS.find("gpt-4o-mini", project="p") == A
    assert AGENTS.find("gpt-4o-mini", project="q") == B


def test_another_project_does_not_see_it() -> None:
    assert AGENTS.find("agent_a", project="q") is None
    assert AGENTS.visible("q") == [B, PLAIN]


def test_a_key_sees_only_what_it_may_use() -> None:
    assert AGENTS.find("agent_a", project="p", allowed=("demo/x",)) is None
    assert AGENTS.visible("p", ("agent_a",)) == [A]
    assert AGENTS.visible("p", ()) == []


def test_a_bare_name_means_the_agent_it_stands_for() -> None:
    assert AGENTS.find("gpt-4-turbo", project="p") == PLAIN
    assert AGENTS.find("gpt-4-turbo", project="p", allowed=("agent_a",)) is None


def test_a_reload_raises_the_version_of_what_changed() -> None:
    agents = Agents((A, B))
    agents.replace((structs.replace(A, name="New", created_at=5), structs.replace(B, created_at=5)))
    assert [(agent.id, agent.version) for agent in agents.visible("p")] == [("agent_a", 2)]
    assert [(agent.id, agent.version) for agent in agents.visible("q")] == [("agent_b", 1)]
