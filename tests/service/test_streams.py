"""A stream's life beside its events: quiet stretches, lost clients, thin balances, reloads."""

from __future__ import annotations

import time
from pathlib import Path

import httpx
import pytest

from service.app import reload
from service.settings.model import Engine
from tests.service.conftest import configuration
from tests.support.apis import Api, sse
from tests.support.house import ENVIRON, Service, eventually, service_in_thread
from tests.support.script import Script
from tests.support.upstream import Upstream
from tests.support.wires.frames import Tokens


@pytest.fixture(scope="module")
def quick(shared_upstream: Upstream, tmp_path_factory: pytest.TempPathFactory):
    """A service whose patience is short."""
    changes = {"engine": Engine(heartbeat_seconds=0.3, first_event_seconds=0.2, run_seconds=2.0)}
    folder = tmp_path_factory.mktemp("quick")
    config = configuration(shared_upstream.base_url)
    with service_in_thread(config, folder, changes=changes) as service:
        yield service


def test_a_quiet_stream_is_kept_alive_by_comments(api: Api, quick: Service, upstream: Upstream):
    upstream.enqueue(Script(text=("one ", "two"), stall_after_events=2, stall=1.0))
    body = {**api.body("agent_answers", "Hi"), "stream": True}
    url = quick.base_url + api.path
    with httpx.stream("POST", url, headers=quick.key().headers, json=body) as response:
        raw = response.read().decode()
    assert raw.count(": keep-alive\n\n") >= 2
    assert raw.encode().endswith(api.end)


def test_a_slow_start_sends_the_headers_before_the_first_event(api: Api, quick: Service, upstream: Upstream):
    upstream.enqueue(Script(header_delay=0.8))
    body = {**api.body("agent_answers", "Hi"), "stream": True}
    url = quick.base_url + api.path
    began = time.monotonic()
    with httpx.stream("POST", url, headers=quick.key().headers, json=body) as response:
        waited = time.monotonic() - began
        assert api.ended(list(sse(response))) == "completed"
    assert waited < 0.7


def test_a_failure_after_the_headers_ends_the_stream_as_failed(api: Api, quick: Service, upstream: Upstream):
    upstream.answer_with(lambda exchange: Script(header_delay=0.4, status=500))
    body = {**api.body("agent_answers", "Hi"), "stream": True}
    url = quick.base_url + api.path
    with httpx.stream("POST", url, headers=quick.key().headers, json=body) as response:
        assert response.status_code == 200
        assert api.ended(list(sse(response))) == "failed"


def test_a_run_that_takes_too_long_ends_incomplete_and_is_charged(
    api: Api, quick: Service, upstream: Upstream
):
    key = quick.key(dollars=1)
    upstream.enqueue(Script(text=("one ", "two"), stall_after_events=6))
    response = httpx.post(
        quick.base_url + api.path, headers=key.headers, json=api.body("agent_answers", "Hi"), timeout=10
    )
    assert response.status_code == 200
    assert api.text(response.json()).startswith("one")
    assert key.account.held == 0
    assert key.usage[0].usage.estimated


def test_a_lost_client_of_a_whole_answer_cancels_the_upstream(api: Api, service: Service, upstream: Upstream):
    key = service.key(dollars=1)
    upstream.enqueue(Script(text=("one ", "two"), stall_after_events=2))
    with pytest.raises(httpx.ReadTimeout):
        httpx.post(
            service.base_url + api.path,
            headers=key.headers,
            json=api.body("agent_answers", "Hi"),
            timeout=0.5,
        )
    eventually(lambda: upstream.exchanges[0].disconnected_at is not None, seconds=1)
    eventually(lambda: key.account.held == 0, seconds=5)
    assert key.usage[0].usage.estimated


def test_an_answer_nobody_capped_grows_its_hold_until_the_balance_ends_it(
    api: Api, service: Service, upstream: Upstream
):
    if api.name == "messages":
        pytest.skip("a request of this API always has a cap")
    key = service.key(dollars=0.25)
    long = tuple("word " * 400 for _ in range(200))
    upstream.enqueue(Script(text=long, pace=0.002, usage=Tokens(input=9, output=9)))
    body = {**api.body("agent_answers", "Hi"), "stream": True}
    url = service.base_url + api.path
    with httpx.stream("POST", url, headers=key.headers, json=body, timeout=20) as response:
        assert api.ended(list(sse(response))) == "incomplete"
    account = key.account
    assert (account.held, account.settled <= account.granted) == (0, True)
    assert key.usage[0].usage.estimated


def test_an_agents_cost_limit_bounds_what_one_run_may_spend(api: Api, service: Service, upstream: Upstream):
    response = httpx.post(
        service.base_url + api.path,
        headers=service.key(dollars=100).headers,
        json=api.body("agent_frugal", "Hi", cap=9000),
    )
    assert response.status_code == 200
    assert "the agent's limit" in response.headers["x-dragoman-warning"]


def test_a_reload_takes_new_agents_and_a_broken_file_keeps_the_old(service: Service, http: httpx.Client):
    file = Path(str(service.settings.file))
    before = file.read_text()
    known = {model["id"] for model in http.get("/v1/models").json()["data"]}

    try:
        file.write_text(before + '\n[[agents]]\nid = "agent_new"\nmodel = "local/scripted-1"\n')
        service.do(reload(service.settings, service.server.parts, ENVIRON))
        assert {m["id"] for m in http.get("/v1/models").json()["data"]} == known | {"agent_new"}
        file.write_text("[[agents]\n")
        service.do(reload(service.settings, service.server.parts, ENVIRON))
        assert {m["id"] for m in http.get("/v1/models").json()["data"]} == known | {"agent_new"}
    finally:
        file.write_text(before)
        service.do(reload(service.settings, service.server.parts, ENVIRON))
