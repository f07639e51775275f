"""Several sets of tools as one."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from service.tools.base import Known, Listed, NoTools, ToolOutcome, ToolSet
from specs.items import FunctionCall
from specs.requests import Tool


class Joined:
    """A `ToolSet` of others, in order. Their names do not clash: whoever makes them sees to that."""

    def __init__(self, sets: Sequence[ToolSet]) -> None:
        self._sets = sets

    @property
    def servers(self) -> tuple[str, ...]:
        """Labels of the servers that have to be asked for their tools."""
        return tuple(label for each in self._sets for label in each.servers)

    async def list_tools(self, server: str) -> Listed:
        """Ask the server, of whichever set it is."""
        for each in self._sets:
            if server in each.servers:
                return await each.list_tools(server)
        return Listed(error=f"There is no server {server!r}.")

    @property
    def definitions(self) -> tuple[Tool, ...]:
        """What the model is told of the tools."""
        return tuple(tool for each in self._sets for tool in each.definitions)

    def known(self, name: str) -> Known | None:
        """The tool that the model calls so."""
        return next((found for each in self._sets if (found := each.known(name)) is not None), None)

    async def call(self, call: FunctionCall) -> ToolOutcome:
        """Run one call, by the set that knows the tool."""
        for each in self._sets:
            if each.known(call.name) is not None:
                return await each.call(call)
        return await NoTools().call(call)

    async def aclose(self) -> None:
        """Let go of every connection, of one set whatever happens to another."""
        await asyncio.gather(*(each.aclose() for each in self._sets), return_exceptions=True)


def joined(sets: Sequence[ToolSet]) -> ToolSet:
    """The sets as one."""
    return sets[0] if len(sets) == 1 else Joined(sets) if sets else NoTools()
