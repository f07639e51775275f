"""What is measured: the service with its accounting on, the relay, and the mock itself."""

from __future__ import annotations

import json
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct

from bench.load import Order
from bench.processes import ROOT, Child, free_port

CONFIG = """\
[server]
host = "127.0.0.1"
port = {port}
[store]
url = "sqlite:///bench.db"
[providers.mock]
kind = "openai-compatible"
base_url = "http://127.0.0.1:{upstream}/v1"
expose = ["bench", "paced"]
[providers.mock.prices."bench"]
input = 2.0
output = 8.0
[providers.mock.prices."paced"]
input = 2.0
output = 8.0
"""
PROMPT = "Say a hundred words that mean nothing, and number every one of them."
APIS = {
    "chat": "/v1/chat/completions",
    "responses": "/v1/responses",
    "turns": "/v1/responses",
    "websocket": "/v1/responses",
}
"""What is asked, and where: one request of each API, both stored as by default; a turn that goes on from a
stored one; a turn of a WebSocket of which nothing is stored."""
EARLIER = 4
"""Turns before the one that is measured."""


class Subject(Struct, frozen=True):
    """A running server and how to talk to it."""

    name: str
    port: int
    pid: int
    """0 where its CPU is of no interest."""
    ready_after: float = 0.0
    """Seconds from start to ready."""
    key: str = ""
    previous: str = ""
    """The response that turns go on from."""
    raw: bool = False
    """It passes on what the upstream says: every answer comes on the Chat wire."""

    def order(self, *, api: str, kind: str, connections: int, seconds: float, deltas: int) -> Order:
        """The round of requests that measures it."""
        spoken = "chat" if self.raw else api
        model = "paced" if kind == "paced" else "bench"
        body = body_of(spoken, model=model, stream=kind != "json", previous=self.previous)
        order = {
            "port": self.port,
            "path": APIS[spoken],
            "headers": {"authorization": f"Bearer {self.key}"} if self.key else {},
            "body": body,
            "connections": connections,
            "seconds": seconds,
            "kind": kind,
            "api": spoken,
            "deltas": deltas,
        }
        return msgspec.json.decode(msgspec.json.encode(order), type=Order)


def body_of(api: str, *, model: str, stream: bool, previous: str = "") -> dict[str, Any]:
    """One request of an API."""
    said = [{"role": "user", "content": PROMPT}]
    asked = {
        "chat": {"messages": said},
        "responses": {"input": said},
        "turns": {"input": said, "previous_response_id": previous},
        "websocket": {"type": "response.create", "input": said, "store": False},
    }
    return {"model": f"mock/{model}", "stream": stream, **asked[api]}


@contextmanager
def mock(*, deltas: int, paced_deltas: int) -> Iterator[Subject]:
    """The upstream, measured directly."""
    port = free_port()
    counts = ("--deltas", str(deltas), "--paced-deltas", str(paced_deltas))
    with Child("bench.mock", "--port", str(port), *counts, port=port) as child:
        yield Subject("direct", port, child.pid, raw=True)


@contextmanager
def relay(upstream: Subject, *, name: str = "relay") -> Iterator[Subject]:
    """The yardstick in front of the mock."""
    port = free_port()
    url = f"http://127.0.0.1:{upstream.port}/v1/chat/completions"
    with Child("bench.relay", "--port", str(port), "--upstream", url, port=port, ready="/") as child:
        yield Subject(name, port, child.pid, child.ready_after, raw=True)


@contextmanager
def service(upstream: Subject, *, folder: Path) -> Iterator[Subject]:
    """The service in front of the mock, on a fresh database, with a key that cannot run dry."""
    port, config = free_port(), folder / "bench.toml"
    config.write_text(CONFIG.format(port=port, upstream=upstream.port))
    arguments = ("service", "serve", "--config", str(config))
    quiet = {"DRAGOMAN_QUIET": "1"}
    with Child(*arguments, port=port, ready="/health/ready", environment=quiet) as child:
        key = create_key(config)
        previous = earlier_turns(port, key)
        yield Subject("service", port, child.pid, child.ready_after, key=key, previous=previous)


def earlier_turns(port: int, key: str) -> str:
    """Have a short conversation; gives its last response."""
    previous = None
    for _ in range(EARLIER):
        body = body_of("responses", model="bench", stream=False) | {"previous_response_id": previous}
        request = urllib.request.Request(
            f"http://127.0.0.1:{port}/v1/responses",
            data=msgspec.json.encode(body),
            headers={"authorization": f"Bearer {key}", "content-type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=30) as answer:
            previous = json.loads(answer.read())["id"]
    assert previous is not None
    return previous


def create_key(config: Path) -> str:
    """A key with an unlimited balance, made the way an operator makes one."""
    options = ("keys", "create", "--name", "bench", "--unlimited", "--json", "--config", str(config))
    command = [sys.executable, "-m", "service", *options]
    printed = subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE, timeout=60).stdout
    return json.loads(printed)["key"]
