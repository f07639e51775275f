"""The search that is left to a provider of the Messages API, as callers of either API see it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import anthropic
import httpx
import pytest

from tests.support.house import Key, Service, service_in_thread
from tests.support.script import Script
from tests.support.upstream import Upstream

CONFIG = """
[providers.letters]
kind = "anthropic"
base_url = "{upstream}"
api_key = "env:UPSTREAM_KEY"
[providers.letters.prices."claude-sonnet-4-5"]
input = 1.0
output = 2.0
[providers.letters.prices."claude-3-haiku"]
input = 1.0
output = 2.0
[web_search]
backend = "provider"
price_usd = 0.01
allowed_domains = ["example.org"]
[[agents]]
id = "agent_native"
model = "letters/claude-sonnet-4-5"
[[agents]]
id = "agent_without"
model = "letters/claude-3-haiku"
"""
USE: dict[str, Any] = {
    "type": "server_tool_use",
    "id": "srvtoolu_1",
    "name": "web_search",
    "input": {"query": "Lisbon"},
}
PAGE = {
    "type": "web_search_result",
    "url": "https://a.example/",
    "title": "A",
    "encrypted_content": "c2VhbA==",
    "page_age": None,
}
RESULT: dict[str, Any] = {"type": "web_search_tool_result", "tool_use_id": "srvtoolu_1", "content": [PAGE]}
TOOL: dict[str, Any] = {"type": "web_search", "search_context_size": "low"}


def frame(kind: str, **fields: Any) -> bytes:
    return f"event: {kind}\ndata: {json.dumps({'type': kind, **fields})}\n\n".encode()


def searching(text: str = "Mild.") -> Script:
    """The provider searches once, then the model answers."""
    delta = {"type": "input_json_delta", "partial_json": json.dumps(USE["input"])}
    counted = {"server_tool_use": {"web_search_requests": 1}}
    frames = (
        frame("content_block_start", index=10, content_block={**USE, "input": {}}),
        frame("content_block_delta", index=10, delta=delta),
        frame("content_block_stop", index=10),
        frame("content_block_start", index=11, content_block=RESULT),
        frame("content_block_stop", index=11),
        frame("message_delta", delta={}, usage=counted),
    )
    return Script(text=(text,), insert=((2, b"".join(frames)),))


@pytest.fixture(scope="module")
def service(shared_upstream: Upstream, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    config = CONFIG.format(upstream=shared_upstream.base_url)
    with service_in_thread(config, tmp_path_factory.mktemp("native")) as service:
        yield service


def ask(http: httpx.Client, agent: str = "agent_native", **fields: Any) -> httpx.Response:
    return http.post("/v1/responses", json={"model": agent, "input": "Weather?", "tools": [TOOL], **fields})


def test_the_provider_is_asked_in_its_words(http: httpx.Client, upstream: Upstream) -> None:
    upstream.enqueue(searching())
    answer = ask(http, tool_choice={"type": "web_search"}, max_tool_calls=3)
    assert "search_context_size is left out" in answer.headers["x-dragoman-warning"]
    body = upstream.exchanges[0].body
    (tool,) = body["tools"]
    assert (tool["type"], tool["name"], tool["max_uses"]) == ("web_search_20250305", "web_search", 3)
    assert tool["allowed_domains"] == ["example.org"]
    assert body["tool_choice"] == {"type": "tool", "name": "web_search"}


@pytest.mark.parametrize("stream", [False, True])
def test_its_calls_are_our_items_and_its_searches_are_charged(
    stream: bool, http: httpx.Client, key: Key, upstream: Upstream
) -> None:
    upstream.enqueue(searching())
    answer = ask(http, stream=stream, include=["web_search_call.action.sources"])
    if stream:
        frames = [
            json.loads(line.removeprefix("data: "))
            for line in answer.text.splitlines()
            if line.startswith("data: {")
        ]
        whole = frames[-1]["response"]
        assert [each["type"] for each in frames].count("response.web_search_call.completed") == 1
    else:
        whole = answer.json()
    search, message = whole["output"]
    assert search["type"] == "web_search_call"
    assert search["action"]["query"] == "Lisbon"
    assert search["action"]["sources"] == [{"type": "url", "url": "https://a.example/"}]
    assert message["content"][0]["text"] == "Mild."
    (used,) = key.usage
    assert used.usage.units == {"web_searches": 1}
    assert used.cost >= 10_000_000
    assert key.account.held == 0
    assert len(upstream.exchanges) == 1


def test_what_it_said_is_said_to_it_again(http: httpx.Client, upstream: Upstream) -> None:
    upstream.enqueue(searching(), Script(text=("Sure.",)))
    first = ask(http).json()
    ask(http, input="Sure?", previous_response_id=first["id"])
    said = upstream.exchanges[1].body["messages"][1]
    assert said["content"] == [USE, RESULT, {"type": "text", "text": "Mild."}]


def test_a_model_without_a_search_is_not_asked_for_one(http: httpx.Client, upstream: Upstream) -> None:
    upstream.enqueue(Script(text=("Hello.",)))
    answer = ask(http, "agent_without")
    assert "tools[0]: " in answer.headers["x-dragoman-warning"]
    assert "tools" not in upstream.exchanges[0].body


@pytest.mark.parametrize("stream", [False, True])
def test_the_official_sdk_sees_its_blocks(
    stream: bool, service: Service, key: Key, upstream: Upstream
) -> None:
    upstream.enqueue(searching(), Script(text=("Sure.",)))
    asked: dict[str, Any] = {
        "model": "agent_native",
        "max_tokens": 200,
        "tools": [{"type": "web_search_20250305", "name": "web_search"}],
    }
    question = {"role": "user", "content": "Weather?"}
    with anthropic.Anthropic(base_url=service.base_url, api_key=key.secret, max_retries=0) as client:
        if stream:
            with client.messages.stream(**asked, messages=[question]) as answer:
                message = answer.get_final_message()
        else:
            message = client.messages.create(**asked, messages=[question])
        use, result, text = message.content
        assert (use.type, use.name, use.input) == ("server_tool_use", "web_search", {"query": "Lisbon"})
        assert (result.type, result.tool_use_id) == ("web_search_tool_result", use.id)
        assert [page.url for page in result.content] == ["https://a.example/"]
        assert text.text == "Mild."
        assert message.usage.server_tool_use.web_search_requests == 1
        assert message.stop_reason == "end_turn"
        answered = {"role": "assistant", "content": message.content}
        again = [question, answered, {"role": "user", "content": "Sure?"}]
        client.messages.create(**asked, messages=again)
    told = json.dumps(upstream.exchanges[1].body["messages"])
    assert "Lisbon" in told
    assert "https://a.example/" in told
