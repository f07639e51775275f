"""What a server would give an agent, as its operator is shown it."""

from __future__ import annotations

import msgspec
from msgspec import UNSET, Struct

from service.tools.mcp.tools import McpTools
from specs.items import ListedTool


class ShownTool(Struct, frozen=True):
    """A tool, and what becomes of it."""

    name: str
    called: str
    """What models know it by."""
    read_only: bool
    """Whether the server says that it changes nothing."""
    asks: bool
    """Whether callers have to approve its calls, where this is the run's only server."""
    description: str | None = None


class Shown(Struct, frozen=True):
    """What a server answered."""

    tools: tuple[ShownTool, ...] = ()
    left_out: tuple[str, ...] = ()
    error: str | None = None


async def to_shown(tools: McpTools, label: str) -> Shown:
    """Ask the server of this label, and let go of it again."""
    try:
        listed = await tools.list_tools(label)
    finally:
        await tools.aclose()
    by_name = {tool.name: tool for tool in listed.tools}
    found: list[ShownTool] = []
    for definition in tools.definitions:
        known = tools.known(definition.name)
        if known is not None:
            tool = by_name[known.name]
            found.append(
                ShownTool(known.name, definition.name, _read_only(tool), known.asks, tool.description)
            )
    return Shown(tuple(found), listed.left_out, listed.error)


class _Hints(Struct, frozen=True, rename="camel"):
    read_only_hint: bool = False


def _read_only(tool: ListedTool) -> bool:
    if tool.annotations is UNSET:
        return False
    return msgspec.json.decode(tool.annotations, type=_Hints).read_only_hint
