"""The events of calls: those the client is to run, and those the server runs itself; and of the question
what there is to call."""

from __future__ import annotations

from service.dialects.responses.outlet import Outlet
from service.dialects.responses.output import Show
from service.dialects.responses.writers import ItemWriter
from specs.events import Delta, PartEnded
from specs.items import FunctionCall, HostedCall, Item, ToolListing, part_text
from specs.openai import response_events as wire
from specs.openai.response_items import OutputItem


class FunctionCallWriter(ItemWriter):
    """A call the client is to run. Arguments that come in one piece are one delta."""

    __slots__ = ("_streamed",)
    _delta: type[wire.FunctionCallArgumentsDelta | wire.CustomToolCallInputDelta] = (
        wire.FunctionCallArgumentsDelta
    )

    def __init__(self, out: Outlet, index: int, item: Item, show: Show) -> None:
        super().__init__(out, index, item, show)
        self._streamed = False

    def grow(self, part: int, deltas: list[Delta]) -> None:
        """More of the arguments."""
        self._streamed = True
        self.out.events += [
            self._delta(number, self.id, self.index, delta.data, padding)
            for number, delta, padding in self.out.numbered(deltas)
        ]

    def end(self, item: Item) -> OutputItem:
        """Close the arguments, then the call."""
        assert isinstance(item, FunctionCall)
        if item.arguments and not self._streamed:
            self.grow(0, [Delta(self.index, 0, item.arguments)])
        self.out.events.append(self._done(self.out.number(), item))
        return super().end(item)

    def _done(self, number: int, item: FunctionCall) -> wire.StreamEvent:
        return wire.FunctionCallArgumentsDone(number, self.id, self.index, item.name, item.arguments)


class CustomCallWriter(FunctionCallWriter):
    """A call of a custom tool: its arguments are its input, as free text."""

    __slots__ = ()
    _delta = wire.CustomToolCallInputDelta

    def _done(self, number: int, item: FunctionCall) -> wire.StreamEvent:
        return wire.CustomToolCallInputDone(number, self.id, self.index, item.arguments)


class SearchCallWriter(ItemWriter):
    """A search the server makes. What is looked for is shown when it is over."""

    __slots__ = ("_searching",)

    def __init__(self, out: Outlet, index: int, item: Item, show: Show) -> None:
        super().__init__(out, index, item, show)
        self._searching = False

    def start(self, item: Item) -> None:
        """The model has begun to ask."""
        super().start(item)
        self.out.events.append(wire.SearchInProgress(self.out.number(), self.id, self.index))

    def end_part(self, event: PartEnded) -> None:
        """What is looked for is known: the search is made now."""
        self._search()

    def end(self, item: Item) -> OutputItem:
        """Say that it is over, if it is; one that failed has no event of its own."""
        assert isinstance(item, HostedCall)
        self._search()
        if item.error is None and item.status == "completed":
            self.out.events.append(wire.SearchCompleted(self.out.number(), self.id, self.index))
        return super().end(item)

    def _search(self) -> None:
        if not self._searching:
            self._searching = True
            self.out.events.append(wire.SearchSearching(self.out.number(), self.id, self.index))


class HostedCallWriter(ItemWriter):
    """A call the server runs: shown while it runs, with its receipt at the end."""

    __slots__ = ("_closed", "_streamed")

    def __init__(self, out: Outlet, index: int, item: Item, show: Show) -> None:
        super().__init__(out, index, item, show)
        self._streamed = False
        self._closed = False

    def start(self, item: Item) -> None:
        """The call has begun."""
        super().start(item)
        self.out.events.append(wire.McpCallInProgress(self.out.number(), self.id, self.index))

    def grow(self, part: int, deltas: list[Delta]) -> None:
        """More of the arguments."""
        self._streamed = True
        self.out.events += [
            wire.McpCallArgumentsDelta(number, self.id, self.index, delta.data)
            for number, delta, _ in self.out.numbered(deltas)
        ]

    def end_part(self, event: PartEnded) -> None:
        """The arguments are whole: the tool runs now."""
        self._close(part_text(event.content))

    def end(self, item: Item) -> OutputItem:
        """Say how it went, then give the receipt."""
        assert isinstance(item, HostedCall)
        self._close(item.arguments)
        fine = item.error is None and item.status == "completed"
        outcome = wire.McpCallCompleted if fine else wire.McpCallFailed
        self.out.events.append(outcome(self.out.number(), self.id, self.index))
        return super().end(item)

    def _close(self, arguments: str) -> None:
        """Close the arguments, once; those that came in one piece are one delta."""
        if self._closed:
            return
        self._closed = True
        if arguments and not self._streamed:
            self.grow(0, [Delta(self.index, 0, arguments)])
        number = self.out.number()
        self.out.events.append(wire.McpCallArgumentsDone(number, self.id, self.index, arguments))


class ListingWriter(ItemWriter):
    """A server that is asked for its tools."""

    __slots__ = ()

    def start(self, item: Item) -> None:
        """It is being asked."""
        super().start(item)
        self.out.events.append(wire.McpListToolsInProgress(self.out.number(), self.id, self.index))

    def end(self, item: Item) -> OutputItem:
        """Say whether it answered, then what."""
        assert isinstance(item, ToolListing)
        fine = item.error is None and item.status == "completed"
        outcome = wire.McpListToolsCompleted if fine else wire.McpListToolsFailed
        self.out.events.append(outcome(self.out.number(), self.id, self.index))
        return super().end(item)
