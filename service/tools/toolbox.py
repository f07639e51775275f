"""What the server can run for runs: every kind of tool, put together for each run."""

from __future__ import annotations

from service.egress import Bounds, Door
from service.secrets import Sealer
from service.settings import Settings
from service.tools.actions.brought import BroughtActions
from service.tools.actions.configured import ConfiguredActions
from service.tools.base import NoTools, RunFacts, ToolSet
from service.tools.bounded import Bounded, CallBounds
from service.tools.joined import joined
from service.tools.mcp.servers import McpServers
from service.tools.web_search.configured import WebSearching

MOST_READ = 4 * 2**20
"""Bytes of an answer that are read; a model gets less."""

_NO_TOOLS = NoTools()


class Toolbox:
    """Hands every run its tools.

    Raises SettingsError where an action's document, or what is said of searches, cannot be used.
    """

    def __init__(self, settings: Settings, door: Door, sealer: Sealer, mcp: McpServers) -> None:
        tools = settings.tools
        self._mcp = mcp
        self._bounds = CallBounds(tools.argument_bytes, tools.result_bytes, tools.seconds)
        bounds = Bounds(seconds=tools.seconds, bytes=MOST_READ)
        self._actions = ConfiguredActions(settings, door, bounds=bounds)
        self._brought = BroughtActions(sealer, door, bounds=bounds)
        self._search = WebSearching(settings, door)

    def of(self, run: RunFacts) -> ToolSet:
        """The tools that the server runs for this run.

        Raises InvalidRequest where two of its servers have one label.
        """
        sets = self._sets(run)
        return Bounded(joined(sets), self._bounds) if sets else _NO_TOOLS

    @property
    def searches(self) -> bool:
        """Whether the web can be searched from here."""
        return self._search.ready

    @property
    def searching(self) -> WebSearching:
        """The search, for what is left to providers."""
        return self._search

    def _sets(self, run: RunFacts) -> list[ToolSet]:
        sets = [self._actions.of(run.agent)] if run.agent.actions else []
        brought = self._brought.of(run, beside=sets) if run.agent.tools else None
        if brought is not None:
            sets = [*sets, brought]
        search = self._search.of(run, beside=sets)
        if search is not None:
            sets = [*sets, search]
        mcp = self._mcp.of(run, beside=sets)
        return sets if mcp is None else [*sets, mcp]
