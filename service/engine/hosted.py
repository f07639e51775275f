"""Hosted calls in the stream: what the model writes as a function call is, where the server runs it,
shown as a hosted call that stays open until its result is there."""

from __future__ import annotations

from msgspec import structs

from service.tools.base import Known, ToolOutcome, ToolSet
from specs.events import Event, ItemEnded, ItemStarted, ToolProgressed
from specs.items import FunctionCall, HostedCall

NOBODY_TO_ASK = "The user has to approve this call, and cannot be asked here; it was not made."


class HostedCalls:
    """Rewrites one step's batches; afterwards `calls` are ours to run, in order."""

    def __init__(self, tools: ToolSet, *, step: int) -> None:
        self._tools = tools
        self.step = step
        self._open: set[int] = set()
        self._answered: set[int] = set()
        self.calls: dict[int, FunctionCall] = {}
        """The complete calls by item index."""

    def rewrite(self, batch: list[Event]) -> list[Event]:
        """Return the batch with hosted calls in place of function calls, their ends kept back."""
        if not self._tools.definitions:
            return batch
        return [seen for event in batch if (seen := self._rewrite_one(event)) is not None]

    def _rewrite_one(self, event: Event) -> Event | None:
        match event:
            case ItemStarted(index, FunctionCall() as call) if self._tools.known(call.name) is not None:
                self._open.add(index)
                return ItemStarted(index, self._hosted(call))
            case ItemEnded(index, FunctionCall() as call) if index in self._open:
                if call.status == "incomplete":
                    return ItemEnded(index, self._hosted(call))
                self.calls[index] = call
                return ToolProgressed(index, "in_progress")
            case _:
                return event

    def refusal(self, call: FunctionCall) -> ToolOutcome | None:
        """What comes of a call that nobody can be asked for; None where nobody has to be."""
        tool = self._tools.known(call.name)
        return ToolOutcome(error=NOBODY_TO_ASK) if tool is not None and tool.asks else None

    def finished(self, index: int, outcome: ToolOutcome) -> list[Event]:
        """The events that show a call's outcome and end its item."""
        self._answered.add(index)
        status = "failed" if outcome.error is not None else "completed"
        item = structs.replace(
            self._hosted(self.calls[index]),
            output=outcome.output,
            error=outcome.error,
            sources=outcome.sources,
            code=outcome.code,
            status=status,
        )
        return [ToolProgressed(index, status), ItemEnded(index, item)]

    def unfinished(self) -> list[Event]:
        """End the calls that nothing answered, once."""
        left = [index for index in self.calls if index not in self._answered]
        self._answered.update(left)
        return [
            ItemEnded(index, structs.replace(self._hosted(self.calls[index]), status="incomplete"))
            for index in left
        ]

    def _hosted(self, call: FunctionCall) -> HostedCall:
        tool = self._tools.known(call.name) or Known("", call.name)
        return HostedCall(
            call.id,
            call.call_id,
            tool.label,
            tool.name,
            call.arguments,
            status=call.status,
            step=self.step,
            called=None if tool.name == call.name else call.name,
            kind=tool.kind,
        )
