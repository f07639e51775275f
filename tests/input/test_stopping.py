"""SIGTERM while streams are open: each gets its terminal event, nothing is left unsettled, and the
process ends by itself."""

from __future__ import annotations

import json
import os
import signal
import socket
import sqlite3
import threading
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.support.apis import APIS, Api, sse
from tests.support.house import eventually
from tests.support.patience import PATIENCE
from tests.support.processes import Service, running

STREAMS = 20
LATEST = 30.0
"""Seconds from the signal to the exit; the promise."""
WORDS = 40
Events = list[dict[str, Any]]


def configuration(*, drain_seconds: float, pace_ms: int) -> str:
    return f"""
[server]
drain_seconds = {drain_seconds}
[providers.demo]
kind = "demo"
pace_ms = {pace_ms}
[providers.demo.prices.demo]
input = 2.0
output = 8.0
[providers.hose]
kind = "demo"
pace_ms = 0
[providers.hose.prices.demo]
input = 2.0
output = 8.0
[[agents]]
id = "agent_hose"
model = "hose/demo"
"""


@pytest.fixture
def started(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Service]:
    """A process with the configuration that the test's parameters ask for."""
    file = tmp_path / "dragoman.toml"
    file.write_text(configuration(**request.param))
    with running(file) as service:
        yield service


def follow(service: Service, key: str, api: Api, begun: threading.Semaphore) -> Events:
    """Read one stream to its end, and say when it has begun."""
    body = {**api.body("agent_demo", "word " * WORDS), "stream": True}
    events: Events = []
    headers = {"authorization": f"Bearer {key}"}
    with httpx.stream("POST", service.base_url + api.path, json=body, headers=headers) as response:
        assert response.status_code == 200
        for event in sse(response):
            events.append(event)
            if len(events) == 1:
                begun.release()
    return events


def open_streams(service: Service, key: str, pool: ThreadPoolExecutor) -> list[tuple[Api, Future[Events]]]:
    """Streams over every API, all of them under way."""
    begun = threading.Semaphore(0)
    streams = [
        (api, pool.submit(follow, service, key, api, begun))
        for number in range(STREAMS)
        for api in [APIS[number % len(APIS)]]
    ]
    for _ in streams:
        assert begun.acquire(timeout=PATIENCE)
    return streams


def refused(client: httpx.Client) -> bool:
    """Whether new work is refused: by 503 shutting_down, or nobody listens any more."""
    try:
        response = client.get("/v1/models")
    except httpx.TransportError:
        return True
    return response.status_code == 503 and response.json()["error"]["code"] == "shutting_down"


def stop(service: Service, key: str) -> float:
    """Send SIGTERM while a connection is idle, and see that new work is refused from then on; gives
    when that was."""
    with httpx.Client(base_url=service.base_url, headers={"authorization": f"Bearer {key}"}) as client:
        client.get("/v1/models").raise_for_status()
        began = time.monotonic()
        os.kill(service.pid, signal.SIGTERM)
        eventually(lambda: refused(client))
    return began


def failure(api: Api, events: Events) -> str:
    """The code of the failure that a stream ended with."""
    last = events[-1]
    return last["response"]["error"]["code"] if api.name == "responses" else api.error(last)["code"]


LEFT_OVER = """
    select (select count(*) from runs where status = 'running')
        + (select count(*) from holds where state = 'open')
        + (select count(*) from accounts where held <> 0)
"""


def assert_clean(service: Service, *, usages: int) -> None:
    """Every stream has its usage, nothing is held or under way, and `doctor` finds nothing wrong."""
    service.run("doctor")
    with closing(sqlite3.connect(service.config.parent / "data" / "dragoman.db")) as database:
        assert database.execute(LEFT_OVER).fetchone() == (0,)
        assert database.execute("select count(*) from usage").fetchone() == (usages,)


@contextmanager
def stalled_reader(service: Service, key: str) -> Iterator[None]:
    """One more stream, a fast one, of which nothing is ever read."""
    body = json.dumps({"model": "agent_hose", "stream": True, "input": "word " * 100_000})
    with socket.create_connection(("127.0.0.1", service.port)) as connection:
        connection.sendall(
            f"POST /v1/responses HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {key}\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n{body}".encode()
        )
        yield


@pytest.mark.parametrize("started", [{"drain_seconds": 0.5, "pace_ms": 1_000}], indirect=True)
def test_streams_that_take_too_long_are_ended_with_a_failure(started: Service):
    key = started.create_key()
    with ThreadPoolExecutor(STREAMS) as pool, stalled_reader(started, key):
        streams = open_streams(started, key, pool)
        began = stop(started, key)
        ended = [(api, stream.result(LATEST)) for api, stream in streams]
        code = started.wait(seconds=LATEST)
        took = time.monotonic() - began
    assert {api.ended(events) for api, events in ended} == {"failed"}
    assert {failure(api, events) for api, events in ended} == {"shutting_down"}
    assert (code, took < LATEST) == (0, True), (code, took)
    print(f"\n{STREAMS} streams ended, process gone {took:.1f} s after the signal")
    assert_clean(started, usages=STREAMS + 1)


@pytest.mark.parametrize("started", [{"drain_seconds": 20.0, "pace_ms": 20}], indirect=True)
def test_streams_that_end_in_time_are_whole(started: Service):
    key = started.create_key()
    with ThreadPoolExecutor(STREAMS) as pool:
        streams = open_streams(started, key, pool)
        began = stop(started, key)
        ended = [(api, stream.result(LATEST)) for api, stream in streams]
        code = started.wait(seconds=LATEST)
        took = time.monotonic() - began
    assert {api.ended(events) for api, events in ended} == {"completed"}
    texts = {"".join(map(api.delta, events)) for api, events in ended}
    assert [text.count("word") for text in texts] == [WORDS]
    assert (code, took < LATEST) == (0, True), (code, took)
    assert_clean(started, usages=STREAMS)
