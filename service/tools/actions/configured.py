"""The actions of a configuration, ready to be called."""

from __future__ import annotations

from service.egress import Bounds, Door
from service.settings import Settings, SettingsError
from service.tools.actions.operations import report_of, tool_names_with
from service.tools.actions.tools import ActionTools, Connected
from service.tools.base import ToolSet
from specs.actions import Action
from specs.agents import Agent


class ConfiguredActions:
    """Hands every agent the actions it names. They hold no state of a run, so runs share them.

    Raises SettingsError where a document cannot be used.
    """

    def __init__(self, settings: Settings, door: Door, *, bounds: Bounds) -> None:
        self._door = door
        self._bounds = bounds
        self._connected = {action.name: Connected(action, door) for action in actions_of(settings)}
        self._made: dict[tuple[tuple[str, ...], frozenset[str]], ToolSet] = {}

    def of(self, agent: Agent) -> ToolSet:
        """The operations of the actions this agent names."""
        key = (agent.actions, frozenset(tool.name for tool in agent.functions))
        if key not in self._made:
            self._made[key] = self._make(agent.actions, set(key[1]))
        return self._made[key]

    def _make(self, names: tuple[str, ...], taken: set[str]) -> ToolSet:
        connected: list[Connected] = []
        for name in names:
            found = self._connected.get(name)
            if found is not None:
                renamed = found.renamed(tool_names_with(found.action, taken))
                taken |= {operation.tool for operation in renamed.action.operations}
                connected.append(renamed)
        return ActionTools(connected, self._door, bounds=self._bounds)


def actions_of(settings: Settings) -> tuple[Action, ...]:
    """The actions that a configuration names.

    Raises SettingsError with every document that cannot be used.
    """
    found: list[Action] = []
    problems: list[str] = []
    for spec in settings.actions:
        report = report_of(spec)
        problems += [f"actions.{spec.name}: {problem}" for problem in report.problems]
        if report.action is not None:
            found.append(report.action)
    if problems:
        raise SettingsError(problems)
    return tuple(found)
