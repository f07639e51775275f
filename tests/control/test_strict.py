"""The spelling of Open Responses is had by its header, errors included."""

from __future__ import annotations

import httpx
import pytest

from tests.support.apis import sse

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
