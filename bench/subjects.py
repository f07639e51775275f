"""What is measured: the service with its accounting on, the relay, and the mock itself."""

from __future__ import annotations

import json
import subprocess
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct

from bench.load import Order
from bench.loads import APIS, body_of
from bench.processes import ROOT, Child, free_port, python

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
    headers: dict[str, str] = {}
    """What every request to it carries."""
    models: str = "mock/"
    """What the names of its models begin with."""
    previous: str | None = None
    """The response that turns go on from."""
    apis: tuple[str, ...] = tuple(APIS)
    """Those it speaks."""
    raw: bool = False
    """It passes on what the upstream says: every answer comes on the Chat wire."""

    def order(
        self,
        *,
        api: str,
        kind: str,
        connections: int,
        seconds: float,
        deltas: int,
        load: str = "short",
        goes_on_from: Sequence[str] = (),
        most: int = 20_000,
    ) -> Order:
        """The round of requests that measures it; each connection goes on from one of those named."""
        spoken = "chat" if self.raw else api
        model = self.models + ("paced" if kind == "paced" else "bench")
        bodies = [
            body_of(spoken, model=model, stream=kind != "json", load=load, previous=previous)
            for previous in goes_on_from or (self.previous,)
        ]
        return Order(
            port=self.port,
            path=APIS[spoken],
            headers=self.headers,
            bodies=[msgspec.Raw(msgspec.json.encode(body)) for body in bodies],
            connections=connections,
            seconds=seconds,
            kind=kind,
            api=spoken,
            deltas=deltas,
            most=most,
        )

    def post(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        """Ask it one thing."""
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.port}{path}",
            data=msgspec.json.encode(body),
            headers=self.headers | {"content-type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=30) as answer:
            return msgspec.json.decode(answer.read())


@contextmanager
def mock(*, deltas: int, paced_deltas: int) -> Iterator[Subject]:
    """The upstream, measured directly."""
    port = free_port()
    counts = ("--deltas", str(deltas), "--paced-deltas", str(paced_deltas))
    with Child(python("bench.mock", "--port", str(port), *counts), port=port) as child:
        yield Subject("direct", port, child.pid, raw=True)


@contextmanager
def relay(upstream: Subject, *, name: str = "relay") -> Iterator[Subject]:
    """The yardstick in front of the mock."""
    port = free_port()
    url = f"http://127.0.0.1:{upstream.port}/v1/chat/completions"
    command = python("bench.relay", "--port", str(port), "--upstream", url)
    with Child(command, port=port, ready="/") as child:
        yield Subject(name, port, child.pid, child.ready_after, raw=True)


@contextmanager
def service(upstream: Subject, *, folder: Path) -> Iterator[Subject]:
    """The service in front of the mock, on a fresh database, with a key that cannot run dry."""
    port, config = free_port(), folder / "bench.toml"
    config.write_text(CONFIG.format(port=port, upstream=upstream.port))
    command = python("service", "serve", "--config", str(config))
    quiet = {"DRAGOMAN_QUIET": "1"}
    with Child(command, port=port, ready="/health/ready", environment=quiet) as child:
        headers = {"authorization": f"Bearer {create_key(config)}"}
        subject = Subject("service", port, child.pid, child.ready_after, headers=headers)
        yield msgspec.structs.replace(subject, previous=earlier_turns(subject))


def earlier_turns(subject: Subject) -> str | None:
    """Have a short conversation; gives its last response."""
    previous = None
    for _ in range(EARLIER):
        body = body_of("turns", model="mock/bench", stream=False, previous=previous)
        previous = subject.post("/v1/responses", body)["id"]
    return previous


def create_key(config: Path) -> str:
    """A key with an unlimited balance, made the way an operator makes one."""
    options = ("keys", "create", "--name", "bench", "--unlimited", "--json", "--config", str(config))
    command = python("service", *options)
    printed = subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE, timeout=60).stdout
    return json.loads(printed)["key"]
