"""The spelling of Open Responses is had by its header, errors included."""

from __future__ import annotations

import httpx
import pytest

from tests.support.apis import sse
from tests.support.house import Key, Service
from tests.support.sockets import talk

STRICT = {"OpenResponses-Version": "2026-04-24"}
PATCH = {"type": "custom", "name": "patch"}
CALL = {"model": "agent_standin", "input": '/call patch {"input":"*** Begin"}', "tools": [PATCH]}


def test_the_header_chooses_the_names(http: httpx.Client):
    plain = http.post("/v1/responses", json=CALL).json()
    strict = http.post("/v1/responses", json=CALL, headers=STRICT).json()
    assert [item["type"] for item in plain["output"]] == ["custom_tool_call"]
    assert [item["type"] for item in strict["output"]] == ["dragoman:custom_tool_call"]
    assert strict["tools"][0]["type"] == "dragoman:custom"


def test_the_event_field_has_the_strict_name_too(http: httpx.Client):
    with http.stream("POST", "/v1/responses", json={**CALL, "stream": True}, headers=STRICT) as answer:
        frames = answer.read().decode()
    assert "event: dragoman:response.custom_tool_call_input.done\n" in frames
    assert "event: response.custom_tool_call_input" not in frames


@pytest.mark.parametrize(
    ("body", "status", "kind"),
    [
        ({"input": "x"}, 400, "invalid_request"),
        ({"model": "agent_none", "input": "x"}, 404, "not_found"),
        ({"model": "agent_standin", "input": "/fail 429"}, 429, "too_many_requests"),
        ({"model": "agent_standin", "input": "/fail 500"}, 503, "model_error"),
    ],
)
def test_errors_have_the_types_of_the_specification(http: httpx.Client, body, status, kind):
    answer = http.post("/v1/responses", json=body, headers=STRICT)
    assert (answer.status_code, answer.json()["error"]["type"]) == (status, kind)


def test_without_the_header_they_have_those_of_openai(http: httpx.Client):
    assert http.post("/v1/responses", json={}).json()["error"]["type"] == "invalid_request_error"


def test_a_missing_key_is_spelled_strictly_too(http: httpx.Client):
    headers = {**STRICT, "authorization": "Bearer none"}
    answer = http.post("/v1/responses", json={}, headers=headers)
    assert (answer.status_code, answer.json()["error"]["type"]) == (401, "invalid_request")


def test_chat_has_one_spelling(http: httpx.Client):
    answer = http.post("/v1/chat/completions", json={}, headers=STRICT)
    assert answer.json()["error"]["type"] == "invalid_request_error"


def test_a_failure_in_a_stream_is_the_failed_response(http: httpx.Client):
    body = {"model": "agent_standin", "input": "one two three four /fail cut", "stream": True}
    with http.stream("POST", "/v1/responses", json=body, headers=STRICT) as answer:
        kinds = [event["type"] for event in sse(answer)]
    assert kinds[-1] == "response.failed"
    assert "error" not in kinds


@pytest.mark.parametrize("agent", ["agent_strict", "strict-alias"])
def test_an_agent_can_be_set_to_it(http: httpx.Client, agent: str):
    answer = http.post("/v1/responses", json={**CALL, "model": agent}).json()
    assert [item["type"] for item in answer["output"]] == ["dragoman:custom_tool_call"]
    again = http.get(f"/v1/responses/{answer['id']}").json()
    assert again["output"] == answer["output"]
    with http.stream("POST", "/v1/responses", json={**CALL, "model": agent, "stream": True}) as streamed:
        assert "event: dragoman:response.custom_tool_call_input.done\n" in streamed.read().decode()


def test_an_agents_setting_goes_on_where_a_chain_implies_the_agent(http: httpx.Client):
    first = http.post("/v1/responses", json={"model": "agent_strict", "input": "Hello"}).json()
    body = {key: value for key, value in CALL.items() if key != "model"}
    answer = http.post("/v1/responses", json={**body, "previous_response_id": first["id"]}).json()
    assert [item["type"] for item in answer["output"]] == ["dragoman:custom_tool_call"]


def test_an_agents_setting_holds_in_the_background_and_on_a_websocket(service: Service, http, key: Key):
    queued = http.post("/v1/responses", json={**CALL, "model": "agent_strict", "background": True}).json()
    with http.stream("GET", f"/v1/responses/{queued['id']}", params={"stream": "true"}) as streamed:
        assert "event: dragoman:response.custom_tool_call_input.done\n" in streamed.read().decode()
    with talk(service, key) as socket:
        ended = socket.ask("", **{**CALL, "model": "agent_strict"})
    assert [item["type"] for item in ended["response"]["output"]] == ["dragoman:custom_tool_call"]


@pytest.fixture(scope="module")
def strict_key(service: Service) -> Key:
    return service.key(id="key_strict")


def test_a_key_can_be_set_to_it_errors_included(service: Service, strict_key: Key):
    with httpx.Client(base_url=service.base_url, headers=strict_key.headers) as http:
        answer = http.post("/v1/responses", json=CALL).json()
        refused = http.post("/v1/responses", json={"model": "agent_none", "input": "x"})
    assert [item["type"] for item in answer["output"]] == ["dragoman:custom_tool_call"]
    assert (refused.status_code, refused.json()["error"]["type"]) == (404, "not_found")


def test_a_websocket_of_such_a_key_has_it_errors_included(service: Service, strict_key: Key):
    with talk(service, strict_key) as socket:
        assert socket.ask("x", model="agent_none")["error"]["type"] == "not_found"
