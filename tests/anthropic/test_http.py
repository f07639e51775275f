"""What is around the Messages API: keys, envelopes and headers on every route below it."""

from __future__ import annotations

import httpx
import pytest

from tests.support.house import Key, Service
from tests.support.script import Script
from tests.support.upstream import Upstream

BODY = {"model": "agent_support", "max_tokens": 900, "messages": [{"role": "user", "content": "Hi"}]}
JSON = {"content-type": "application/json"}


def error_of(response: httpx.Response) -> dict:
    body = response.json()
    assert set(body) == {"type", "error", "request_id"}
    assert body["type"] == "error"
    assert body["request_id"] == response.headers["request-id"] == response.headers["x-request-id"]
    return body["error"]


@pytest.mark.parametrize(
    ("method", "path", "content", "status", "kind"),
    [
        ("POST", "/v1/messages", b'{"model":', 400, "invalid_request_error"),
        ("POST", "/v1/messages", b"[]", 400, "invalid_request_error"),
        ("POST", "/v1/messages/count_tokens", b"{}", 400, "invalid_request_error"),
        ("POST", "/v1/messages/batches", b"{}", 404, "not_found_error"),
        ("GET", "/v1/messages/x/y", b"", 404, "not_found_error"),
        ("GET", "/v1/messages", b"", 405, "invalid_request_error"),
        ("DELETE", "/v1/messages/count_tokens", b"", 405, "invalid_request_error"),
        ("POST", "/api/agents/v1/messages", b"", 400, "invalid_request_error"),
    ],
)
def test_every_failure_is_in_the_envelope(method, path, content, status, kind, http: httpx.Client):
    response = http.request(method, path, content=content, headers=JSON)
    assert response.status_code == status
    assert error_of(response)["type"] == kind


@pytest.mark.parametrize("path", ["/v1/messages_of_old", "/v1/message"])
def test_other_paths_have_the_usual_envelope(path, http: httpx.Client):
    response = http.get(path)
    assert set(response.json()) == {"error"}
    assert "request-id" not in response.headers


def test_a_body_of_another_type_is_415_in_the_envelope(http: httpx.Client):
    response = http.post("/v1/messages", content=b"{}", headers={"content-type": "text/plain"})
    assert (response.status_code, error_of(response)["type"]) == (415, "invalid_request_error")


@pytest.mark.parametrize("header", ["x-api-key", "authorization"])
@pytest.mark.parametrize("path", ["/v1/messages", "/v1/messages?beta=true", "/api/agents/v1/messages"])
def test_the_key_comes_either_way(header, path, service: Service, key: Key, upstream: Upstream):
    value = key.secret if header == "x-api-key" else f"Bearer {key.secret}"
    response = httpx.post(service.base_url + path, json=BODY, headers={header: value})
    assert response.status_code == 200
    assert response.headers["request-id"].startswith("req_")


def test_a_bearer_token_counts_before_another_key(service: Service, key: Key, upstream: Upstream):
    headers = {"authorization": f"Bearer {key.secret}", "x-api-key": "sk-of-somebody-else"}
    assert httpx.post(service.base_url + "/v1/messages", json=BODY, headers=headers).status_code == 200


def test_no_key_is_401_in_the_envelope(service: Service):
    response = httpx.post(service.base_url + "/v1/messages", json=BODY)
    assert (response.status_code, error_of(response)["type"]) == (401, "authentication_error")


def test_what_is_left_out_is_told_in_a_header(http: httpx.Client, upstream: Upstream):
    response = http.post("/v1/messages", json={**BODY, "top_k": 5})
    assert "top_k" in response.headers["x-dragoman-warning"]
    assert response.headers["x-dragoman-model"] == "local/scripted-1"


def test_a_failed_stream_names_the_request_too(http: httpx.Client, upstream: Upstream):
    upstream.enqueue(Script(text=("one ", "two ", "three"), cut_after_events=3))
    response = http.post("/v1/messages", json={**BODY, "stream": True})
    assert response.text.rstrip().endswith(f'"request_id":"{response.headers["request-id"]}"}}')


def test_a_stopping_server_answers_in_the_envelope(service: Service, key: Key):
    service.house.draining = True
    try:
        response = httpx.post(service.base_url + "/v1/messages", json=BODY, headers=key.headers)
    finally:
        service.house.draining = False
    assert (response.status_code, error_of(response)["details"]["error_code"]) == (503, "shutting_down")


VERSION = {"anthropic-version": "2023-06-01"}


def test_models_are_in_the_shape_of_whoever_asks(http: httpx.Client):
    assert http.get("/v1/models").json()["object"] == "list"
    listed = http.get("/v1/models", headers=VERSION).json()
    assert set(listed) == {"data", "has_more", "first_id", "last_id"}
    model = http.get("/v1/models/agent_support", headers=VERSION).json()
    assert (model["type"], model["id"], model["display_name"]) == ("model", "agent_support", "Support")
    assert model["created_at"].endswith("Z")


def test_an_unknown_model_is_told_in_the_envelope_of_whoever_asks(http: httpx.Client):
    assert error_of(http.get("/v1/models/agent_x", headers=VERSION))["type"] == "not_found_error"
    assert set(http.get("/v1/models/agent_x").json()) == {"error"}


@pytest.mark.parametrize(
    ("query", "param"),
    [("limit=0", "limit"), ("limit=1001", "limit"), ("limit=x", "limit"), ("after_id=none", "after_id")],
)
def test_a_wrong_page_is_400(query, param, http: httpx.Client):
    response = http.get(f"/v1/models?{query}", headers=VERSION)
    assert (response.status_code, error_of(response)["details"]["param"]) == (400, param)


def test_tokens_are_counted_without_a_cap_or_a_charge(http: httpx.Client, key: Key):
    body = {"model": "agent_standin", "system": "Be brief.", "messages": BODY["messages"]}
    counted = http.post("/v1/messages/count_tokens", json=body).json()
    assert set(counted) == {"input_tokens"}
    assert counted["input_tokens"] > 0
    assert key.account.settled == 0
