"""Agents with actions, over every API: the server calls, the model reads, the caller sees receipts."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import httpx
import openai
import pytest

from tests.support.apis import Api, sse
from tests.support.house import Key, Service, service_in_thread
from tests.support.math_action import DOCUMENT, Calculator, calculator_in_thread
from tests.support.script import Script, ToolCall
from tests.support.upstream import Upstream

CONFIG = """
[egress]
allow = ["127.0.0.1"]
[providers.local]
kind = "openai-compatible"
base_url = "{upstream}/v1"
[providers.local.prices."m"]
input = 1.0
output = 2.0
[tools]
result_bytes = 1000
[actions.math]
document = "calculator.yaml"
server = "{calculator}"
[actions.math.auth]
type = "bearer"
token = "file:token"
[[agents]]
id = "agent_calculator"
model = "local/m"
instructions = "Use the calculator."
actions = ["math"]
[[agents]]
id = "agent_two_calls"
model = "local/m"
actions = ["math"]
[agents.limits]
max_tool_calls = 2
"""
TOKEN = "an-action-token-nobody-else-sees"


@pytest.fixture(scope="module")
def math() -> Iterator[tuple[Calculator, str]]:
    with calculator_in_thread() as running:
        yield running


@pytest.fixture(scope="module")
def service(
    math: tuple[Calculator, str], shared_upstream: Upstream, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Service]:
    folder: Path = tmp_path_factory.mktemp("actions")
    (folder / "calculator.yaml").write_text(DOCUMENT)
    (folder / "token").write_text(TOKEN)
    config = CONFIG.format(upstream=shared_upstream.base_url, calculator=math[1])
    with service_in_thread(config, folder) as service:
        yield service


@pytest.fixture
def asked(math: tuple[Calculator, str]) -> list[tuple[str, dict[str, str], bytes]]:
    math[0].asked.clear()
    return math[0].asked


@pytest.fixture(autouse=True)
def books_add_up(service: Service) -> Iterator[None]:
    yield
    assert service.broken() == []


def evaluate(*expressions: str) -> Script:
    """The model calls the calculator, once for each."""
    arguments = [json.dumps({"expr": expression, "precision": None}) for expression in expressions]
    return Script(calls=tuple(ToolCall("evaluate", (each,)) for each in arguments))


@pytest.mark.parametrize("stream", [False, True])
def test_three_calls_are_made_for_one_request(api: Api, stream: bool, http, key, upstream, asked):
    upstream.enqueue(evaluate("1+1"), evaluate("2+2"), evaluate("3+3"), Script(text=("It is 12.",)))
    response = http.post(api.path, json={**api.body("agent_calculator", "Add up"), "stream": stream})
    assert response.status_code == 200
    text = "".join(map(api.delta, sse(response))) if stream else api.text(response.json())
    assert text.endswith("It is 12.")
    assert [json.loads(body)["expr"] for _, _, body in asked] == ["1+1", "2+2", "3+3"]
    assert sorted(usage.step for usage in key.usage) == [0, 1, 2, 3]
    assert key.account.settled == sum(usage.cost for usage in key.usage) > 0


def test_calls_of_one_turn_are_made_together_and_answered_in_their_order(api: Api, http, upstream, asked):
    upstream.enqueue(evaluate("1+1", "2+2", "no number"), Script(text=("Done.",)))
    assert http.post(api.path, json=api.body("agent_calculator", "Add up")).status_code == 200
    results = [m["content"] for m in upstream.exchanges[1].body["messages"] if m["role"] == "tool"]
    assert [json.loads(results[0])["result"], json.loads(results[1])["result"]] == ["2", "4"]
    assert results[2].startswith("HTTP 400")
    assert len(asked) == 3


def test_what_was_said_before_is_said_again_byte_for_byte(http, upstream, asked):
    upstream.enqueue(evaluate("1+1"), evaluate("2+2"), Script(text=("Done.",)))
    http.post("/v1/responses", json={"model": "agent_calculator", "input": "Add up"})
    bodies = [exchange.body for exchange in upstream.exchanges]
    for before, after in pairwise(bodies):
        assert after["tools"] == before["tools"]
        assert after["messages"][: len(before["messages"])] == before["messages"]


def test_receipts_are_shown_and_taken_back(http, upstream, asked):
    upstream.enqueue(evaluate("1+1"), Script(text=("2",)), Script(text=("Again 2",)))
    first = http.post("/v1/responses", json={"model": "agent_calculator", "input": "Add"}).json()
    receipt = first["output"][0]
    assert (receipt["type"], receipt["server_label"], receipt["name"]) == ("mcp_call", "math", "evaluate")
    assert json.loads(receipt["output"])["result"] == "2"
    again = [{"role": "user", "content": "Add"}, *first["output"], {"role": "user", "content": "Again?"}]
    body = {"model": "agent_calculator", "input": again, "store": False}
    assert http.post("/v1/responses", json=body).status_code == 200
    assert [m["role"] for m in upstream.exchanges[2].body["messages"]] == [
        "system", "user", "assistant", "tool", "assistant", "user",
    ]  # fmt: skip


def test_the_official_sdk_streams_the_work_of_the_server(service: Service, key: Key, upstream, asked):
    upstream.enqueue(evaluate("20+3"), Script(text=("23",)))
    with (
        openai.OpenAI(base_url=f"{service.base_url}/v1", api_key=key.secret, max_retries=0) as client,
        client.responses.stream(model="agent_calculator", input="Add up") as stream,
    ):
        kinds = [event.type for event in stream]
        final = stream.get_final_response()
    assert "response.mcp_call.completed" in kinds
    assert final.output_text == "23"


def test_a_coding_agents_request_shows_the_servers_work_as_blocks(http, upstream, asked):
    upstream.enqueue(evaluate("20+3"), Script(text=("It is 23.",)))
    schema = {"type": "object", "properties": {"path": {"type": "string"}}}
    body = {
        "model": "agent_calculator",
        "max_tokens": 2048,
        "system": [{"type": "text", "text": "You write code.", "cache_control": {"type": "ephemeral"}}],
        "thinking": {"type": "adaptive"},
        "output_config": {"effort": "high"},
        "tools": [{"name": f"Tool{number}", "input_schema": schema} for number in range(25)],
        "messages": [{"role": "user", "content": [{"type": "text", "text": "What is 20+3?"}]}],
    }
    answer = http.post("/v1/messages?beta=true", json=body).json()
    assert [block["type"] for block in answer["content"]] == ["mcp_tool_use", "mcp_tool_result", "text"]
    assert (answer["content"][0]["name"], answer["content"][0]["server_name"]) == ("evaluate", "math")
    assert answer["stop_reason"] == "end_turn"
    assert len(upstream.exchanges[0].body["tools"]) == 26


def test_calls_beyond_the_agents_limit_end_the_run(http, upstream, asked):
    upstream.enqueue(evaluate("1+1"), evaluate("2+2", "3+3"))
    answer = http.post("/v1/responses", json={"model": "agent_two_calls", "input": "Add up"}).json()
    assert (answer["status"], answer["incomplete_details"]["reason"]) == ("incomplete", "max_tool_calls")
    assert len(asked) == 1


def test_hosted_calls_run_before_the_run_pauses_for_the_callers(http, upstream, asked):
    mixed = Script(calls=(ToolCall("mine"), *evaluate("4+4").calls))
    upstream.enqueue(mixed)
    tool = {"type": "function", "name": "mine", "parameters": {"type": "object", "properties": {}}}
    body = {"model": "agent_calculator", "input": "Go", "tools": [tool]}
    output = http.post("/v1/responses", json=body).json()["output"]
    assert sorted(item["type"] for item in output) == ["function_call", "mcp_call"]
    assert len(asked) == 1


def test_a_callers_tool_cannot_take_a_hosted_tools_name(api: Api, http, upstream):
    tool: dict[str, Any] = {"name": "evaluate", "parameters": {"type": "object", "properties": {}}}
    response = http.post(api.path, json=api.body("agent_calculator", "Go", tools=(tool,)))
    assert response.status_code == 400
    assert "the server runs a tool named 'evaluate'" in api.error(response.json())["message"]
    assert upstream.exchanges == []


def test_the_credential_reaches_the_action_and_nobody_else(http, upstream, asked):
    upstream.enqueue(evaluate("1+1"), Script(text=("2",)))
    answer = http.post("/v1/responses", json={"model": "agent_calculator", "input": "Add"})
    assert asked[0][1]["Authorization"] == f"Bearer {TOKEN}"
    assert TOKEN not in answer.text
    assert all(TOKEN not in json.dumps(exchange.body) for exchange in upstream.exchanges)


def test_a_document_can_be_judged_before_it_is_used(service: Service):
    key = service.key(scopes=("agents.write",))
    with httpx.Client(base_url=service.base_url, headers=key.headers) as client:
        told = client.post("/v1/actions/validate", json={"document": DOCUMENT, "server": "http://10.0.0.1/x"})
        refused = client.post("/v1/actions/validate", json={"document": {"openapi": "2.0"}})
        wrong = client.post("/v1/actions/validate", json={"server": "x"})
    answer = told.json()
    assert (answer["valid"], answer["title"], answer["tools"][0]["name"]) == (True, "Calculator", "evaluate")
    assert answer["hosts"] == [{"host": "10.0.0.1", "allowed": False}]
    assert answer["rewritten"][0]["tool"] == "evaluate"
    assert (refused.status_code, refused.json()["valid"]) == (200, False)
    assert "openapi" in refused.json()["problems"][0]
    assert (wrong.status_code, wrong.json()["error"]["param"]) == (400, "document")
