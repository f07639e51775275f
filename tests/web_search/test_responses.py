"""The search in the Responses API, as its official SDK sees it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import httpx
import openai
import pytest

from tests.support.house import Key, Service, eventually
from tests.support.search_engine import SearchEngine
from tests.support.upstream import Upstream
from tests.web_search.conftest import read_by_model, say, search

ANSWER = "Mild 😀, says [Lisbon](https://travel.example/lisbon)."
LINK = "[Lisbon](https://travel.example/lisbon)"
TOOL: dict[str, Any] = {"type": "web_search"}
SOURCES = "web_search_call.action.sources"


@pytest.fixture
def client(service: Service, key: Key) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=f"{service.base_url}/v1", api_key=key.secret, max_retries=0) as client:
        yield client


def ask(client: openai.OpenAI, *tools: Any, **fields: Any) -> Any:
    body = {"model": "agent_plain", "input": "Weather?", "tools": list(tools), **fields}
    return client.responses.create(**body)


def test_a_search_is_an_item_and_the_answer_cites(
    client: openai.OpenAI, upstream: Upstream, engine: SearchEngine
) -> None:
    upstream.enqueue(search("Lisbon"), say(ANSWER))
    call, message = ask(client, TOOL, include=[SOURCES]).output
    assert (call.type, call.status) == ("web_search_call", "completed")
    assert (call.action.type, call.action.query, call.action.queries) == ("search", "Lisbon", ["Lisbon"])
    assert [source.url for source in call.action.sources] == [
        "https://travel.example/lisbon",
        "https://news.example/porto",
    ]
    (cited,) = message.content[0].annotations
    assert (cited.type, cited.url, cited.title) == (
        "url_citation",
        "https://travel.example/lisbon",
        "Lisbon in spring",
    )
    assert message.content[0].text[cited.start_index : cited.end_index] == LINK


def test_the_stream_has_its_events_and_ends_as_the_whole(
    client: openai.OpenAI, upstream: Upstream, engine: SearchEngine
) -> None:
    upstream.enqueue(search("Lisbon"), say(ANSWER))
    events = list(ask(client, TOOL, stream=True))
    kinds = [event.type for event in events if "web_search" in event.type or "annotation" in event.type]
    assert kinds == [
        "response.web_search_call.in_progress",
        "response.web_search_call.searching",
        "response.web_search_call.completed",
        "response.output_text.annotation.added",
    ]
    whole = events[-1].response
    done = [event.item for event in events if event.type == "response.output_item.done"]
    assert done == whole.output
    added = next(event for event in events if event.type == "response.output_text.annotation.added")
    assert added.annotation.url == whole.output[1].content[0].annotations[0].url
    assert events[-1].type == "response.completed"


def test_sources_are_shown_only_where_they_are_asked_for(
    client: openai.OpenAI, upstream: Upstream, engine: SearchEngine
) -> None:
    upstream.enqueue(search("Lisbon"), say(ANSWER))
    made = ask(client, TOOL)
    assert made.output[0].action.sources is None
    kept: Any = client.responses.retrieve(made.id, include=[SOURCES, "web_search_call.results"])
    assert len(kept.output[0].action.sources) == 2
    assert kept.output[0].results[0] == {
        "url": "https://travel.example/lisbon",
        "title": "Lisbon in spring",
    }
    assert kept.output[1] == made.output[1]
    assert client.responses.retrieve(made.id).output == made.output


def test_what_was_found_is_kept_for_the_next_response(
    client: openai.OpenAI, upstream: Upstream, engine: SearchEngine
) -> None:
    upstream.enqueue(search("Lisbon"), say(ANSWER), say("Sure."))
    first = ask(client, TOOL)
    ask(client, input="Sure?", previous_response_id=first.id)
    before, after = (upstream.exchanges[position].body["messages"] for position in (1, 2))
    assert after[: len(before)] == before


@pytest.mark.parametrize("include", [[], [SOURCES]])
def test_what_is_sent_back_is_taken(
    include: list[Any], client: openai.OpenAI, upstream: Upstream, engine: SearchEngine
) -> None:
    upstream.enqueue(search("Lisbon"), say(ANSWER), say("Sure."))
    first = ask(client, TOOL, include=include, store=False)
    again = [{"role": "user", "content": "Weather?"}, *(item.model_dump() for item in first.output)]
    ask(client, input=[*again, {"role": "user", "content": "Sure?"}])
    (told,) = read_by_model(upstream, 2)
    assert ("https://news.example/porto" in told) is bool(include)


def test_what_a_providers_own_search_did_is_taken_back(client: openai.OpenAI, upstream: Upstream) -> None:
    upstream.enqueue(say("Sure."))
    calls = [
        {
            "type": "web_search_call",
            "id": "ws_1",
            "status": "completed",
            "action": {"type": "open_page", "url": "https://a.example"},
        },
        {
            "type": "web_search_call",
            "id": "ws_2",
            "status": "failed",
            "action": {"type": "search", "query": "x"},
        },
    ]
    ask(client, input=[{"role": "user", "content": "Go"}, *calls, {"role": "user", "content": "On"}])
    sent = json.dumps(upstream.exchanges[0].body["messages"])
    assert "https://a.example" in sent
    assert "The search failed." in sent


@pytest.mark.parametrize("kind", ["web_search", "web_search_2025_08_26", "web_search_preview"])
def test_every_name_of_the_tool_is_known_and_stated_back(
    kind: str, client: openai.OpenAI, upstream: Upstream, engine: SearchEngine
) -> None:
    upstream.enqueue(search("x"), say("Done."))
    place = {"type": "approximate", "city": "Porto", "country": "PT"}
    tool = {"type": kind, "search_context_size": "low", "user_location": place}
    filters = {"filters": {"allowed_domains": ["News.Example"]}}
    made = ask(client, {**tool, **filters}, include=[SOURCES])
    assert [source.url for source in made.output[0].action.sources] == ["https://news.example/porto"]
    echo = made.tools[0].model_dump()
    assert (echo["type"], echo["search_context_size"]) == ("web_search", "low")
    assert echo["filters"]["allowed_domains"] == ["news.example"]
    assert echo["user_location"]["city"] == "Porto"


def test_a_search_can_be_demanded(client: openai.OpenAI, upstream: Upstream, engine: SearchEngine) -> None:
    upstream.enqueue(search("x"), say("Done."))
    made = ask(client, TOOL, tool_choice={"type": "web_search"})
    choices = [exchange.body.get("tool_choice", "auto") for exchange in upstream.exchanges]
    assert choices == [{"type": "function", "function": {"name": "web_search"}}, "auto"]
    assert made.tool_choice == {"type": "web_search"}


def test_a_failed_search_is_an_item_that_failed(
    client: openai.OpenAI, upstream: Upstream, engine: SearchEngine
) -> None:
    engine.status = 500
    upstream.enqueue(search("x"), say("No."))
    events = list(ask(client, TOOL, stream=True))
    assert events[-1].response.output[0].status == "failed"
    assert "response.web_search_call.completed" not in {event.type for event in events}


def test_strict_names_bear_our_prefix(http: httpx.Client, upstream: Upstream, engine: SearchEngine) -> None:
    upstream.enqueue(search("x"), say("Done."))
    body = {"model": "agent_plain", "input": "Go", "tools": [{"type": "dragoman:web_search"}]}
    answer = http.post("/v1/responses", json=body, headers={"openresponses-version": "2026-04-24"}).json()
    assert answer["output"][0]["type"] == "dragoman:web_search_call"
    assert answer["tools"][0]["type"] == "dragoman:web_search"


@pytest.mark.parametrize(
    ("tools", "param"),
    [
        ([{**TOOL, "search_context_size": "huge"}], "tools[0].search_context_size"),
        (
            [{**TOOL, "filters": {"allowed_domains": ["a.example", "a/b"]}}],
            "tools[0].filters.allowed_domains[1]",
        ),
        ([{**TOOL, "filters": {"blocked_domains": [""]}}], "tools[0].filters.blocked_domains[0]"),
        ([{**TOOL, "filters": {"allowed_domains": ["a.example"] * 101}}], "tools[0].filters.allowed_domains"),
        ([{**TOOL, "user_location": {"type": "exact"}}], "tools[0].user_location.type"),
        ([{**TOOL, "user_location": {"country": "P1"}}], "tools[0].user_location.country"),
        ([{**TOOL, "user_location": {"city": "a\nb"}}], "tools[0].user_location.city"),
        ([TOOL, {"type": "web_search_preview"}], "tools[1].type"),
    ],
)
def test_odd_fields_are_refused_by_name(tools: Any, param: str, http: httpx.Client) -> None:
    refused = http.post("/v1/responses", json={"model": "agent_plain", "input": "Go", "tools": tools})
    assert refused.status_code == 400
    assert refused.json()["error"]["param"] == param


def test_a_client_that_leaves_while_the_search_is_made_pays_for_no_search(
    service: Service, key: Key, http: httpx.Client, upstream: Upstream, engine: SearchEngine
) -> None:
    engine.holds = True
    upstream.enqueue(search("x"))
    body = {"model": "agent_plain", "input": "Go", "tools": [TOOL], "stream": True}
    with http.stream("POST", "/v1/responses", json=body) as answer:
        eventually(lambda: bool(engine.asked))
        assert answer.status_code == 200
    eventually(lambda: key.account.held == 0)
    assert {usage.provider for usage in key.usage} == {"local"}


def test_where_none_is_configured_the_tool_is_left_out_and_its_choice_too(
    without_search: Service, upstream: Upstream
) -> None:
    key = without_search.key()
    upstream.enqueue(say("Hello."))
    body = {"model": "agent_plain", "input": "Go", "tools": [TOOL], "tool_choice": {"type": "web_search"}}
    with httpx.Client(base_url=without_search.base_url, headers=key.headers) as http:
        answer = http.post("/v1/responses", json=body)
    assert answer.status_code == 200
    assert answer.headers["x-dragoman-warning"].startswith("tools[0]: no web search is configured")
    assert "tool_choice: no web search is configured" in answer.headers["x-dragoman-warning"]


def test_a_function_of_the_same_name_is_refused(http: httpx.Client) -> None:
    function = {"type": "function", "name": "web_search", "parameters": {}}
    body = {"model": "agent_plain", "input": "Go", "tools": [function, TOOL]}
    refused = http.post("/v1/responses", json=body)
    assert refused.status_code == 400
    assert refused.json()["error"]["param"] == "tools[0].name"
