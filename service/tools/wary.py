"""Tools that are another than a conversation has seen: their calls ask, whatever the rule."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import structs

from service.tools.base import Known, Listed, ToolOutcome, ToolSet
from service.tools.fingerprints import fingerprint_of
from specs.items import FunctionCall, Item, ToolListing
from specs.requests import Tool


class Wary:
    """A `ToolSet` whose tools ask where an earlier list shows another definition of them."""

    def __init__(self, tools: ToolSet, seen: Sequence[ToolListing]) -> None:
        self._tools = tools
        self._seen: dict[tuple[str, str], set[str]] = {}
        for listing in seen:
            for tool in listing.tools:
                self._seen.setdefault((listing.label, tool.name), set()).add(fingerprint_of(tool))

    @property
    def servers(self) -> tuple[str, ...]:
        """Labels of the servers that have to be asked for their tools."""
        return self._tools.servers

    async def list_tools(self, server: str) -> Listed:
        """Ask one of them."""
        return await self._tools.list_tools(server)

    @property
    def definitions(self) -> tuple[Tool, ...]:
        """What the model is told of the tools."""
        return self._tools.definitions

    def known(self, name: str) -> Known | None:
        """The tool that the model calls so."""
        tool = self._tools.known(name)
        if tool is None or tool.asks or tool.trusted:
            return tool
        seen = self._seen.get((tool.label, tool.name))
        return tool if seen is None or seen == {tool.fingerprint} else structs.replace(tool, asks=True)

    async def call(self, call: FunctionCall) -> ToolOutcome:
        """Run one call."""
        return await self._tools.call(call)

    async def aclose(self) -> None:
        """Let go of every connection."""
        await self._tools.aclose()


def wary(tools: ToolSet, seen: Sequence[Item]) -> ToolSet:
    """The tools, wary of those that the context shows otherwise."""
    listings = [item for item in seen if isinstance(item, ToolListing)] if tools.servers else []
    return Wary(tools, listings) if listings else tools
