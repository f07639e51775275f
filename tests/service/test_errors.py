"""What goes wrong, in every API alike: before the stream an HTTP error, after it the API's own end."""

from __future__ import annotations

import httpx
import pytest

from tests.support.apis import Api, sse
from tests.support.house import Service
from tests.support.script import ErrorBody, Script
from tests.support.upstream import Upstream


def error_of(api: Api, response: httpx.Response) -> dict:
    error = api.error(response.json())
    assert all(isinstance(value, str) for value in error.values())
    assert response.headers["x-request-id"]
    return error


UPSTREAM_FAILURES = [
    (400, 400, "upstream_rejected", 1),
    (401, 502, "upstream_credential_refused", 1),
    (403, 502, "upstream_credential_refused", 1),
    (404, 404, "model_not_found", 1),
    (429, 429, "rate_limit_exceeded", 2),
    (500, 503, "upstream_unavailable", 2),
    (503, 503, "upstream_unavailable", 2),
    (529, 503, "upstream_unavailable", 2),
]


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(("upstream_status", "status", "code", "tries"), UPSTREAM_FAILURES)
def test_an_upstream_refusal_is_an_http_error_and_free(
    api: Api, stream, upstream_status, status, code, tries, http, key, upstream: Upstream
):
    upstream.answer_with(lambda exchange: Script(status=upstream_status, error=ErrorBody()))
    response = http.post(api.path, json={**api.body("agent_support", "Hi"), "stream": stream})
    assert response.status_code == api.status(status, code)
    assert error_of(api, response)["code"] == code
    assert len(upstream.exchanges) == tries
    assert (key.account.settled, key.account.held) == (0, 0)


def test_a_second_attempt_saves_the_answer_and_only_it_is_charged(api: Api, http, key, upstream: Upstream):
    upstream.enqueue(Script(status=503, error=ErrorBody()))
    response = http.post(api.path, json=api.body("agent_support", "Hi"))
    assert response.status_code == 200
    assert [usage.attempt for usage in key.usage] == [2]


def test_a_reset_connection_is_tried_again(api: Api, http, upstream: Upstream):
    upstream.enqueue(Script(reset=True))
    assert http.post(api.path, json=api.body("agent_support", "Hi")).status_code == 200


def test_a_long_retry_after_is_passed_on_instead_of_slept(api: Api, http, upstream: Upstream):
    upstream.answer_with(lambda e: Script(status=429, error=ErrorBody(), headers={"retry-after": "30"}))
    response = http.post(api.path, json=api.body("agent_support", "Hi"))
    assert response.headers["retry-after"] == "30"
    assert len(upstream.exchanges) == 1


def test_an_unreachable_upstream_is_503(api: Api, http):
    response = http.post(api.path, json=api.body("agent_nowhere", "Hi"))
    assert (response.status_code, error_of(api, response)["code"]) == (503, "upstream_unreachable")


def test_a_silent_upstream_is_504(api: Api, http, upstream: Upstream):
    upstream.answer_with(lambda exchange: Script(header_delay=float("inf")))
    response = http.post(api.path, json=api.body("hasty/scripted-1", "Hi"))
    assert (response.status_code, error_of(api, response)["code"]) == (504, "upstream_timeout")


@pytest.mark.parametrize("agent", ["agent_support", "agent_answers", "agent_letters"])
def test_a_stream_that_dies_says_so_and_costs_the_caller_nothing(
    api: Api, agent, http, key, upstream: Upstream
):
    upstream.enqueue(Script(text=("one ", "two ", "three"), cut_after_events=3))
    with http.stream("POST", api.path, json={**api.body(agent, "Hi"), "stream": True}) as response:
        events = list(sse(response))
    assert response.status_code == 200
    assert api.ended(events) == "failed"
    assert key.account.settled == 0


def test_a_whole_answer_whose_upstream_dies_is_502(api: Api, http, upstream: Upstream):
    upstream.enqueue(Script(text=("one ", "two ", "three"), cut_after_events=3))
    response = http.post(api.path, json=api.body("agent_support", "Hi"))
    assert (response.status_code, error_of(api, response)["code"]) == (502, "upstream_cut")


def test_an_agent_that_is_not_there_is_404_with_the_way_to_the_list(api: Api, http):
    response = http.post(api.path, json=api.body("agent_x", "Hi"))
    assert response.status_code == 404
    assert error_of(api, response) == {
        "message": 'No agent "agent_x" for this key. GET /v1/models lists yours.',
        "type": "not_found_error",
        "code": "model_not_found",
        "param": "model",
    }


def test_another_projects_agent_is_the_same_404(api: Api, http):
    foreign = http.post(api.path, json=api.body("agent_elsewhere", "Hi"))
    unknown = http.post(api.path, json=api.body("agent_unheard_of", "Hi"))
    assert foreign.status_code == unknown.status_code == 404
    assert error_of(api, foreign)["code"] == error_of(api, unknown)["code"]


def test_a_key_for_other_agents_cannot_use_this_one(api: Api, service: Service):
    key = service.key(agents=("agent_answers",))
    response = httpx.post(
        service.base_url + api.path, headers=key.headers, json=api.body("agent_support", "Hi")
    )
    assert response.status_code == 404


@pytest.mark.parametrize("authorization", [None, "Bearer sk-drg-wrong", "Basic abc", "Bearer", "Bearer ÿ"])
def test_no_valid_key_is_401(api: Api, authorization, service: Service):
    headers = {} if authorization is None else {b"authorization": authorization.encode("latin-1")}
    response = httpx.post(service.base_url + api.path, headers=headers, json=api.body("agent_support", "Hi"))
    assert (response.status_code, error_of(api, response)["code"]) == (401, "invalid_api_key")


def test_a_revoked_and_an_expired_key_are_401(api: Api, service: Service):
    revoked, expired = service.key(), service.key(expires_at=1)
    revoked.revoke()
    for key in (revoked, expired):
        response = httpx.post(
            service.base_url + api.path, headers=key.headers, json=api.body("agent_support", "Hi")
        )
        assert response.status_code == 401


def test_a_key_without_the_scope_is_403(api: Api, service: Service):
    key = service.key(scopes=("agents.read",))
    response = httpx.post(
        service.base_url + api.path, headers=key.headers, json=api.body("agent_support", "Hi")
    )
    assert (response.status_code, error_of(api, response)["code"]) == (403, "permission_denied")


def test_retries_that_cannot_help_are_told_not_to(api: Api, http):
    response = http.post(api.path, json=api.body("agent_x", "Hi"))
    assert response.headers["x-should-retry"] == "false"
