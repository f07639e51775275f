"""The search that is left to a provider: asked for in its words, shown in ours, replayed as it was."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from service.settings import SettingsError, load
from service.tools.web_search.configured import check_search
from tests.support.house import Key, Service, service_in_thread
from tests.support.script import Script
from tests.support.upstream import Upstream

CONFIG = """
[providers.native]
kind = "openai"
base_url = "{upstream}/v1"
api_key = "env:UPSTREAM_KEY"
[providers.native.prices."gpt-5"]
input = 1.0
output = 2.0
[providers.native.prices."gpt-3.5-turbo"]
input = 1.0
output = 2.0
[web_search]
backend = "provider"
price_usd = 0.01
allowed_domains = ["example.org"]
[[agents]]
id = "agent_native"
model = "native/gpt-5"
[[agents]]
id = "agent_without"
model = "native/gpt-3.5-turbo"
[[agents]]
id = "agent_falls_back"
model = ["native/gpt-5", "native/gpt-3.5-turbo"]
web_search = true
"""
CALL: dict[str, Any] = {
    "id": "ws_upstream1",
    "type": "web_search_call",
    "status": "completed",
    "action": {
        "type": "search",
        "query": "Lisbon",
        "sources": [{"type": "url", "url": "https://a.example/"}],
    },
}
LOOK: dict[str, Any] = {
    "id": "ws_upstream2",
    "type": "web_search_call",
    "status": "completed",
    "action": {"type": "open_page", "url": "https://a.example/"},
}
TOOL: dict[str, Any] = {"type": "web_search", "search_context_size": "low"}


def frame(kind: str, index: int, **fields: Any) -> bytes:
    data = {"type": f"response.{kind}", "output_index": index, **fields}
    return f"event: response.{kind}\ndata: {json.dumps(data)}\n\n".encode()


def searching(*calls: dict[str, Any], text: str = "Mild.") -> Script:
    """The provider searches, then the model answers."""
    frames = []
    for index, call in enumerate(calls, start=10):
        begun = {"id": call["id"], "type": call["type"], "status": "in_progress"}
        frames.append(frame("output_item.added", index, item=begun))
        frames.append(frame("web_search_call.searching", index, item_id=call["id"]))
        frames.append(frame("output_item.done", index, item=call))
    return Script(text=(text,), insert=((2, b"".join(frames)),))


@pytest.fixture(scope="module")
def service(shared_upstream: Upstream, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    config = CONFIG.format(upstream=shared_upstream.base_url)
    with service_in_thread(config, tmp_path_factory.mktemp("native")) as service:
        yield service


def ask(http: httpx.Client, agent: str = "agent_native", **fields: Any) -> httpx.Response:
    return http.post("/v1/responses", json={"model": agent, "input": "Weather?", "tools": [TOOL], **fields})


def test_the_provider_is_asked_in_its_words(http: httpx.Client, upstream: Upstream) -> None:
    upstream.enqueue(searching(CALL))
    place = {"type": "approximate", "city": "Porto", "country": "PT"}
    tool = {**TOOL, "user_location": place}
    assert ask(http, tools=[tool], tool_choice={"type": "web_search"}, max_tool_calls=3).status_code == 200
    body = upstream.exchanges[0].body
    assert body["tools"] == [
        {
            "type": "web_search",
            "filters": {"allowed_domains": ["example.org"]},
            "search_context_size": "low",
            "user_location": place,
        }
    ]
    assert body["tool_choice"] == {"type": "web_search"}
    assert body["max_tool_calls"] == 3
    assert "web_search_call.action.sources" in body["include"]


@pytest.mark.parametrize("stream", [False, True])
def test_its_calls_are_our_items_and_its_searches_are_charged(
    stream: bool, http: httpx.Client, key: Key, upstream: Upstream
) -> None:
    upstream.enqueue(searching(CALL, LOOK))
    answer = ask(http, stream=stream, include=["web_search_call.action.sources"])
    if stream:
        frames = [
            line.removeprefix("data: ") for line in answer.text.splitlines() if line.startswith("data: {")
        ]
        whole = json.loads(frames[-1])["response"]
        kinds = [json.loads(each)["type"] for each in frames]
        assert kinds.count("response.web_search_call.completed") == 2
    else:
        whole = answer.json()
    search, look, message = whole["output"]
    assert search["action"]["query"] == "Lisbon"
    assert search["action"]["sources"] == [{"type": "url", "url": "https://a.example/"}]
    assert look["action"] == {"type": "open_page", "url": "https://a.example/"}
    assert message["content"][0]["text"] == "Mild."
    (used,) = key.usage
    assert used.usage.units == {"web_searches": 1}
    assert used.cost >= 10_000_000
    assert key.account.held == 0


def test_what_it_said_is_said_to_it_again(http: httpx.Client, upstream: Upstream) -> None:
    upstream.enqueue(searching(CALL, LOOK), Script(text=("Sure.",)))
    first = ask(http).json()
    ask(http, input="Sure?", previous_response_id=first["id"])
    sent = [item for item in upstream.exchanges[1].body["input"] if item["type"] == "web_search_call"]
    assert sent == [CALL, LOOK]


def test_a_model_without_a_search_is_not_asked_for_one(http: httpx.Client, upstream: Upstream) -> None:
    upstream.enqueue(Script(text=("Hello.",)))
    answer = ask(http, "agent_without")
    assert "tools[0]: " in answer.headers["x-dragoman-warning"]
    assert "tools" not in upstream.exchanges[0].body


def test_one_that_stands_in_answers_without_it(http: httpx.Client, upstream: Upstream) -> None:
    upstream.enqueue(Script(status=503), Script(status=503), Script(text=("Hello.",)))
    answer = ask(http, "agent_falls_back", tools=[])
    assert answer.status_code == 200
    assert "the web search was left out" in answer.headers["x-dragoman-warning"]
    assert "tools" in upstream.exchanges[0].body
    assert "tools" not in upstream.exchanges[-1].body


@pytest.mark.parametrize(
    ("filters", "why"),
    [
        ({"blocked_domains": ["ads.example"]}, "cannot leave domains out"),
        ({"allowed_domains": ["other.example"]}, "exclude each other"),
    ],
)
def test_what_a_provider_cannot_keep_to_is_not_left_to_it(
    filters: Any, why: str, http: httpx.Client, upstream: Upstream
) -> None:
    upstream.enqueue(Script(text=("Hello.",)))
    answer = ask(http, tools=[{**TOOL, "filters": filters}], tool_choice={"type": "web_search"})
    assert why in answer.headers["x-dragoman-warning"]
    assert "tools" not in upstream.exchanges[0].body
    assert "tool_choice" not in upstream.exchanges[0].body


@pytest.mark.parametrize("line", ['url = "https://x.example"', 'blocked_domains = ["a.example"]'])
def test_settings_that_would_have_no_effect_are_refused(line: str, tmp_path: Any) -> None:
    file = tmp_path / "dragoman.toml"
    file.write_text(f'[web_search]\nbackend = "provider"\nprice_usd = 0.01\n{line}\n')
    with pytest.raises(SettingsError, match=line.partition(" ")[0]):
        check_search(load(file, {}))
