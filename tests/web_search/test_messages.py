"""The search in the Messages API, as its official SDK sees it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import anthropic
import httpx
import pytest

from tests.support.house import Key, Service
from tests.support.search_engine import SearchEngine
from tests.support.upstream import Upstream
from tests.web_search.conftest import read_by_model, say, search

ANSWER = "Mild, says https://travel.example/lisbon."
TOOL: dict[str, Any] = {"type": "web_search_20250305", "name": "web_search", "max_uses": 1}
ASKED: list[Any] = [{"role": "user", "content": "Weather?"}]


@pytest.fixture
def client(service: Service, key: Key) -> Iterator[anthropic.Anthropic]:
    with anthropic.Anthropic(base_url=service.base_url, api_key=key.secret, max_retries=0) as client:
        yield client


def ask(client: anthropic.Anthropic, *tools: Any, messages: list[Any] = ASKED) -> Any:
    return client.messages.create(model="agent_plain", max_tokens=200, messages=messages, tools=list(tools))


def test_a_search_is_two_blocks_and_the_answer_cites(
    client: anthropic.Anthropic, upstream: Upstream, engine: SearchEngine
) -> None:
    upstream.enqueue(search("Lisbon"), say(ANSWER))
    message = ask(client, TOOL)
    use, result, text = message.content
    assert (use.type, use.name, use.input) == ("server_tool_use", "web_search", {"query": "Lisbon"})
    assert (result.type, result.tool_use_id) == ("web_search_tool_result", use.id)
    assert [(page.type, page.url, page.title) for page in result.content] == [
        ("web_search_result", "https://travel.example/lisbon", "Lisbon in spring"),
        ("web_search_result", "https://news.example/porto", "Porto"),
    ]
    (cited,) = text.citations
    assert (cited.type, cited.url) == ("web_search_result_location", "https://travel.example/lisbon")
    assert message.usage.server_tool_use.web_search_requests == 1
    assert message.stop_reason == "end_turn"


def test_the_stream_accumulates_to_the_same(
    client: anthropic.Anthropic, upstream: Upstream, engine: SearchEngine
) -> None:
    upstream.enqueue(search("Lisbon"), say(ANSWER), search("Lisbon"), say(ANSWER))
    whole = ask(client, TOOL)
    with client.messages.stream(model="agent_plain", max_tokens=200, messages=ASKED, tools=[TOOL]) as stream:  # pyright: ignore[reportArgumentType]
        streamed = stream.get_final_message()
    without = {"id", "tool_use_id"}
    assert [block.model_dump(exclude=without) for block in streamed.content] == [
        block.model_dump(exclude=without) for block in whole.content
    ]
    assert streamed.usage.server_tool_use == whole.usage.server_tool_use


def test_what_comes_back_is_what_the_model_had_read(
    client: anthropic.Anthropic, upstream: Upstream, engine: SearchEngine
) -> None:
    upstream.enqueue(search("Lisbon"), say(ANSWER), say("Sure."))
    first = ask(client, TOOL)
    again = [*ASKED, {"role": "assistant", "content": first.content}, {"role": "user", "content": "Sure?"}]
    ask(client, messages=again)
    assert read_by_model(upstream, 2) == read_by_model(upstream, 1)


def test_a_search_too_many_has_its_own_code(
    client: anthropic.Anthropic, upstream: Upstream, engine: SearchEngine
) -> None:
    upstream.enqueue(search("one"), search("two"), say("Done."))
    results = [block for block in ask(client, TOOL).content if block.type == "web_search_tool_result"]
    assert results[1].content.error_code == "max_uses_exceeded"
    assert len(engine.asked) == 1


def test_a_failed_search_is_an_error_block(
    client: anthropic.Anthropic, upstream: Upstream, engine: SearchEngine
) -> None:
    engine.status = 500
    upstream.enqueue(search("one"), say("No."), say("Still no."))
    first = ask(client, TOOL)
    assert first.content[1].content.error_code == "unavailable"
    again = [*ASKED, {"role": "assistant", "content": first.content}, {"role": "user", "content": "Sure?"}]
    ask(client, messages=again)
    assert read_by_model(upstream, 2) == ["The search failed: unavailable"]


def test_domains_of_the_caller_hold(
    client: anthropic.Anthropic, upstream: Upstream, engine: SearchEngine
) -> None:
    upstream.enqueue(search("x"), say("Done."))
    result = ask(client, {**TOOL, "allowed_domains": ["News.Example"]}).content[1]
    assert [page.url for page in result.content] == ["https://news.example/porto"]


def test_a_search_can_be_demanded(
    client: anthropic.Anthropic, upstream: Upstream, engine: SearchEngine
) -> None:
    upstream.enqueue(search("x"), say("Done."))
    client.messages.create(
        model="agent_plain",
        max_tokens=200,
        messages=ASKED,
        tools=[TOOL],  # pyright: ignore[reportArgumentType]
        tool_choice={"type": "tool", "name": "web_search"},
    )
    choices = [exchange.body.get("tool_choice", "auto") for exchange in upstream.exchanges]
    assert choices == [{"type": "function", "function": {"name": "web_search"}}, "auto"]


@pytest.mark.parametrize(
    ("changes", "param"),
    [
        ({"max_uses": 0}, "tools[0].max_uses"),
        ({"allowed_domains": ["a.example", "https://b.example"]}, "tools[0].allowed_domains[1]"),
        ({"blocked_domains": ["*.example"]}, "tools[0].blocked_domains[0]"),
        ({"user_location": {"type": "exact"}}, "tools[0].user_location.type"),
        ({"name": "search"}, "tools[0].name"),
    ],
)
def test_odd_fields_are_refused_by_name(changes: Any, param: str, http: httpx.Client) -> None:
    body = {"model": "agent_plain", "max_tokens": 9, "messages": ASKED, "tools": [{**TOOL, **changes}]}
    refused = http.post("/v1/messages", json=body)
    assert refused.status_code == 400
    assert refused.json()["error"]["details"]["param"] == param
