"""What the server can run for runs: every kind of tool, put together for each run."""

from __future__ import annotations

from service.egress import Bounds, Door
from service.settings import Settings
from service.tools.actions.configured import ConfiguredActions
from service.tools.base import NoTools, RunFacts, ToolSet
from service.tools.bounded import Bounded, CallBounds
from service.tools.joined import joined

MOST_READ = 4 * 2**20
"""Bytes of an answer that are read; a model gets less."""

_NO_TOOLS = NoTools()


class Toolbox:
    """Hands every run its tools.

    Raises SettingsError where an action's document cannot be used.
    """

    def __init__(self, settings: Settings, door: Door) -> None:
        tools = settings.tools
        self._bounds = CallBounds(tools.argument_bytes, tools.result_bytes, tools.seconds)
        self._actions = ConfiguredActions(
            settings, door, bounds=Bounds(seconds=tools.seconds, bytes=MOST_READ)
        )

    def of(self, run: RunFacts) -> ToolSet:
        """The tools that the server runs for this run."""
        if not run.agent.actions:
            return _NO_TOOLS
        return Bounded(joined(self._sets(run)), self._bounds)

    def _sets(self, run: RunFacts) -> list[ToolSet]:
        return [self._actions.of(run.agent)]
