"""Agents with MCP servers, over every API: the server here calls, the model reads."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import openai
import pytest

from tests.assistants.common import DEPRECATED
from tests.mcp.shop import Shop
from tests.support.apis import Api, sse
from tests.support.house import Key, Service, service_in_thread
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
[mcp.shop]
url = "{shop}"
authorization = "file:token"
allowed_tools = ["price", "buy"]
description = "What the shop has."
[mcp.market]
url = "{shop}"
read_only = true
shared = true
[mcp.closed]
url = "http://10.0.0.1/mcp"
[[agents]]
id = "agent_plain"
model = "local/m"
[[agents]]
id = "agent_shopper"
model = "local/m"
mcp = ["shop"]
[[agents]]
id = "agent_wary"
model = "local/m"
mcp = ["shop", "closed"]
"""
TOKEN = "a-shop-token-nobody-else-sees"


@pytest.fixture(scope="module")
def service(
    running_shop: tuple[Shop, str], shared_upstream: Upstream, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Service]:
    folder: Path = tmp_path_factory.mktemp("mcp")
    (folder / "token").write_text(TOKEN)
    config = CONFIG.format(upstream=shared_upstream.base_url, shop=running_shop[1])
    with service_in_thread(config, folder) as service:
        yield service


@pytest.fixture
def shop(running_shop: tuple[Shop, str]) -> Shop:
    running_shop[0].calls.clear()
    running_shop[0].headers.clear()
    return running_shop[0]


@pytest.fixture(autouse=True)
def books_add_up(service: Service) -> Iterator[None]:
    yield
    assert service.broken() == []


def price(*items: str) -> Script:
    """The model asks what these cost."""
    return Script(calls=tuple(ToolCall("shop__price", (json.dumps({"item": item}),)) for item in items))


@pytest.mark.parametrize("stream", [False, True])
def test_three_calls_are_made_for_one_request(api: Api, stream: bool, http, key, upstream, shop):
    upstream.enqueue(price("apple"), price("pear"), price("fig"), Script(text=("It is 14.",)))
    response = http.post(api.path, json={**api.body("agent_shopper", "Add up"), "stream": stream})
    assert response.status_code == 200
    text = "".join(map(api.delta, sse(response))) if stream else api.text(response.json())
    assert text.endswith("It is 14.")
    assert shop.calls == [("price", "apple"), ("price", "pear"), ("price", "fig")]
    assert sorted(usage.step for usage in key.usage) == [0, 1, 2, 3]
    offered = upstream.exchanges[0].body["tools"]
    assert [tool["function"]["name"] for tool in offered] == ["shop__price", "shop__buy"]
    assert offered[0]["function"]["description"] == "[What the shop has.] What an item costs."


@DEPRECATED
def test_three_calls_are_made_for_one_run_on_a_thread(service: Service, key: Key, upstream, shop):
    upstream.enqueue(price("apple"), price("pear"), price("fig"), Script(text=("It is 14.",)))
    with openai.OpenAI(base_url=f"{service.base_url}/v1", api_key=key.secret, max_retries=0) as client:
        run = client.beta.threads.create_and_run_poll(
            assistant_id="agent_shopper",
            thread={"messages": [{"role": "user", "content": "Add up"}]},
            poll_interval_ms=50,
        )
        messages = client.beta.threads.messages.list(run.thread_id).data
    assert (run.status, run.last_error) == ("completed", None)
    assert "It is 14." in messages[0].to_json()
    assert shop.calls == [("price", "apple"), ("price", "pear"), ("price", "fig")]


def test_calls_of_one_turn_are_made_together_and_failures_are_read(api: Api, http, upstream, shop):
    upstream.enqueue(price("apple", "moon"), Script(text=("Done.",)))
    assert http.post(api.path, json=api.body("agent_shopper", "Add up")).status_code == 200
    results = [m["content"] for m in upstream.exchanges[1].body["messages"] if m["role"] == "tool"]
    assert results[0] == "3"
    assert "rror" in results[1]


def test_the_official_sdk_streams_the_list_and_the_calls(service: Service, key: Key, upstream, shop):
    upstream.enqueue(price("fig"), Script(text=("7",)))
    with (
        openai.OpenAI(base_url=f"{service.base_url}/v1", api_key=key.secret, max_retries=0) as client,
        client.responses.stream(model="agent_shopper", input="Fig?") as stream,
    ):
        kinds = [event.type for event in stream]
        final = stream.get_final_response()
    assert "response.mcp_list_tools.completed" in kinds
    assert "response.mcp_call.completed" in kinds
    listing, call, _ = final.output
    assert listing.type == "mcp_list_tools"
    assert call.type == "mcp_call"
    assert [tool.name for tool in listing.tools] == ["price", "buy"]
    assert (call.server_label, call.name, call.output) == ("shop", "price", "7")


def test_the_credential_reaches_the_server_and_nobody_else(service: Service, http, upstream, shop):
    upstream.enqueue(price("apple"), Script(text=("3",)))
    answer = http.post("/v1/responses", json={"model": "agent_shopper", "input": "Apple?"})
    assert {headers["authorization"] for headers in shop.headers} == {f"Bearer {TOKEN}"}
    assert TOKEN not in answer.text
    assert all(TOKEN not in json.dumps(exchange.body) for exchange in upstream.exchanges)


def test_a_server_that_cannot_be_asked_fails_its_item_not_the_run(http, upstream, shop):
    upstream.enqueue(Script(text=("Hello.",)))
    answer = http.post("/v1/responses", json={"model": "agent_wary", "input": "Hi"}).json()
    listings = {item["server_label"]: item for item in answer["output"] if item["type"] == "mcp_list_tools"}
    assert listings["closed"]["error"] == "The server's address is not one that may be called."
    assert listings["shop"]["error"] is None
    assert answer["status"] == "completed"


def test_beside_another_server_calls_ask_where_nobody_said_otherwise(http, upstream, shop):
    upstream.enqueue(price("apple"), Script(text=("3",)))
    answer = http.post("/v1/responses", json={"model": "agent_wary", "input": "Apple?"}).json()
    assert answer["output"][-1]["type"] == "mcp_approval_request"
    assert shop.calls == []


@pytest.mark.parametrize(
    ("tools", "field", "told"),
    [
        ([{"server_label": "a", "connector_id": "nope"}], "tools[0].connector_id", "there are 'market'"),
        ([{"server_label": "a", "connector_id": "closed"}], "tools[0].connector_id", "no connector 'closed'"),
        ([{"server_label": "shop", "connector_id": "market"}], "tools[0].server_label", "labelled 'shop'"),
    ],
)
def test_servers_that_a_caller_cannot_have_are_refused(http, upstream, tools, field, told):
    asked = [{"type": "mcp", **tool} for tool in tools]
    answer = http.post("/v1/responses", json={"model": "agent_shopper", "input": "Hi", "tools": asked})
    assert answer.status_code == 400
    error = answer.json()["error"]
    assert error["param"] == field
    assert told in error["message"]
    assert upstream.exchanges == []


def test_a_shared_server_is_narrowed_but_not_widened_by_its_caller(http, upstream, shop):
    upstream.enqueue(Script(text=("Hi.",)))
    tool = {
        "type": "mcp",
        "server_label": "mine",
        "connector_id": "market",
        "allowed_tools": ["buy", "price"],
    }
    http.post("/v1/responses", json={"model": "agent_plain", "input": "Hi", "tools": [tool]})
    offered = [tool["function"]["name"] for tool in upstream.exchanges[0].body["tools"]]
    assert offered == ["mine__price"]
