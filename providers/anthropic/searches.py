"""The provider's own search: how it is asked for, what its calls are in our words, and said again. Pure.

https://platform.claude.com/docs/en/agents-and-tools/tool-use/web-search-tool
"""

from __future__ import annotations

import msgspec
from msgspec import UNSET, Raw, Struct, UnsetType, structs

from providers.anthropic.body import SearchPlace, SearchTool
from providers.anthropic.content import Warn
from providers.searching import listed
from specs.items import HostedCall, Source
from specs.requests import ModelRequest
from specs.tools import SEARCH_TOOL, Location, WebSearch

RESULT = "web_search_tool_result"
"""The type of the block that says what a search came to."""
FAILED = "The search failed"
USUAL_SIZE = "medium"
"""How much is found where nobody says; what the provider gives cannot be set."""


class _Page(Struct, frozen=True):
    url: str | None = None
    title: str | None = None


class _Failure(Struct, frozen=True):
    error_code: str | None = None


_content = msgspec.json.Decoder(list[_Page] | _Failure)
_fields = msgspec.json.Decoder(dict[str, Raw])
_blocks = msgspec.json.Decoder(tuple[Raw, ...])
_encode = msgspec.json.Encoder().encode


def search_tool(request: ModelRequest, warn: Warn) -> SearchTool | None:
    """The search as the provider is told of it; None where it is not to search, or could not."""
    asked, allowed = request.search, request.tool_choice.allowed
    if asked is None or (allowed is not None and SEARCH_TOOL not in allowed):
        return None
    if any(tool.name == SEARCH_TOOL for tool in request.tools):
        warn("tools", f"The provider's search was left out: a function is called {SEARCH_TOOL!r}, as it is.")
        return None
    if asked.allowed_domains and asked.blocked_domains:
        warn("tools", "The provider's search was left out: it takes domains to keep to or to leave out.")
        return None
    if asked.context_size != USUAL_SIZE:
        warn("tools", "The provider has no setting for how much is found; search_context_size is left out.")
    return _search(asked)


def _search(asked: WebSearch) -> SearchTool:
    place = asked.location or Location()
    shown = SearchPlace(place.city, place.region, place.country, place.timezone)
    return SearchTool(
        SEARCH_TOOL,
        asked.max_uses,
        asked.allowed_domains,
        asked.blocked_domains,
        shown if asked.location else None,
    )


def searched(call: HostedCall, use: Raw, arguments: str, result: Raw, content: Raw | UnsetType) -> HostedCall:
    """A search that is over: what was found, and both blocks for when they go back.

    `arguments` are those that a stream told beside the block `use`; empty where they are in it.
    """
    told = _read(content)
    native = _said(use, arguments, result)
    if isinstance(told, _Failure):
        error = f"{FAILED}: {told.error_code}" if told.error_code else f"{FAILED}."
        return structs.replace(call, error=error, code=told.error_code, native=native)
    pages = tuple(Source(page.url, page.title or "") for page in told if page.url)
    return structs.replace(
        call, output=listed(pages, nothing="Nothing was found."), sources=pages, native=native
    )


def said_again(native: str) -> tuple[Raw, ...]:
    """The blocks of a search as the provider sent them."""
    return _blocks.decode(native)


def _read(content: Raw | UnsetType) -> list[_Page] | _Failure:
    if content is UNSET:
        return _Failure()
    try:
        return _content.decode(content)
    except msgspec.ValidationError:
        return _Failure()


def _said(use: Raw, arguments: str, result: Raw) -> str | None:
    """Both blocks; None where the arguments are not what the provider would take back."""
    if arguments:
        try:
            _fields.decode(arguments)
        except (msgspec.DecodeError, RecursionError):
            return None
        use = Raw(_encode({**_fields.decode(use), "input": Raw(arguments.encode())}))
    return f"[{bytes(use).decode()},{bytes(result).decode()}]"
