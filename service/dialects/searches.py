"""What the APIs share of the web search: places, domains, and OpenAI's tool of type `web_search`."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

import msgspec
from msgspec import Raw

from service.dialects.validation import at_most, decode_part, one_of, shown
from service.tools.web_search.domains import to_domain
from specs.errors import InvalidRequest
from specs.openai import search_tools as wire
from specs.tools import Location, WebSearch

Warn = Callable[[str], None]
_COUNTRY = re.compile(r"[A-Za-z]{2}")
_tool = msgspec.json.Decoder(wire.SearchToolParam)


def read_search(raw: Raw, param: str, *, warn: Warn) -> WebSearch:
    """Read a tool of type `web_search`, or of an earlier name of it.

    Raises InvalidRequest naming the field at fault.
    """
    asked = decode_part(raw, _tool, param=param)
    if asked.external_web_access is False:
        warn(f"{param}.external_web_access is not honoured: a search goes out.")
    if set(asked.search_content_types or ()) - {"text"}:
        warn(f"{param}.search_content_types is not honoured: text is searched for.")
    filters = asked.filters or wire.SearchFilters()
    return WebSearch(
        read_domains(filters.allowed_domains, f"{param}.filters.allowed_domains"),
        read_domains(filters.blocked_domains, f"{param}.filters.blocked_domains"),
        asked.search_context_size or "medium",
        read_place(asked.user_location, f"{param}.user_location"),
    )


def read_options(asked: wire.SearchOptionsParam | None, param: str) -> WebSearch | None:
    """Read `web_search_options`. Raises InvalidRequest."""
    if asked is None:
        return None
    place, at = asked.user_location, f"{param}.user_location"
    if place is not None:
        one_of(place.type, ("approximate",), param=f"{at}.type")
    location = None if place is None else read_place(place.approximate, f"{at}.approximate")
    return WebSearch(context_size=asked.search_context_size or "medium", location=location)


def read_place(asked: wire.PlaceParam | None, param: str) -> Location | None:
    """Where the user is, roughly; None where nothing is said of it. Raises InvalidRequest."""
    if asked is None:
        return None
    if isinstance(asked, wire.UserLocationParam):
        one_of(asked.type, ("approximate",), param=f"{param}.type")
    if asked.country and not _COUNTRY.fullmatch(asked.country):
        raise InvalidRequest(
            f"{param}.country must be the two letters of a country; got {shown(asked.country)}.",
            param=f"{param}.country",
        )
    named = {
        name: _place_name(getattr(asked, name), f"{param}.{name}")
        for name in ("city", "region", "country", "timezone")
    }
    return Location(**named) if any(named.values()) else None


def _place_name(text: str | None, param: str) -> str | None:
    at_most(text, wire.MAX_PLACE, param=param)
    if text and not text.isprintable():
        raise InvalidRequest(f"{param} may hold no control characters.", param=param)
    return text or None


def read_domains(sent: Sequence[str] | None, param: str) -> tuple[str, ...]:
    """Domains as they are compared. Raises InvalidRequest naming the one at fault."""
    if len(sent or ()) > wire.MAX_DOMAINS:
        raise InvalidRequest(f"{param} may have at most {wire.MAX_DOMAINS} entries.", param=param)
    found: dict[str, None] = {}
    for index, text in enumerate(sent or ()):
        try:
            found[to_domain(text)] = None
        except ValueError as error:
            at = f"{param}[{index}]"
            raise InvalidRequest(f"{at}: {error}", param=at) from error
    return tuple(found)


def echo_search(tool: WebSearch) -> wire.SearchToolEcho:
    """State the search back, every key present."""
    filters = None
    if tool.allowed_domains or tool.blocked_domains:
        filters = wire.SearchFiltersEcho(tool.allowed_domains or None, tool.blocked_domains or None)
    place = tool.location
    location = place and wire.PlaceEcho(place.city, place.country, place.region, place.timezone)
    return wire.SearchToolEcho(filters, tool.context_size, location)
