"""Readers that stall and readers that leave, while the provider sends as fast as it can: nobody else
notices, little is kept for them, they are cut, and their money is settled."""

from __future__ import annotations

import gc
import json
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import httpx
import pytest

from service.engine.run import Run
from tests.support.firehose import Firehose, firehose_in_thread
from tests.support.house import Key, Service, eventually, service_in_thread
from tests.support.lag import MOST_BUSY, Lag, watched
from tests.support.patience import PATIENCE
from tests.support.upstream import Upstream

EVENTS = 50_000
STALLED = 200
LEFT = 100
CUT = 20
STALL_SECONDS = 2.0
"""After so long the hasty service cuts a stalled reader; by default it is a minute."""
BUFFERED = 64 * 1024
SLACK = 0.1
"""Seconds that a request may take longer for no reason of ours."""
PATHS = ("/v1/chat/completions", "/v1/responses")
PRICES = "input = 2.0\noutput = 8.0\n"


def configuration(hose: str, upstream: str) -> str:
    return f"""
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
id = "agent_other"
model = "local/scripted-1"
"""


@pytest.fixture(scope="module")
def hose() -> Iterator[Firehose]:
    with firehose_in_thread(EVENTS) as hose:
        yield hose


@pytest.fixture(scope="module")
def service(
    hose: Firehose, upstream: Upstream, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Service]:
    """A service of its own, where every token has its price."""
    config = configuration(hose.base_url, upstream.base_url)
    with service_in_thread(config, tmp_path_factory.mktemp("slow")) as service:
        yield service


@pytest.fixture
def hasty(hose: Firehose, upstream: Upstream, tmp_path: Path) -> Iterator[Service]:
    """One that cuts readers soon."""
    config = f"[engine]\nstall_seconds = {STALL_SECONDS}\n" + configuration(hose.base_url, upstream.base_url)
    with service_in_thread(config, tmp_path) as service:
        yield service


@pytest.fixture
def key(service: Service) -> Key:
    return service.key(dollars=1_000)


@pytest.fixture
def lag(service: Service, key: Key) -> Iterator[Lag]:
    ask(service, key)
    with watched(service) as lag:
        yield lag


def ask(service: Service, key: Key, *, times: int = 1) -> list[float]:
    """Seconds that ordinary requests take, one after the other."""
    taken = []
    with httpx.Client(base_url=service.base_url, headers=key.headers) as http:
        for _ in range(times):
            began = time.perf_counter()
            body = {"model": "agent_other", "messages": [{"role": "user", "content": "Hi"}]}
            http.post("/v1/chat/completions", json=body).raise_for_status()
            taken.append(time.perf_counter() - began)
    return taken


def p99(service: Service, key: Key) -> float:
    """Of ordinary requests; the least of three looks, as others use the machine too."""
    return min(sorted(ask(service, key, times=200))[198] for _ in range(3))


def begin(service: Service, key: Key, path: str) -> socket.socket:
    """Ask for a fast stream over a connection that takes in next to nothing."""
    connection = socket.socket()
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    connection.settimeout(PATIENCE)
    connection.connect(("127.0.0.1", service.port))
    body = json.dumps(
        {"model": "agent_hose", "stream": True, "messages": [{"role": "user", "content": "x"}], "input": "x"}
    )
    connection.sendall(
        f"POST {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {key.secret}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n{body}".encode()
    )
    return connection


@contextmanager
def readers(service: Service, key: Key, count: int) -> Iterator[list[socket.socket]]:
    """So many readers of fast streams, over every API; each has received its first bytes."""
    with ExitStack() as stack:
        connections = [
            stack.enter_context(begin(service, key, PATHS[number % len(PATHS)])) for number in range(count)
        ]
        for connection in connections:
            assert connection.recv(12) == b"HTTP/1.1 200"
        yield connections


def buffered(service: Service) -> list[int]:
    """Bytes that wait between each run and its socket."""

    async def look() -> list[int]:
        connections = [c for c in service.server.server_state.connections if not c.transport.is_closing()]
        runs: dict[object, Run] = {run.leave: run for run in service.house.runs.active.values()}
        return [
            runs[connection.on_gone].events.unread_bytes + connection.transport.get_write_buffer_size()
            for connection in connections
            if connection.on_gone in runs
        ]

    return service.do(look())


def all_ended(service: Service) -> Callable[[], bool]:
    return lambda: not service.house.runs.active


def assert_settled(service: Service, key: Key, *, streams: int) -> None:
    """Each stream has its usage, counted by us for want of better, and the account paid for all of it."""
    rows = service.operate(lambda database: database.usage.list(key=key.id, limit=10_000))
    abandoned = [row for row in rows if row.agent == "agent_hose"]
    account = key.account
    assert len(abandoned) == streams
    assert all(row.usage.estimated for row in abandoned)
    assert (account.held, account.settled) == (0, sum(row.charged for row in rows))
    assert service.broken() == []


def test_stalled_readers_are_not_noticed_by_others(service, key, lag: Lag):
    base = p99(service, key)
    with readers(service, key, STALLED):
        eventually(lambda: len(waiting := buffered(service)) == STALLED and min(waiting) > 0)
        lag.look()
        waiting = buffered(service)
        beside = p99(service, key)
        assert max(waiting) <= BUFFERED
        assert beside <= 1.5 * base + SLACK
        lag.assert_short()
        print(
            f"\np99 {base * 1000:.1f} ms alone, {beside * 1000:.1f} ms beside {STALLED} stalled; "
            f"at most {max(waiting)} bytes waited"
        )
    eventually(all_ended(service))
    assert_settled(service, key, streams=STALLED)


def test_stalled_readers_are_cut(hasty: Service):
    key = hasty.key(dollars=1_000)
    with readers(hasty, key, CUT):
        eventually(all_ended(hasty))
    assert_settled(hasty, key, streams=CUT)


def test_abandoned_fast_streams_are_let_go_at_once(service, key, hose: Firehose, lag: Lag):
    """Twice: the first time it is buffers that grow, and stay for the next."""
    abandon(service, key, hose, lag)
    held, runs = resident(), runs_remembered()
    busy = abandon(service, key, hose, lag)
    assert busy <= MOST_BUSY
    assert runs_remembered() <= runs
    grown = resident() - held
    print(f"\nbusy for {busy * 1000:.0f} ms; {grown >> 20} MiB more")
    assert grown < 32 << 20
    assert_settled(service, key, streams=2 * LEFT)


def abandon(service: Service, key: Key, hose: Firehose, lag: Lag) -> float:
    """Leave many streams at once; gives how long that kept the loop busy at a stretch."""
    before = hose.left
    with readers(service, key, LEFT) as connections:
        lag.look()
        for connection in connections:
            connection.close()
    eventually(all_ended(service))
    busy, _ = lag.look()
    eventually(lambda: hose.left - before == LEFT)
    return busy


def runs_remembered() -> int:
    """How many runs anybody still has, services of other tests included."""
    gc.collect()
    return sum(isinstance(thing, Run) for thing in gc.get_objects())


def resident() -> int:
    """Bytes of memory this process has."""
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * 4096
