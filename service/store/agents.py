"""The agents that are there, looked up by project. Holds what the configuration says."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from msgspec import structs

from specs.agents import Agent


class Agents:
    """Agents by id and alias. `models` are bare names and the `provider/model` each stands for."""

    def __init__(self, agents: Iterable[Agent] = (), models: Mapping[str, str] | None = None) -> None:
        self._agents: tuple[Agent, ...] = ()
        self._names: dict[str, tuple[Agent, ...]] = {}
        self._models: Mapping[str, str] = {}
        self.replace(agents, models)

    def replace(self, agents: Iterable[Agent], models: Mapping[str, str] | None = None) -> None:
        """Take over a new configuration; an agent that changed gets the next version."""
        before = {agent.id: agent for agent in self._agents}
        self._agents = tuple(_versioned(agent, before.get(agent.id)) for agent in agents)
        names: dict[str, list[Agent]] = {}
        for agent in self._agents:
            for name in dict.fromkeys((agent.id, *agent.aliases)):
                names.setdefault(name, []).append(agent)
        self._names = {name: tuple(found) for name, found in names.items()}
        self._models = models or {}

    def find(self, model: str, *, project: str, allowed: Collection[str] | None = None) -> Agent | None:
        """The agent that this name means in a project, by id or alias, else by what the name stands for.

        `allowed` are the ids a key may use; None is all.
        """
        for name in (model, self._models.get(model)):
            for agent in self._names.get(name or "", ()):
                if _visible(agent, project, allowed):
                    return agent
        return None

    def visible(self, project: str, allowed: Collection[str] | None = None) -> list[Agent]:
        """The agents of a project that a key may use, in the order of the configuration."""
        return [agent for agent in self._agents if _visible(agent, project, allowed)]


def _visible(agent: Agent, project: str, allowed: Collection[str] | None) -> bool:
    if agent.projects is not None and project not in agent.projects:
        return False
    return allowed is None or agent.id in allowed or not set(agent.aliases).isdisjoint(allowed)


def _versioned(agent: Agent, before: Agent | None) -> Agent:
    if before is None:
        return agent
    same = structs.replace(before, version=agent.version, created_at=agent.created_at) == agent
    return structs.replace(agent, version=before.version if same else before.version + 1)
