"""Each series moves when what it stands for happens, and the listener answers nothing else."""

from __future__ import annotations

import asyncio
import threading
import time

import httpx
import pytest

from tests.support.apis import Api
from tests.support.house import Service, eventually
from tests.support.patience import PATIENCE
from tests.support.script import Script
from tests.support.upstream import Upstream
from tests.support.wires.frames import Tokens
from tests.telemetry.samples import Samples, scrape


def moved(service: Service, before: Samples, name: str, **labels: str) -> float:
    """By how much a series has grown since the test began."""
    return scrape(service.metrics_url).sum(name, **labels) - before.sum(name, **labels)


@pytest.mark.parametrize("stream", [False, True])
def test_a_request_is_counted_and_timed_by_path_and_status(api: Api, stream, http, service, before):
    http.post(api.path, json={**api.body("local/scripted-1", "Hello"), "stream": stream}).raise_for_status()
    assert moved(service, before, "dragoman_requests_total", path=api.path, status="200") == 1
    assert moved(service, before, "dragoman_request_seconds_count", path=api.path) == 1
    assert 0 < moved(service, before, "dragoman_request_seconds_sum", path=api.path) < PATIENCE


def test_a_path_that_nobody_serves_makes_no_series_of_its_own(http, service, before: Samples):
    for path in ("/v1/canary-1", "/canary-2", "/v1/models/canary-3"):
        http.get(path)
    assert moved(service, before, "dragoman_requests_total", path="unmatched", status="404") == 2
    assert moved(service, before, "dragoman_requests_total", path="/v1/models/{model}", status="404") == 1
    assert not any("canary" in value for _, value in scrape(service.metrics_url).labels)


def test_a_run_is_counted_by_its_end_and_its_tokens_by_direction(api: Api, http, service, upstream, before):
    upstream.enqueue(Script(text=("Good ", "day"), usage=Tokens(input=1234, output=77)))
    http.post(api.path, json=api.body("local/scripted-1", "Hello")).raise_for_status()
    where = {"provider": "local", "model": "scripted-1"}
    assert moved(service, before, "dragoman_runs_total", api=api.name, status="completed", **where) == 1
    assert moved(service, before, "dragoman_tokens_total", direction="input", **where) == 1234
    assert moved(service, before, "dragoman_tokens_total", direction="output", **where) == 77


def test_the_first_delta_is_timed_once_a_run(api: Api, http, service, upstream: Upstream, before):
    upstream.enqueue(Script(text=("One", "two", "three"), header_delay=0.1))
    http.post(api.path, json=api.body("local/scripted-1", "Hello")).raise_for_status()
    assert moved(service, before, "dragoman_first_delta_seconds_count", api=api.name) == 1
    assert 0.1 <= moved(service, before, "dragoman_first_delta_seconds_sum", api=api.name) < PATIENCE


def test_every_failed_attempt_is_an_upstream_error(api: Api, http, service, before: Samples):
    status = api.status(503, "upstream_unavailable")
    assert http.post(api.path, json=api.body("local/err-500", "Hello")).status_code == status
    labels = {"model": "err-500", "code": "upstream_unavailable", "upstream_status": "500"}
    assert moved(service, before, "dragoman_upstream_errors_total", **labels) == 2
    assert moved(service, before, "dragoman_runs_total", model="err-500", status="failed") == 1


def test_a_failure_inside_a_stream_is_an_upstream_error_without_a_status(api: Api, http, service, before):
    http.post(api.path, json={**api.body("local/cut", "one two three four"), "stream": True})
    labels = {"model": "cut", "code": "upstream_cut", "upstream_status": "none"}
    assert moved(service, before, "dragoman_upstream_errors_total", **labels) == 1


def test_a_settlement_says_whether_it_was_estimated_and_who_paid(api: Api, http, service, upstream, before):
    upstream.enqueue(Script(text=("Hi",), usage=Tokens(input=10, output=1)))
    for model in ("scripted-1", "no-usage"):
        http.post(api.path, json=api.body(f"local/{model}", "Hello")).raise_for_status()
    assert moved(service, before, "dragoman_settlements_total", estimated="false") == 1
    assert moved(service, before, "dragoman_settlements_total", estimated="true") == 1
    assert moved(service, before, "dragoman_settled_nano_dollars_total", payer="account") > 10 * 2000 + 8000


def test_what_nobody_covers_is_an_overrun(api: Api, service, upstream: Upstream, before: Samples):
    key = service.key(dollars=0.01)
    upstream.enqueue(Script(text=("Hi",), usage=Tokens(input=10, output=5_000)))
    body = api.body("local/scripted-1", "Hello", cap=300)
    httpx.post(service.base_url + api.path, headers=key.headers, json=body).raise_for_status()
    overrun = sum(usage.overrun for usage in key.usage)
    assert overrun > 0
    assert moved(service, before, "dragoman_overrun_nano_dollars_total") == overrun
    assert moved(service, before, "dragoman_settled_nano_dollars_total", payer="house_overrun") == overrun


def test_what_is_under_way_shows_until_it_is_over(api: Api, http, service, upstream: Upstream):
    go_on = asyncio.Event()
    upstream.enqueue(Script(text=("a", "b"), stall_after_events=1, stall=go_on))
    body = api.body("local/scripted-1", "Hello")
    asking = threading.Thread(target=lambda: http.post(api.path, json=body))
    asking.start()
    shown = ("dragoman_requests_in_flight", "dragoman_runs_active", "dragoman_holds_open")
    eventually(lambda: [scrape(service.metrics_url).sum(name) for name in shown] == [1, 1, 1])
    upstream.let(go_on)
    asking.join()
    eventually(lambda: [scrape(service.metrics_url).sum(name) for name in shown] == [0, 0, 0])


def test_the_writer_tells_of_its_batches(http, api: Api, service, before: Samples):
    http.post(api.path, json=api.body("local/scripted-1", "Hello")).raise_for_status()
    assert moved(service, before, "dragoman_writer_commands_total") >= 3
    assert moved(service, before, "dragoman_writer_batch_seconds_count") >= 1
    assert scrape(service.metrics_url).sum("dragoman_writer_queue") == 0


def test_a_blocked_event_loop_shows_as_lag(service: Service, before: Samples):
    async def block() -> None:
        time.sleep(0.6)  # noqa: ASYNC251 - blocking is the point

    service.do(block())
    below = {"le": "0.25"}
    eventually(
        lambda: (
            moved(service, before, "dragoman_loop_lag_seconds_count")
            > moved(service, before, "dragoman_loop_lag_seconds_bucket", **below)
        )
    )


def test_the_database_is_up(service: Service):
    assert scrape(service.metrics_url).sum("dragoman_store_up") == 1


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("GET", "/", 404), ("GET", "/metrics/", 404), ("GET", "/v1/models", 404), ("GET", "/health/live", 404),
     ("POST", "/metrics", 405), ("HEAD", "/metrics", 405), ("DELETE", "/metrics", 405)],
)  # fmt: skip
def test_the_listener_answers_get_metrics_alone(service: Service, method, path, status):
    url = service.metrics_url.removesuffix("/metrics") + path
    response = httpx.request(method, url)
    assert (response.status_code, response.content) == (status, b"")
    assert response.headers["server"] == "dragoman"


def test_the_main_port_knows_no_metrics(http: httpx.Client):
    assert http.get("/metrics").status_code == 404


def test_metrics_are_plain_text_of_the_format_every_prometheus_reads(service: Service):
    response = httpx.get(service.metrics_url)
    assert response.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
