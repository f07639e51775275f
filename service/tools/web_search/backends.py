"""Search engines: how each is asked, and what its answers hold. Pure; `searching` sends what is written here.

Answers are read leniently: a result that is not as it should be is left out, not the others with it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal, Protocol, TypeAlias
from urllib.parse import urlencode

import msgspec
from msgspec import Struct

from service.tools.web_search.domains import Domains
from service.tools.web_search.found import Found
from specs.secret import Secret
from specs.tools import Location

BackendName: TypeAlias = Literal["searxng", "brave", "tavily"]
MAX_QUERY = 400
"""Characters; the least that any of them takes."""
MAX_WORDS = 50
MOST_RESULTS = 20
"""The most that any of them gives for one question."""
MOST_TAVILY_ALLOWED = 300
MOST_TAVILY_BLOCKED = 150


class Query(Struct, frozen=True):
    """What is looked for."""

    text: str
    most: int
    """Results."""
    domains: Domains = Domains()
    location: Location | None = None


class Asked(Struct, frozen=True):
    """The request that asks for it."""

    url: str
    method: Literal["GET", "POST"] = "GET"
    headers: Mapping[str, str] = {}
    body: bytes | None = None


class Backend(Protocol):
    """A search engine."""

    def ask(self, query: Query) -> Asked:
        """Write the request."""
        ...

    def read(self, body: bytes) -> list[Found]:
        """Read the results of an answer. Raises ValueError where it is no answer of this engine."""
        ...


class _Row(Struct, frozen=True):
    """One result, in whichever words."""

    url: str
    title: str | None = None
    content: str | None = None
    description: str | None = None
    extra_snippets: list[str] | None = None


class _Page(Struct, frozen=True):
    results: list[Any]


class _BravePage(Struct, frozen=True):
    web: _Page | None = None


_page = msgspec.json.Decoder(_Page)
_brave_page = msgspec.json.Decoder(_BravePage)


class Searxng:
    """A metasearch engine that operators run themselves; its `json` format has to be switched on.

    https://docs.searxng.org/dev/search_api.html
    """

    def __init__(self, url: str, key: Secret | None = None) -> None:
        self._url = url.rstrip("/")
        self._key = key

    def ask(self, query: Query) -> Asked:
        """Domains go into the question, as its engines understand them."""
        asked = urlencode({"q": with_sites(query), "format": "json"})
        headers = {"accept": "application/json"}
        if self._key is not None:  # of a proxy before it: SearXNG itself has none
            headers["authorization"] = f"Bearer {self._key.reveal()}"
        return Asked(f"{self._url}/search?{asked}", headers=headers)

    def read(self, body: bytes) -> list[Found]:
        """Read the results of an answer. Raises ValueError."""
        return _found(_page.decode(body).results)


class Brave:
    """https://api-dashboard.search.brave.com/app/documentation/web-search"""

    def __init__(self, url: str, key: Secret) -> None:
        self._url = url.rstrip("/")
        self._key = key

    def ask(self, query: Query) -> Asked:
        """Domains go into the question; the place goes in headers."""
        count = min(query.most, MOST_RESULTS)
        asked = urlencode({"q": with_sites(query), "count": count, "text_decorations": "false"})
        headers = {"accept": "application/json", "x-subscription-token": self._key.reveal()}
        headers |= _brave_location(query.location or Location())
        return Asked(f"{self._url}/res/v1/web/search?{asked}", headers=headers)

    def read(self, body: bytes) -> list[Found]:
        """Read the results of an answer; one without a part for the web found nothing. Raises ValueError."""
        web = _brave_page.decode(body).web
        return [] if web is None else _found(web.results)


class Tavily:
    """https://docs.tavily.com/documentation/api-reference/endpoint/search"""

    def __init__(self, url: str, key: Secret) -> None:
        self._url = url.rstrip("/")
        self._key = key

    def ask(self, query: Query) -> Asked:
        """Domains have fields of their own."""
        allowed, blocked = query.domains.allowed, query.domains.blocked
        asked = {
            "query": query.text[:MAX_QUERY],
            "max_results": min(query.most, MOST_RESULTS),
            "include_domains": allowed if len(allowed) <= MOST_TAVILY_ALLOWED else (),
            "exclude_domains": blocked[:MOST_TAVILY_BLOCKED],
        }
        headers = {
            "accept": "application/json",
            "authorization": f"Bearer {self._key.reveal()}",
            "content-type": "application/json",
        }
        return Asked(f"{self._url}/search", "POST", headers, msgspec.json.encode(asked))

    def read(self, body: bytes) -> list[Found]:
        """Read the results of an answer. Raises ValueError."""
        return _found(_page.decode(body).results)


def with_sites(query: Query) -> str:
    """The question with its domains as `site:` words, where both together are short enough; what is found
    is looked at again in any case."""
    question = query.text[:MAX_QUERY]
    allowed = " OR ".join(f"site:{domain}" for domain in query.domains.allowed)
    blocked = " ".join(f"-site:{domain}" for domain in query.domains.blocked)
    for extra in (f"{allowed} {blocked}".strip(), allowed):
        whole = f"{question} {extra}"
        if extra and len(whole) <= MAX_QUERY and len(whole.split()) <= MAX_WORDS:
            return whole
    return question


def _brave_location(location: Location) -> dict[str, str]:
    """The headers of a place; a header holds ASCII, so a name that is none is left to the tool's words."""
    named = {
        "x-loc-city": location.city,
        "x-loc-state-name": location.region,
        "x-loc-country": location.country,
        "x-loc-timezone": location.timezone,
    }
    return {name: text for name, text in named.items() if text and text.isascii() and text.isprintable()}


def _found(rows: Sequence[Any]) -> list[Found]:
    found: list[Found] = []
    for row in rows[: 5 * MOST_RESULTS]:
        try:
            read = msgspec.convert(row, _Row)
        except msgspec.ValidationError:
            continue
        texts = (read.content, read.description, *(read.extra_snippets or ()))
        found.append(Found(read.url, read.title or "", " … ".join(filter(None, texts))))
    return found
