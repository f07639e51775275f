"""One model call of a run: what its events go through, and what they come to."""

from __future__ import annotations

from service.engine.approvals import Asking
from service.engine.hosted import HostedCalls
from service.engine.permitted import PermittedCalls
from service.tools.base import Known, ToolSet
from specs.events import Event, ItemEnded, ItemStarted
from specs.items import FunctionCall


class Step:
    """`permitted` takes out what may not be called, `asked` what the caller has to approve."""

    def __init__(
        self,
        permitted: PermittedCalls,
        asked: PermittedCalls | None,
        hosted: HostedCalls,
        *,
        first_item: int,
    ) -> None:
        self.permitted = permitted
        self.hosted = hosted
        self.first_item = first_item
        self._asked = asked

    def rewrite(self, batch: list[Event]) -> list[Event]:
        """The events as the caller is to see them."""
        batch = self.permitted.rewrite(batch)
        if self._asked is not None:
            batch = self._asked.rewrite(batch)
        return self.hosted.rewrite(batch)

    @property
    def asked(self) -> tuple[FunctionCall, ...]:
        """The calls that the caller has to approve."""
        return () if self._asked is None else tuple(call for call, _ in self._asked.refused)

    def requests(self, asking: Asking, tools: ToolSet, *, first_item: int) -> list[Event]:
        """The items that ask for those calls. Raises ServerError."""
        events: list[Event] = []
        for index, call in enumerate(self.asked, first_item):
            tool = tools.known(call.name) or Known("", call.name)
            item = asking.request(call, tool, step=self.hosted.step)
            events += [ItemStarted(index, item), ItemEnded(index, item)]
        return events
