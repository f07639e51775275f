"""The web search in the Messages API: the tool, its calls and what they found, both ways.

https://platform.claude.com/docs/en/agents-and-tools/tool-use/web-search-tool
"""

from __future__ import annotations

import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import Any

import msgspec
from msgspec import Raw, Struct

from service.dialects.searches import read_domains, read_place
from service.dialects.validation import decode_part, in_range, one_of
from service.tools.web_search.found import NOTHING
from specs.anthropic.answers import AnswerSearchResult, FoundPage, SearchError
from specs.anthropic.messages import SearchTool
from specs.items import HostedCall, Source
from specs.openai.search_tools import PlaceParam
from specs.tools import SEARCH_TOOL, WebSearch

MAX_USES = 1_000
OURS = "drgws1."
"""What a result begins with in which we have put what the model read."""
_TYPE = re.compile(r"web_search_20\d{6}")
_CODES = frozenset(
    {"invalid_tool_input", "max_uses_exceeded", "query_too_long", "request_too_large", "too_many_requests"}
)
"""What the API calls a failure, besides `unavailable`."""

_tool = msgspec.json.Decoder(SearchTool)


class _Found(Struct, frozen=True):
    url: str | None = None
    title: str | None = None
    encrypted_content: str | None = None


class _Failed(Struct, frozen=True):
    error_code: str


def is_search(kind: str | None) -> bool:
    """Whether a tool of this type is the search."""
    return kind is not None and _TYPE.fullmatch(kind) is not None


def read_search(raw: Raw, at: str, warnings: list[str]) -> WebSearch:
    """Read the tool.

    Raises InvalidRequest whose `param` names the field.
    """
    tool = decode_part(raw, _tool, param=at)
    one_of(tool.name, (SEARCH_TOOL,), param=f"{at}.name")
    if tool.defer_loading:
        warnings.append(f"{at}.defer_loading is not honoured: the tool is there from the start.")
    if tool.allowed_callers is not None and "direct" not in tool.allowed_callers:
        warnings.append(f"{at}.allowed_callers is not honoured: the model calls the tool directly.")
    place = tool.user_location
    if place is not None:
        one_of(place.type, ("approximate",), param=f"{at}.user_location.type")
        place = PlaceParam(place.city, place.region, place.country, place.timezone)
    return WebSearch(
        read_domains(tool.allowed_domains, f"{at}.allowed_domains"),
        read_domains(tool.blocked_domains, f"{at}.blocked_domains"),
        location=read_place(place, f"{at}.user_location"),
        max_uses=in_range(tool.max_uses, 1, MAX_USES, param=f"{at}.max_uses"),
    )


def search_result(call: HostedCall) -> AnswerSearchResult:
    """What came of a search. What the model read goes along with the first page, for when it comes back."""
    if call.error is not None or call.output is None:
        code = call.code if call.code in _CODES else "unavailable"
        code = "invalid_tool_input" if call.code == "invalid_input" else code
        return AnswerSearchResult(call.call_id, SearchError(code))
    read = OURS + urlsafe_b64encode(call.output.encode("utf-8", "replace")).decode()
    pages = (
        FoundPage(source.url, source.title, "" if position else read)
        for position, source in enumerate(call.sources)
    )
    return AnswerSearchResult(call.call_id, tuple(pages))


def read_result(content: Any) -> tuple[str | None, str | None, tuple[Source, ...]]:
    """What a search of an earlier answer found: as the model read it, if that is known, or why it failed,
    and the pages. The first is None where it was not our search."""
    if isinstance(content, dict):
        try:
            failed = msgspec.convert(content, _Failed)
        except msgspec.ValidationError:
            return None, None, ()
        return None, f"The search failed: {failed.error_code[:80]}", ()
    if content == []:
        return NOTHING, None, ()
    try:
        pages = msgspec.convert(content, list[_Found])
    except msgspec.ValidationError:
        return None, None, ()
    found = tuple(Source(page.url, page.title or "") for page in pages if page.url)
    return _opened(pages[0].encrypted_content or ""), None, found


def _opened(sealed: str) -> str | None:
    if not sealed.startswith(OURS):
        return None
    try:
        return urlsafe_b64decode(sealed.removeprefix(OURS)).decode()
    except ValueError:
        return None
