"""WebSockets that take nothing of a fast stream: others are served beside them, and they are cut."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from tests.support.firehose import Firehose, firehose_in_thread
from tests.support.house import Key, Service, eventually, service_in_thread
from tests.support.patience import PATIENCE
from tests.support.sockets import talk
from tests.support.upstream import Upstream

EVENTS = 50_000
STALLED = 5
STALL_SECONDS = 6.0
PRICES = "input = 2.0\noutput = 8.0\n"


def configuration(hose: str, upstream: str) -> str:
    return f"""
[engine]
stall_seconds = {STALL_SECONDS}
[providers.hose]
kind = "openai-compatible"
base_url = "{hose}/v1"
[providers.hose.prices.m]
{PRICES}
[providers.local]
kind = "openai-compatible"
base_url = "{upstream}/v1"
[providers.local.prices."scripted-1"]
{PRICES}
[[agents]]
id = "agent_hose"
model = "hose/m"
[[agents]]
id = "agent_answers"
model = "local/scripted-1"
"""


@pytest.fixture(scope="module")
def hose() -> Iterator[Firehose]:
    with firehose_in_thread(EVENTS) as hose:
        yield hose


@pytest.fixture(scope="module")
def service(
    hose: Firehose, shared_upstream: Upstream, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Service]:
    """A service of its own: readers are cut soon."""
    config = configuration(hose.base_url, shared_upstream.base_url)
    with service_in_thread(config, tmp_path_factory.mktemp("slow-sockets")) as service:
        yield service


@contextmanager
def stalled(service: Service, key: Key) -> Iterator[ClientConnection]:
    """A connection whose client asks for a fast stream, takes its first frame and then nothing more."""
    raw = socket.socket()
    raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    raw.connect(("127.0.0.1", service.port))
    url = service.base_url.replace("http", "ws", 1) + "/v1/responses"
    with connect(url, sock=raw, additional_headers=key.headers, max_queue=1, close_timeout=0.1) as connection:
        connection.send(json.dumps({"type": "response.create", "model": "agent_hose", "input": "x"}))
        connection.recv(timeout=PATIENCE)
        yield connection


def read_on(connection: ClientConnection) -> None:
    while True:
        connection.recv(timeout=PATIENCE)


def test_others_are_served_beside_them_and_they_are_cut_and_settled(service: Service, upstream: Upstream):
    slow, other = service.key(dollars=100), service.key(dollars=100)
    with ExitStack() as stack:
        connections = [stack.enter_context(stalled(service, slow)) for _ in range(STALLED)]
        with talk(service, other) as socket:
            answers = [socket.ask("Hello")["type"] for _ in range(20)]
        assert answers == ["response.completed"] * 20
        eventually(lambda: not service.house.runs.active)
        for connection in connections:
            with pytest.raises(ConnectionClosed):
                read_on(connection)
    eventually(lambda: slow.account.held == 0 and len(slow.usage) == STALLED)
    assert all(row.usage.estimated for row in slow.usage)
    assert service.broken() == []


def test_one_that_reads_on_gets_it_all(service: Service, key: Key):
    with talk(service, key) as socket:
        socket.send("x", model="agent_hose")
        frames = 0
        while socket.receive()["type"] != "response.completed":
            frames += 1
    assert frames > EVENTS
