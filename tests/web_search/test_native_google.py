"""The search that is left to a provider which tells of it only at the end of its answer."""

from __future__ import annotations

import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import httpx
import pytest

from tests.support.google_answers import chunk, counts, sse
from tests.support.house import Key, Service, service_in_thread

CONFIG = """
[providers.gemini]
kind = "google"
base_url = "http://127.0.0.1:{port}/v1beta"
api_key = "env:UPSTREAM_KEY"
[providers.gemini.prices."gemini-3-flash"]
input = 1.0
output = 2.0
[web_search]
backend = "provider"
price_usd = 0.01
[[agents]]
id = "agent_google"
model = "gemini/gemini-3-flash"
"""
TOOL = {"type": "web_search"}
FUNCTION = {"type": "function", "name": "weather", "parameters": {"type": "object", "properties": {}}}
FOUND = {
    "webSearchQueries": ["Lisbon weather", "Lisbon rain"],
    "groundingChunks": [{"web": {"uri": "https://a.example/", "title": "A"}}],
    "groundingSupports": [{"segment": {"startIndex": 0, "endIndex": 4}, "groundingChunkIndices": [0]}],
}


class Searcher(ThreadingHTTPServer):
    """Answers every request alike, and keeps what it was asked."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Answer)
        self.bodies: list[dict[str, Any]] = []


class _Answer(BaseHTTPRequestHandler):
    server: Searcher

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        self.server.bodies.append(body)
        last = chunk({"text": "d."}, finish="STOP", usageMetadata=counts(3, 2))
        if {"googleSearch": {}} in body.get("tools", ()):
            last["candidates"][0]["groundingMetadata"] = FOUND
        answer = sse([chunk({"text": "Mil"}), last])
        self.send_response(200)
        self.send_header("content-type", "text/event-stream")
        self.send_header("content-length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, format: str, *args: Any) -> None:
        """Says nothing."""


@pytest.fixture(scope="module")
def google() -> Iterator[Searcher]:
    with Searcher() as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture(scope="module")
def service(google: Searcher, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    config = CONFIG.format(port=google.server_port)
    with service_in_thread(config, tmp_path_factory.mktemp("google")) as service:
        yield service


@pytest.fixture(autouse=True)
def bodies(google: Searcher) -> list[dict[str, Any]]:
    google.bodies.clear()
    return google.bodies


def ask(http: httpx.Client, **fields: Any) -> httpx.Response:
    given = {"model": "agent_google", "input": "Weather?", "tools": [TOOL], **fields}
    answer = http.post("/v1/responses", json=given)
    assert answer.status_code == 200, answer.text
    return answer


@pytest.mark.parametrize("stream", [False, True])
def test_its_searches_are_shown_cited_and_charged(
    stream: bool, http: httpx.Client, key: Key, bodies: list[dict[str, Any]]
) -> None:
    answer = ask(http, stream=stream, include=["web_search_call.action.sources"])
    lines = answer.text.splitlines()
    frames = [json.loads(line[6:]) for line in lines if line.startswith("data: {")]
    whole = frames[-1]["response"] if stream else answer.json()
    message, search = whole["output"]
    assert message["content"][0]["text"] == "Mild."
    assert message["content"][0]["annotations"][0]["url"] == "https://a.example/"
    assert search["action"]["query"] == "Lisbon weather | Lisbon rain"
    assert search["action"]["sources"] == [{"type": "url", "url": "https://a.example/"}]
    assert len(bodies) == 1
    (used,) = key.usage
    assert used.usage.units == {"web_searches": 2}
    assert used.cost >= 20_000_000
    assert key.account.held == 0


def test_the_conversation_goes_on_without_its_search(
    http: httpx.Client, bodies: list[dict[str, Any]]
) -> None:
    first = ask(http).json()
    ask(http, input="Sure?", previous_response_id=first["id"])
    assert [content["parts"] for content in bodies[1]["contents"]] == [
        [{"text": "Weather?"}],
        [{"text": "Mild."}],
        [{"text": "Sure?"}],
    ]


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({"tools": [TOOL, FUNCTION]}, "beside functions"),
        ({"tools": [{**TOOL, "filters": {"allowed_domains": ["a.example"]}}]}, "held to domains"),
    ],
)
def test_where_it_cannot_search_as_asked_it_answers_without(
    fields: Any, why: str, http: httpx.Client, key: Key, bodies: list[dict[str, Any]]
) -> None:
    answer = ask(http, **fields)
    assert why in answer.headers["x-dragoman-warning"]
    assert {"googleSearch": {}} not in bodies[0].get("tools", ())
    assert [item["type"] for item in answer.json()["output"]] == ["message"]
    assert key.usage[-1].usage.units == {}


def test_messages_show_it_too(http: httpx.Client) -> None:
    tool = {"type": "web_search_20250305", "name": "web_search"}
    given = {"model": "agent_google", "max_tokens": 500, "tools": [tool]}
    answer = http.post("/v1/messages", json={**given, "messages": [{"role": "user", "content": "Weather?"}]})
    kinds = [block["type"] for block in answer.json()["content"]]
    assert kinds == ["text", "server_tool_use", "web_search_tool_result"]
    assert answer.json()["usage"]["server_tool_use"]["web_search_requests"] == 2
    assert answer.json()["stop_reason"] == "end_turn"


def test_chat_answers_with_the_citation(http: httpx.Client) -> None:
    asked = [{"role": "user", "content": "Weather?"}]
    given = {"model": "agent_google", "messages": asked, "web_search_options": {}}
    message = http.post("/v1/chat/completions", json=given).json()["choices"][0]["message"]
    assert message["content"] == "Mild."
    assert message["annotations"][0]["url_citation"]["url"] == "https://a.example/"
