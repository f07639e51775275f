"""The provider's own search: how it is asked for, and what its calls are in our words. Pure.

https://platform.openai.com/docs/guides/tools-web-search
"""

from __future__ import annotations

import msgspec
from msgspec import Raw, Struct, structs

from providers.openai_responses import body as wire
from providers.searching import UNTOLD, listed
from specs.items import HostedCall, Source
from specs.requests import ModelRequest
from specs.tools import Location, WebSearch

SEARCH_INCLUDES = ("web_search_call.action.sources",)
FAILED = "The search failed."
UNSERVED_EFFORT = "minimal"
"""The reasoning effort with which models do not search; asked all the same they refuse the request."""


class _Page(Struct, frozen=True):
    url: str | None = None


class _Action(Struct, frozen=True):
    type: str = "search"
    query: str | None = None
    queries: tuple[str, ...] | None = None
    sources: tuple[_Page, ...] | None = None
    url: str | None = None
    pattern: str | None = None


class _Call(Struct, frozen=True):
    action: _Action | None = None
    status: str | None = None


_call = msgspec.json.Decoder(_Call)


def search_tool(request: ModelRequest, warnings: list[tuple[str, str]]) -> tuple[wire.Search, ...]:
    """The search as the provider is told of it; none where it is not to search, or could not."""
    asked = request.search
    if asked is None:
        return ()
    if request.settings.reasoning_effort == UNSERVED_EFFORT:
        warnings.append(("tools", "tools: the search was left out: with minimal reasoning there is none"))
        return ()
    return (_search(asked),)


def _search(asked: WebSearch) -> wire.Search:
    filters = wire.SearchFilters(asked.allowed_domains) if asked.allowed_domains else None
    place = asked.location or Location()
    shown = wire.SearchPlace(place.city, place.country, place.region, place.timezone)
    return wire.Search(filters, asked.context_size, shown if asked.location else None)


def searched(call: HostedCall, raw: Raw) -> HostedCall:
    """A call that is over: what was looked for, what was found, and its own words for when it goes back."""
    told = _call.decode(raw)
    action = told.action or _Action()
    pages = tuple(Source(page.url) for page in action.sources or () if page.url)
    failed = told.status == "failed"
    return structs.replace(
        call,
        arguments=msgspec.json.encode(_arguments(action)).decode(),
        output=None if failed else listed(pages, nothing=UNTOLD),
        error=FAILED if failed else None,
        sources=pages,
        native=bytes(raw).decode(),
    )


def is_charged(raw: Raw) -> bool:
    """Whether a call is one the provider charges for: a search that was made, not a look into a page."""
    told = _call.decode(raw)
    return told.status != "failed" and (told.action is None or told.action.type == "search")


def _arguments(action: _Action) -> dict[str, str]:
    if action.type == "search":
        query = action.query if action.query is not None else " | ".join(action.queries or ())
        return {"query": query}
    said = {"action": action.type, "url": action.url, "pattern": action.pattern}
    return {name: text for name, text in said.items() if text is not None}
