"""The actions that agents bring along, ready to be called: documents given with an agent over the API."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias
from urllib.parse import urlsplit

from msgspec import structs

from service.egress import Bounds, Door
from service.secrets import Sealer, Unsealable
from service.tools.actions.auths import open_auth
from service.tools.actions.operations import report_of, tool_names_with
from service.tools.actions.tools import ActionTools, Connected
from service.tools.base import RunFacts, ToolSet
from service.tools.credentials import in_agent
from specs.actions import Action, ActionSpec
from specs.agents import Agent, AgentTool
from specs.errors import InvalidRequest
from specs.tools import OpenApiTool

REMEMBERED = 256
"""Agents whose actions are kept ready, with the tokens they hold."""
NOT_YOURS = (
    "This tool's credential serves the project of the agent's owner alone, so nothing was called. "
    "Tell the user that they need an agent of their own for it."
)

Key: TypeAlias = tuple[str, int, str, tuple[str, ...], frozenset[str]]


class BroughtActions:
    """Hands every run the actions of its agent. They hold no state of a run, so runs share them."""

    def __init__(self, sealer: Sealer, door: Door, *, bounds: Bounds) -> None:
        self._sealer = sealer
        self._door = door
        self._bounds = bounds
        self._made: dict[Key, ToolSet] = {}

    def of(self, run: RunFacts, *, beside: Sequence[ToolSet]) -> ToolSet | None:
        """The operations that the run's agent brings along, under names that no tool beside them has; None
        where it brings none."""
        brought = tuple(tool for tool in run.agent.tools if isinstance(tool, OpenApiTool))
        if not brought:
            return None
        agent = run.agent
        credentials = tuple(tool.credential for tool in brought)
        functions = (*agent.functions, *(tool for each in beside for tool in each.definitions))
        taken = frozenset(tool.name for tool in functions)
        key = (agent.id, agent.version, run.project, credentials, taken)
        if key not in self._made:
            if len(self._made) >= REMEMBERED:
                del self._made[next(iter(self._made))]
            self._made[key] = self._make(agent, brought, run.project, set(taken))
        return self._made[key]

    def _make(self, agent: Agent, brought: tuple[OpenApiTool, ...], project: str, taken: set[str]) -> ToolSet:
        connected: list[Connected] = []
        for tool in brought:
            action = tool_names_with(action_of(tool), taken)
            taken |= {operation.tool for operation in action.operations}
            connected.append(self._connected(tool, action, in_agent(project, agent.id)))
        return ActionTools(connected, self._door, bounds=self._bounds)

    def _connected(self, tool: OpenApiTool, action: Action, about: str) -> Connected:
        try:
            auth = open_auth(tool.credential, self._sealer, about=about)
        except Unsealable:
            return Connected(action, self._door, refusal=NOT_YOURS)
        return Connected(structs.replace(action, auth=auth), self._door)


def remade(agent: Agent) -> Agent:
    """The agent with what its documents become now, whatever it says of that itself.

    Raises InvalidRequest where one cannot be used.
    """
    return structs.replace(agent, tools=tuple(_remade(tool, at) for at, tool in enumerate(agent.tools)))


def _remade(tool: AgentTool, place: int) -> AgentTool:
    if not isinstance(tool, OpenApiTool):
        return tool
    document = tool.document.encode("utf-8", "surrogatepass")
    report = report_of(ActionSpec(tool.name, document, tool.server, tool.operations, tool.hosts))
    if report.action is None:
        at = f"tools[{place}].openapi.spec"
        raise InvalidRequest(f"{at}: {'; '.join(report.problems)}.", param=at)
    return structs.replace(tool, base=report.action.server, offered=report.action.operations)


def action_of(tool: OpenApiTool) -> Action:
    """The action that a tool of an agent is, without its credential."""
    hosts = frozenset(host.lower() for host in tool.hosts) or frozenset({urlsplit(tool.base).hostname or ""})
    return Action(tool.name, tool.base, tool.offered, hosts)
