"""The suite that every API passes, as far as this one's shape allows: what is made here goes on without
its reader, so that a failure is the run's and not an HTTP status, and a lost client cancels nothing."""

from __future__ import annotations

import asyncio

import httpx
import pytest

from tests.service.test_answers import (
    test_a_long_answer_that_was_cut_by_its_cap_is_incomplete as test_cut,
)
from tests.service.test_answers import (
    test_a_quiet_start_is_waited_for as test_quiet_start,
)
from tests.service.test_answers import (
    test_a_streamed_answer_has_the_same_text_and_completes as test_text,
)
from tests.service.test_answers import (
    test_frames_are_whole_lf_only_and_end_as_the_api_ends as test_frames,
)
from tests.service.test_answers import test_librechats_path_serves_the_same as test_other_path
from tests.service.test_door import test_a_body_over_the_limit_is_413 as test_large
from tests.service.test_door import test_a_body_that_is_not_json_by_its_type_is_415 as test_type
from tests.service.test_door import test_a_chunked_body_over_the_limit_is_413 as test_chunked
from tests.service.test_door import test_a_malformed_body_is_400 as test_malformed
from tests.service.test_door import test_free_form_json_is_capped as test_capped
from tests.service.test_door import test_odd_characters_are_no_server_error as test_odd
from tests.service.test_errors import test_a_key_for_other_agents_cannot_use_this_one as test_other_key
from tests.service.test_errors import test_a_key_without_the_scope_is_403 as test_scope
from tests.service.test_errors import test_a_revoked_and_an_expired_key_are_401 as test_revoked
from tests.service.test_errors import (
    test_a_stream_that_dies_says_so_and_costs_the_caller_nothing as test_dies,
)
from tests.service.test_errors import test_another_projects_agent_is_the_same_404 as test_other_project
from tests.service.test_errors import test_no_valid_key_is_401 as test_no_key
from tests.service.test_errors import test_retries_that_cannot_help_are_told_not_to as test_no_retry
from tests.service.test_money import cost
from tests.service.test_streams import (
    quick,
)
from tests.service.test_streams import (
    test_a_failure_after_the_headers_ends_the_stream_as_failed as test_fails_late,
)
from tests.service.test_streams import test_a_quiet_stream_is_kept_alive_by_comments as test_heartbeat
from tests.service.test_streams import (
    test_an_answer_nobody_capped_grows_its_hold_until_the_balance_ends_it as test_grows,
)
from tests.support.apis import Api, sse
from tests.support.house import Key, Service, eventually
from tests.support.script import ErrorBody, Script
from tests.support.thread_api import Threads
from tests.support.upstream import Upstream
from tests.support.wires.frames import Tokens

__all__ = [
    "quick",
    "test_capped",
    "test_chunked",
    "test_cut",
    "test_dies",
    "test_fails_late",
    "test_frames",
    "test_grows",
    "test_heartbeat",
    "test_large",
    "test_malformed",
    "test_no_key",
    "test_no_retry",
    "test_odd",
    "test_other_key",
    "test_other_path",
    "test_other_project",
    "test_quiet_start",
    "test_revoked",
    "test_scope",
    "test_text",
    "test_type",
]


@pytest.fixture
def api() -> Api:
    """This API alone."""
    return Threads()


def streamed(http: httpx.Client, api: Api, body: dict) -> list[dict]:
    with http.stream("POST", api.path, json=body) as response:
        assert response.status_code == 200, response.read()
        return list(sse(response))


@pytest.mark.parametrize("agent", ["agent_support", "agent_answers", "agent_letters"])
def test_the_balance_falls_by_exactly_what_it_cost(api: Api, agent, service: Service, upstream: Upstream):
    key = service.key(dollars=10)
    upstream.enqueue(Script(text=("Good ", "day"), usage=Tokens(input=1234, cached=1000, output=77)))
    with httpx.Client(base_url=service.base_url, headers=key.headers) as http:
        events = streamed(http, api, api.body(agent, "Hello"))
    assert api.usage(events[-1]) == (1234, 1000, 77)
    assert (key.account.settled, key.account.held) == (cost(1234, 1000, 77), 0)


@pytest.mark.parametrize(
    ("status", "code", "tries"),
    [
        (400, "invalid_prompt", 1),
        (401, "server_error", 1),
        (429, "rate_limit_exceeded", 2),
        (503, "server_error", 2),
    ],
)
def test_an_upstream_refusal_fails_the_run_and_is_free(
    api: Api, status, code, tries, http, key: Key, upstream: Upstream
):
    upstream.answer_with(lambda exchange: Script(status=status, error=ErrorBody()))
    events = streamed(http, api, api.body("agent_support", "Hi"))
    assert (api.ended(events), events[-1]["last_error"]["code"]) == ("failed", code)
    assert len(upstream.exchanges) == tries
    assert (key.account.settled, key.account.held) == (0, 0)


@pytest.mark.parametrize("position", [0, 1, 5, 20, 39])
def test_a_disconnect_at_any_event_cancels_nothing_and_is_charged_once(
    api: Api, position, service: Service, upstream: Upstream
):
    words = tuple(f"word{number} " for number in range(40))
    key, gate = service.key(dollars=1), asyncio.Event()
    usage = Tokens(input=50, output=60)
    upstream.enqueue(Script(text=words, stall_after_events=position + 1, stall=gate, usage=usage))
    with httpx.Client(base_url=service.base_url, headers=key.headers) as http:
        with http.stream("POST", api.path, json=api.body("agent_support", "Hello")) as response:
            run = next(event for event in sse(response) if event["object"] == "thread.run")
        upstream._loop.call_soon_threadsafe(gate.set)
        path = f"/v1/threads/{run['thread_id']}/runs/{run['id']}"
        eventually(lambda: http.get(path).json()["status"] == "completed")
    (charged,) = key.usage
    assert (charged.cost, charged.usage.estimated) == (cost(50, 0, 60), False)
