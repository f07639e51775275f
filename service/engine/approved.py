"""Calls that the caller has approved: made before the model is asked, each at most once."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

from msgspec import structs

from service.engine.approvals import Asking, Granted
from service.engine.listing import Emit
from service.ids import new_id
from service.tools.base import Known, ToolOutcome, ToolSet
from specs.events import Delta, Event, ItemEnded, ItemStarted, PartEnded, PartStarted, ToolProgressed
from specs.items import ApprovalRequest, Arguments, FunctionCall, HostedCall

GONE = "This tool is not offered any more; the call was not made."
USED = "This approval was used before; the call was not made again."
TOO_MANY = "No more tool calls are allowed; the call was not made."


async def make_approved(
    asking: Asking, tools: ToolSet, *, may_call: Callable[[], bool], first_item: int, emit: Emit
) -> tuple[FunctionCall, ...]:
    """Make the calls, together; gives those of which the caller has to be asked again.

    Raises StoreUnavailable where it cannot be told whether an approval was used.
    """
    calls = _ApprovedCalls(asking, tools, may_call, emit)
    kept, changed = calls.part(asking.granted)
    calls.start(kept, first_item)
    try:
        due = [granted for granted in kept if await calls.is_due(granted)]
        async with asyncio.TaskGroup() as group:
            for granted in due:
                group.create_task(calls.make(granted))
    finally:
        calls.close()
    return calls.ask_again(changed, first_item + len(kept))


class _ApprovedCalls:
    """Their items, from the first to the last."""

    def __init__(self, asking: Asking, tools: ToolSet, may_call: Callable[[], bool], emit: Emit) -> None:
        self._asking = asking
        self._tools = tools
        self._may_call = may_call
        self._emit = emit
        self._open: dict[str, tuple[int, HostedCall]] = {}

    def part(self, granted: Sequence[Granted]) -> tuple[list[Granted], list[Granted]]:
        """Those that hold, and those whose tool is now another than what was approved."""
        kept: list[Granted] = []
        changed: list[Granted] = []
        for each in granted:
            tool = self._tool(each.asked)
            (kept if tool is None or each.holds_for(tool[1]) else changed).append(each)
        return kept, changed

    def start(self, kept: Sequence[Granted], first_item: int) -> None:
        """Show what is about to be called."""
        for index, granted in enumerate(kept, first_item):
            item = self._item(granted.asked)
            self._open[granted.asked.id] = (index, item)
            self._emit(_begun(index, item))

    async def is_due(self, granted: Granted) -> bool:
        """Whether the call is to be made; where not, that is shown. Raises StoreUnavailable."""
        why = await self._refusal(granted)
        if why is not None:
            self._show(granted, ToolOutcome(error=why))
        return why is None

    async def make(self, granted: Granted) -> None:
        """Make one call, and show what came of it."""
        asked, tool = granted.asked, self._tool(granted.asked)
        name = asked.name if tool is None else tool[0]
        call = FunctionCall(asked.id, asked.call_id, name, asked.arguments)
        self._show(granted, await self._tools.call(call))

    def close(self) -> None:
        """End what nothing will answer any more."""
        left = self._open.values()
        self._emit([ItemEnded(index, structs.replace(item, status="incomplete")) for index, item in left])

    def ask_again(self, changed: Sequence[Granted], first_item: int) -> tuple[FunctionCall, ...]:
        """Ask for calls whose tool has changed."""
        calls: list[FunctionCall] = []
        for index, granted in enumerate(changed, first_item):
            asked = granted.asked
            name, tool = self._tool(asked) or (asked.name, Known(asked.label, asked.name))
            call = FunctionCall(new_id("fc"), asked.call_id, name, asked.arguments)
            again = self._asking.request(call, tool, step=None)
            self._emit([ItemStarted(index, again), ItemEnded(index, again)])
            calls.append(call)
        return tuple(calls)

    async def _refusal(self, granted: Granted) -> str | None:
        if self._tool(granted.asked) is None:
            return GONE
        if not self._may_call():
            return TOO_MANY
        return None if await self._asking.spend(granted) else USED

    def _show(self, granted: Granted, outcome: ToolOutcome) -> None:
        index, item = self._open.pop(granted.asked.id)
        status = "completed" if outcome.error is None else "failed"
        whole = structs.replace(
            item, output=outcome.output, error=outcome.error, sources=outcome.sources, status=status
        )
        self._emit([ToolProgressed(index, status), ItemEnded(index, whole)])

    def _tool(self, asked: ApprovalRequest) -> tuple[str, Known] | None:
        """The tool by the name that the model knows it by, and what is known of it."""
        for definition in self._tools.definitions:
            tool = self._tools.known(definition.name)
            if tool is not None and (tool.label, tool.name) == (asked.label, asked.name):
                return definition.name, tool
        return None

    def _item(self, asked: ApprovalRequest) -> HostedCall:
        tool = self._tool(asked)
        called = None if tool is None or tool[0] == asked.name else tool[0]
        return HostedCall(
            new_id("mcp"),
            asked.call_id,
            asked.label,
            asked.name,
            asked.arguments,
            status="in_progress",
            called=called or asked.called,
            approval=asked.id,
        )


def _begun(index: int, item: HostedCall) -> list[Event]:
    return [
        ItemStarted(index, structs.replace(item, arguments="")),
        PartStarted(index, 0, Arguments()),
        Delta(index, 0, item.arguments),
        PartEnded(index, 0, Arguments(item.arguments)),
        ToolProgressed(index, "in_progress"),
    ]
