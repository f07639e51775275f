"""How each search engine is asked, and what its answers hold."""

from __future__ import annotations

import json
from urllib.parse import parse_qs, urlsplit

import pytest

from service.tools.web_search.backends import Brave, Query, Searxng, Tavily
from service.tools.web_search.domains import Domains
from service.tools.web_search.found import Found
from specs.secret import Secret
from specs.tools import Location

KEY = Secret("a-search-key")
DOMAINS = Domains(("a.example", "b.example"), ("c.example",))
QUERY = Query("spring in Lisbon", 5, DOMAINS, Location("Lisboa", None, "PT", "Europe/Lisbon"))


def parameters(url: str) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}


def test_searxng_is_asked_for_json() -> None:
    asked = Searxng("http://searx.internal:8888/").ask(QUERY)
    assert asked.url.startswith("http://searx.internal:8888/search?")
    assert parameters(asked.url) == {
        "q": "spring in Lisbon site:a.example OR site:b.example -site:c.example",
        "format": "json",
    }
    assert "authorization" not in asked.headers


def test_brave_is_asked_with_key_and_place() -> None:
    asked = Brave("https://api.search.brave.com", KEY).ask(QUERY)
    assert asked.url.startswith("https://api.search.brave.com/res/v1/web/search?")
    assert parameters(asked.url)["count"] == "5"
    assert asked.headers["x-subscription-token"] == "a-search-key"
    assert asked.headers["x-loc-country"] == "PT"
    assert "x-loc-state-name" not in asked.headers


def test_a_place_that_fits_no_header_is_not_put_into_one() -> None:
    place = Location("Köln", "a\r\nb", "DE")
    headers = Brave("https://x.example", KEY).ask(Query("q", 5, location=place)).headers
    assert {name: text for name, text in headers.items() if name.startswith("x-loc")} == {
        "x-loc-country": "DE"
    }


def test_tavily_has_fields_for_domains() -> None:
    asked = Tavily("https://api.tavily.com", KEY).ask(QUERY)
    assert (asked.method, asked.url) == ("POST", "https://api.tavily.com/search")
    assert asked.headers["authorization"] == "Bearer a-search-key"
    assert json.loads(asked.body or b"") == {
        "query": "spring in Lisbon",
        "max_results": 5,
        "include_domains": ["a.example", "b.example"],
        "exclude_domains": ["c.example"],
    }


def test_domains_that_make_a_question_too_long_are_left_to_the_second_look() -> None:
    many = Domains(tuple(f"domain-{number}.example" for number in range(60)))
    assert parameters(Searxng("http://s").ask(Query("q", 5, many)).url)["q"] == "q"


@pytest.mark.parametrize("backend", [Searxng("http://s"), Tavily("http://t", KEY)])
def test_results_are_read_and_odd_ones_left_out(backend: Searxng | Tavily) -> None:
    rows = [{"url": "https://a.example", "title": "A", "content": "text", "score": 1}, {"title": "no url"}, 7]
    body = json.dumps({"results": [*rows, {"url": "https://b.example", "title": None}]}).encode()
    assert backend.read(body) == [Found("https://a.example", "A", "text"), Found("https://b.example", "")]


def test_brave_may_have_found_nothing_on_the_web() -> None:
    brave = Brave("http://b", KEY)
    rows = [{"url": "https://a.example", "title": "A", "description": "one", "extra_snippets": ["two"]}]
    assert brave.read(json.dumps({"web": {"results": rows}}).encode()) == [
        Found("https://a.example", "A", "one … two")
    ]
    assert brave.read(b'{"type": "search"}') == []


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b'{"results": {}}', b'{"results": null}'])
def test_what_is_no_answer_is_told(body: bytes) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - msgspec's words are its own
        Searxng("http://s").read(body)
