"""Lets the servers of one run ask its model, as often as their operator allows."""

from __future__ import annotations

import asyncio

import structlog

from service.tools.mcp.failures import NO_MODEL, McpFailure
from service.tools.mcp.places import Place
from service.tools.sampler import Question, Reply, Sampler
from specs.errors import DragomanError

log = structlog.get_logger()


class Sampling:
    """What one server of one run asks. The run pays, so what is under way ends with it, not with the
    connection that it came over."""

    def __init__(self, sampler: Sampler, *, label: str, most: int) -> None:
        self._sampler = sampler
        self._label = label
        self._left = most
        self._asking: set[asyncio.Task[Reply]] = set()

    async def ask(self, question: Question) -> Reply:
        """Have a question answered. Raises McpFailure."""
        if self._left <= 0:
            raise McpFailure(NO_MODEL)
        self._left -= 1
        asking = asyncio.create_task(self._sampler.ask(question), name=f"mcp {self._label} asks")
        self._asking.add(asking)
        asking.add_done_callback(self._asking.discard)
        try:
            return await asking
        except DragomanError as error:
            log.warning("mcp_sampling_failed", server=self._label, code=error.code)
            raise McpFailure(NO_MODEL) from None

    def end(self) -> None:
        """The run is over: nothing more is asked, and what is under way is given up."""
        self._left = 0
        for asking in self._asking:
            asking.cancel()

    async def settle(self) -> None:
        """Return when what was under way has ended, and is settled."""
        if self._asking:
            await asyncio.wait(set(self._asking))


def sampling_of(place: Place, sampler: Sampler | None) -> Sampling | None:
    """What the server asks, where its operator lets it and there is somebody to ask."""
    if sampler is None or place.spec is None or not place.spec.sampling_calls:
        return None
    return Sampling(sampler, label=place.label, most=place.spec.sampling_calls)


class NoModel:
    """A `Sampler` for those who only look at what a server offers."""

    async def ask(self, question: Question) -> Reply:
        """Refuse."""
        raise McpFailure(NO_MODEL)
