"""The provider's own search: how it is asked for, and what it tells of one in our words. Pure.

Its answers say what was looked for and found once, at their end; no call of it comes by itself, and none
is wanted back. Functions beside it are refused by the older families, and by the newer ones without a
protocol of tool parts that not every host takes, so it is only asked for alone.
Sources: https://ai.google.dev/gemini-api/docs/google-search, …/tool-combination
"""

from __future__ import annotations

import msgspec
from msgspec import UNSET, UnsetType, structs

from providers.google import wire
from providers.google.body import GoogleSearch
from providers.google.settings import Warn
from providers.searching import UNTOLD, listed
from specs.items import HostedCall, Source
from specs.requests import ModelRequest, ToolChoice
from specs.tools import SEARCH_TOOL, WebSearch

USUAL = "medium"
"""How much is found where nobody asks for more or less."""


def search_tool(request: ModelRequest, warn: Warn) -> GoogleSearch | UnsetType:
    """The search as the provider is told of it; none where it is not to search, or not as it should."""
    asked, choice = request.search, request.tool_choice
    if asked is None or not _is_allowed(choice):
        return UNSET
    problem = _problem(request, asked)
    if problem:
        warn("tools", f"tools: the search was left out: {problem}")
        return UNSET
    for what, said in _unsaid(asked):
        if said:
            warn("tools", f"tools: the provider's own search takes no {what}; it is left out")
    if choice.mode == "required":
        warn("tool_choice", "tool_choice: the provider cannot be made to search; the model decides")
    return GoogleSearch()


def _is_allowed(choice: ToolChoice) -> bool:
    return choice.mode != "none" and (choice.allowed is None or SEARCH_TOOL in choice.allowed)


def _problem(request: ModelRequest, asked: WebSearch) -> str:
    if request.tools:
        return "the provider does not search beside functions"
    if asked.allowed_domains or asked.blocked_domains:
        return "the provider's own search cannot be held to domains"
    return "no use of it is left" if asked.max_uses is not None and asked.max_uses < 1 else ""


def _unsaid(asked: WebSearch) -> tuple[tuple[str, bool], ...]:
    return (
        ("search_context_size", asked.context_size != USUAL),
        ("user_location", asked.location is not None),
        ("limit of uses", asked.max_uses is not None),
    )


class Findings:
    """What one answer tells of its searches, whichever of its chunks tells it."""

    def __init__(self, *, once_a_prompt: bool) -> None:
        self._once = once_a_prompt
        self._queries: dict[str, None] = {}
        self._pages: dict[str, Source] = {}

    def add(self, grounding: wire.Grounding) -> None:
        """More of it; what has been told already is passed over."""
        self._queries |= dict.fromkeys(query for query in grounding.web_search_queries if query.strip())
        for source in grounding.grounding_chunks:
            if source.web is not None and source.web.uri:
                self._pages.setdefault(source.web.uri, Source(source.web.uri, source.web.title))

    def __bool__(self) -> bool:
        """Whether a search was told of: pages alone may have come another way."""
        return bool(self._queries)

    @property
    def charged(self) -> int:
        """Searches that the provider charges for: each query that is not empty, or the prompt once."""
        return min(len(self._queries), 1) if self._once else len(self._queries)

    def of(self, begun: HostedCall) -> HostedCall:
        """The call with what it came to."""
        query = " | ".join(self._queries)
        pages = tuple(self._pages.values())
        return structs.replace(
            begun,
            arguments=msgspec.json.encode({"query": query}).decode(),
            output=listed(pages, nothing=UNTOLD),
            sources=pages,
        )
