"""Asks a search engine, through the door, and keeps of its answer what may be shown."""

from __future__ import annotations

import structlog
from msgspec import Struct

from service.egress import Bounds, Door, EgressError
from service.tools.web_search.backends import Backend, Query
from service.tools.web_search.found import Found, admitted

MOST_READ = 2 * 2**20
"""Bytes of an answer."""

log = structlog.get_logger()


class SearchFailed(Exception):
    """The search engine gave no answer; the message tells the model, `code` an API."""

    def __init__(self, message: str, code: str = "unavailable") -> None:
        super().__init__(message)
        self.code = code


class Engine(Struct, frozen=True):
    """A search engine that can be asked."""

    name: str
    backend: Backend
    door: Door
    seconds: float

    async def search(self, query: Query) -> tuple[Found, ...]:
        """The results that may be shown, best first.

        Raises SearchFailed.
        """
        asked = self.backend.ask(query)
        bounds = Bounds(seconds=self.seconds, bytes=MOST_READ)
        try:
            answer = await self.door.fetch(
                asked.url, method=asked.method, headers=asked.headers, body=asked.body, bounds=bounds
            )
        except EgressError as error:
            raise self._failed(type(error).__name__) from error
        if answer.status != 200:
            raise self._failed(str(answer.status))
        try:
            found = self.backend.read(answer.body)
        except (ValueError, RecursionError) as error:  # msgspec's errors are ValueErrors
            raise self._failed("unreadable") from error
        return admitted(found, domains=query.domains, policy=self.door.policy, most=query.most)

    def _failed(self, why: str) -> SearchFailed:
        """Tell the operator why, the model that; what an engine says of itself is nobody else's business."""
        log.warning("web_search_failed", backend=self.name, why=why)
        code = "too_many_requests" if why == "429" else "unavailable"
        return SearchFailed("The search failed: the search engine gave no answer.", code)
