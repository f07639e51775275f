"""A stream's life beside its events: quiet stretches, lost clients, thin balances, reloads."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import httpx
import pytest

from service.app import reload
from service.settings.model import Engine
from tests.service.conftest import configuration
from tests.support.apis import Api, sse
from tests.support.house import ENVIRON, Service, eventually, service_in_thread
from tests.support.script import Script
from tests.support.upstream import Upstream, until
from tests.support.wires.frames import Tokens


def with_engine(engine: Engine, upstream: Upstream, folder: Path) -> AbstractContextManager[Service]:
    """The service with another patience."""
    return service_in_thread(configuration(upstream.base_url), folder, changes={"engine": engine})


@pytest.fixture(scope="module")
def quick(shared_upstream: Upstream, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A service that soon sends something."""
    engine = Engine(heartbeat_seconds=0.1, first_event_seconds=0.1)
    with with_engine(engine, shared_upstream, tmp_path_factory.mktemp("quick")) as service:
        yield service


@pytest.fixture(scope="module")
def brief(shared_upstream: Upstream, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A service whose runs are soon ended: late enough that a busy machine has an answer begun by then."""
    with with_engine(Engine(run_seconds=4.0), shared_upstream, tmp_path_factory.mktemp("brief")) as service:
        yield service


def test_a_quiet_stream_is_kept_alive_by_comments(api: Api, quick: Service, upstream: Upstream):
    go_on = asyncio.Event()
    upstream.enqueue(Script(text=("one ", "two"), stall_after_events=2, stall=go_on))
    body = {**api.body("agent_answers", "Hi"), "stream": True}
    url = quick.base_url + api.path
    received = b""
    with httpx.stream("POST", url, headers=quick.key().headers, json=body) as response:
        for piece in response.iter_raw():
            received += piece
            if received.count(b": keep-alive\n\n") == 2:
                upstream.let(go_on)
    assert received.endswith(api.end)


def test_a_slow_start_sends_the_headers_before_the_first_event(api: Api, quick: Service, upstream: Upstream):
    go_on = asyncio.Event()
    upstream.enqueue(Script(header_delay=go_on))
    body = {**api.body("agent_answers", "Hi"), "stream": True}
    url = quick.base_url + api.path
    with httpx.stream("POST", url, headers=quick.key().headers, json=body) as response:
        upstream.let(go_on)
        assert api.ended(list(sse(response))) == "completed"


def test_a_failure_after_the_headers_ends_the_stream_as_failed(api: Api, quick: Service, upstream: Upstream):
    go_on = asyncio.Event()
    upstream.answer_with(lambda exchange: Script(header_delay=go_on, status=500))
    body = {**api.body("agent_answers", "Hi"), "stream": True}
    url = quick.base_url + api.path
    with httpx.stream("POST", url, headers=quick.key().headers, json=body) as response:
        assert response.status_code == 200
        upstream.let(go_on)
        assert api.ended(list(sse(response))) == "failed"


def test_a_run_that_takes_too_long_ends_incomplete_and_is_charged(
    api: Api, brief: Service, upstream: Upstream
):
    key = brief.key(dollars=1)
    upstream.enqueue(Script(text=("one ", "two"), stall_after_events=6))
    response = httpx.post(
        brief.base_url + api.path, headers=key.headers, json=api.body("agent_answers", "Hi")
    )
    assert response.status_code == 200
    assert api.text(response.json()).startswith("one")
    assert key.account.held == 0
    assert key.usage[0].usage.estimated


def test_a_lost_client_of_a_whole_answer_cancels_the_upstream(api: Api, service: Service, upstream: Upstream):
    key = service.key(dollars=1)
    upstream.enqueue(Script(text=("one ", "two"), stall_after_events=2))

    async def leave() -> None:
        async with httpx.AsyncClient(base_url=service.base_url, headers=key.headers) as http:
            asking = asyncio.create_task(http.post(api.path, json=api.body("agent_answers", "Hi")))
            await until(lambda: [exchange.events_sent for exchange in upstream.exchanges] == [2])
            asking.cancel()

    asyncio.run(leave())
    eventually(lambda: any(each.disconnected_at for each in upstream.exchanges))
    eventually(lambda: key.account.held == 0)
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
    with httpx.stream("POST", url, headers=key.headers, json=body) as response:
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
