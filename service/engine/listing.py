"""What servers say their tools are: asked before the first model call, and shown as items."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

from msgspec import structs

from service.ids import new_id
from service.tools.base import Listed, ToolSet
from service.tools.fingerprints import fingerprint_of
from specs.events import Event, ItemEnded, ItemStarted, ToolProgressed, Warned
from specs.items import Item, ListedTool, ToolListing

MOST_TOLD = 8
"""Warnings of what was left out of one server's list."""
Emit = Callable[[list[Event]], None]


async def list_tools(tools: ToolSet, *, seen: Sequence[Item], first_item: int, emit: Emit) -> None:
    """Ask every server of a run, together. A server that cannot be asked fails its item, not the run.

    What `seen` holds unchanged is not shown again.
    """
    listings = _Listings(tools, seen, first_item, emit)
    try:
        async with asyncio.TaskGroup() as group:
            for label in tools.servers:
                group.create_task(listings.ask(label))
    finally:
        listings.close()


class _Listings:
    """The items of one round of questions."""

    def __init__(self, tools: ToolSet, seen: Sequence[Item], first_item: int, emit: Emit) -> None:
        self._tools = tools
        self._held = held_listings(seen)
        self._emit = emit
        self._next = first_item
        self._open: dict[str, tuple[int, ToolListing]] = {}
        for label in tools.servers:
            if label not in self._held:
                self._start(label)

    async def ask(self, label: str) -> None:
        """Ask one server, and show what it says where that is news."""
        listed = await self._tools.list_tools(label)
        self._emit([Warned(f"tools: {label!r}: {why}", "tools") for why in listed.left_out[:MOST_TOLD]])
        if label not in self._open:
            if is_same(self._held[label], listed):
                return
            self._start(label)
        index, item = self._open.pop(label)
        status = "completed" if listed.error is None else "failed"
        whole = structs.replace(item, tools=listed.tools, error=listed.error, status=status)
        self._emit([ToolProgressed(index, status), ItemEnded(index, whole)])

    def close(self) -> None:
        """End the items of servers that will not answer any more."""
        left = [
            ItemEnded(index, structs.replace(item, status="incomplete"))
            for index, item in self._open.values()
        ]
        self._emit([*left])

    def _start(self, label: str) -> None:
        item = ToolListing(new_id("mcpl"), label, status="in_progress")
        self._open[label] = (self._next, item)
        self._emit([ItemStarted(self._next, item), ToolProgressed(self._next, "in_progress")])
        self._next += 1


def held_listings(items: Sequence[Item]) -> dict[str, ToolListing]:
    """The last listing of each server that gave one, by its label."""
    listings = (item for item in items if isinstance(item, ToolListing))
    return {item.label: item for item in listings if item.error is None and item.status == "completed"}


def is_same(held: ToolListing, listed: Listed) -> bool:
    """Whether a server says what it said before; a caller who sends it back may have written it anew."""
    return listed.error is None and _fingerprints(held.tools) == _fingerprints(listed.tools)


def _fingerprints(tools: Sequence[ListedTool]) -> set[str]:
    return set(map(fingerprint_of, tools))
