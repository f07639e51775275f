"""What callers send, what models say and what opens doors never reaches a log or a metric."""

from __future__ import annotations

import base64
import json
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.support.apis import APIS, Api
from tests.support.exchange import Exchange
from tests.support.patience import PATIENCE
from tests.support.processes import ROOT, Service, free_port, running
from tests.support.script import ErrorBody, Script, ToolCall
from tests.support.upstream import Upstream, upstream_in_thread
from tests.telemetry.samples import wire_configuration

CANARY = "canary7f3a9c"
FILE = base64.b64encode(f"%PDF-1.4 {CANARY} in a file".encode()).decode()
UPSTREAM_KEY = f"sk-up-{CANARY}"
TOOL = {"name": "look", "description": CANARY, "parameters": {"type": "object", "properties": {CANARY: {}}}}

Line = dict[str, Any]


def misbehave(exchange: Exchange) -> Script | None:
    """Every way to answer, each of them full of what must not be told."""
    said = Script(text=(f"{CANARY} ", "one", "two", "three"))
    told = ErrorBody(message=CANARY, type=CANARY, code=CANARY, param=CANARY)
    match exchange.body.get("model"):
        case "err-400":
            return Script(status=400, error=told)
        case "err-500":
            return Script(status=500, error=CANARY.encode())
        case "fails-late":
            return Script(text=said.text, error=told, fail_after_events=2)
        case "cut":
            return Script(text=said.text, cut_after_events=3)
        case "garbage":
            return Script(text=said.text, insert=((2, f"data: {{{CANARY}\n\n".encode()),))
        case "tool":
            return Script(calls=(ToolCall("look", (f'{{"{CANARY}":', f'"{CANARY}"}}'), id=f"call_{CANARY}"),))
        case "no-usage":
            return Script(text=said.text, usage_times=0)
        case "stall":
            return Script(text=said.text, stall_after_events=2)
        case _:
            return said


def with_a_file(api: Api) -> dict[str, Any]:
    data = {"filename": f"{CANARY}.pdf", "file_data": f"data:application/pdf;base64,{FILE}"}
    if api.name == "chat":
        content: list[Any] = [{"type": "file", "file": data}, {"type": "text", "text": CANARY}]
        return {"model": "local/scripted-1", "messages": [{"role": "user", "content": content}]}
    if api.name == "messages":
        source = {"type": "base64", "media_type": "application/pdf", "data": FILE}
        content = [{"type": "document", "title": CANARY, "source": source}, {"type": "text", "text": CANARY}]
        messages = [{"role": "user", "content": content}]
        return {"model": "local/scripted-1", "max_tokens": 900, "messages": messages}
    content = [{"type": "input_file", **data}, {"type": "input_text", "text": CANARY}]
    return {"model": "local/scripted-1", "input": [{"role": "user", "content": content}]}


def bodies(api: Api) -> list[dict[str, Any]]:
    """Requests that succeed, fail and are refused."""
    models = ("scripted-1", "err-400", "err-500", "fails-late", "cut", "garbage", "tool", "no-usage")
    plain = [api.body(f"local/{model}", f"Say {CANARY}", tools=(TOOL,)) for model in models]
    odd = api.body("local/scripted-1", CANARY)
    return [
        *plain,
        with_a_file(api),
        api.body(CANARY, CANARY),
        {**odd, "temperature": CANARY},
        {**odd, "user": CANARY, "metadata": {CANARY: CANARY}, CANARY: CANARY},
        {**odd, "tools": [{"type": CANARY}]},
        {**odd, "instructions": CANARY, "prompt_cache_key": CANARY, "safety_identifier": CANARY},
    ]


def knock(service: Service, secret: str) -> list[str]:
    """Send everything that has a way in; gives the ids of the answers."""
    ids: list[str] = []

    def keep(response: httpx.Response) -> None:
        ids.append(response.headers["x-request-id"])

    with httpx.Client(base_url=service.base_url) as http:
        headers = {"authorization": f"Bearer {secret}", f"x-{CANARY}": CANARY, "x-request-id": CANARY}
        for api in APIS:
            for body in bodies(api):
                for stream in (False, True):
                    keep(http.post(api.path, json={**body, "stream": stream}, headers=headers))
            keep(http.post(api.path, content=f'{{"{CANARY}', headers=headers | JSON))
            keep(http.post(api.path, content=CANARY, headers=headers | {"content-type": CANARY}))
            keep(http.post(api.path, json={}, headers={"authorization": f"Bearer sk-drg-{CANARY}"}))
        for path in (
            f"/{CANARY}",
            f"/v1/models/{CANARY}",
            f"/v1/models?{CANARY}={CANARY}",
            f"/health/{CANARY}",
        ):
            keep(http.get(path, headers=headers))
    return ids


JSON = {"content-type": "application/json"}


def leave(service: Service, api: Api, secret: str) -> None:
    """Go away in the middle of a stream."""
    body = {**api.body("local/stall", CANARY), "stream": True}
    with (
        httpx.Client(base_url=service.base_url) as http,
        http.stream("POST", api.path, json=body, headers={"authorization": f"Bearer {secret}"}) as response,
    ):
        next(response.iter_bytes())


def babble(service: Service) -> None:
    """Send what is not HTTP."""
    for sent in (f"{CANARY}\r\n\r\n", f"GET /{CANARY} HTTP/1.1\r\n{CANARY}\r\n\r\n"):
        with socket.create_connection(("127.0.0.1", service.port), timeout=PATIENCE) as connection:
            connection.sendall(sent.encode())
            connection.recv(4096)


def stay(service: Service, api: Api, secret: str, begun: threading.Event) -> None:
    """Follow a stream until the service ends it."""
    body = {**api.body("local/stall", CANARY), "stream": True}
    headers = {"authorization": f"Bearer {secret}"}
    with (
        httpx.Client(base_url=service.base_url) as http,
        http.stream("POST", api.path, json=body, headers=headers) as response,
    ):
        for _ in response.iter_bytes():
            begun.set()


class Told:
    """What a service told of one busy life."""

    def __init__(self, log: str, metrics: str, ids: list[str], secret: str) -> None:
        self.log = log
        self.metrics = metrics
        self.ids = ids
        self.secret = secret

    @property
    def lines(self) -> list[Line]:
        return [json.loads(line) for line in self.log.splitlines()]


def live(upstream: Upstream, folder: Path) -> Told:
    """Start a service, send it everything, and stop it with a stream under way."""
    config, port = folder / "dragoman.toml", free_port()
    config.write_text(
        f"[server]\ndrain_seconds = 0.2\n[metrics]\nport = {port}\n{wire_configuration(upstream.base_url)}"
    )
    with running(config, environment={"UPSTREAM_KEY": UPSTREAM_KEY}) as service:
        secret = service.create_key(name="told")
        ids = knock(service, secret)
        babble(service)
        for api in APIS:
            leave(service, api, secret)
        staying = [threading.Event() for _ in APIS]
        threads = [
            threading.Thread(target=stay, args=(service, api, secret, begun))
            for api, begun in zip(APIS, staying, strict=True)
        ]
        for thread in threads:
            thread.start()
        assert all(begun.wait(10) for begun in staying)
        metrics = httpx.get(f"http://127.0.0.1:{port}/metrics").text
        assert service.stop() == 0
        for thread in threads:
            thread.join()
        return Told(service.log.read_text(), metrics, ids, secret)


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Told]:
    with upstream_in_thread() as upstream:
        upstream.answer_with(misbehave)
        yield live(upstream, tmp_path_factory.mktemp("canary"))


def test_no_content_and_no_key_is_in_the_log_or_the_metrics(told: Told):
    for secret in (CANARY, FILE[:40], told.secret, told.secret[-20:], UPSTREAM_KEY):
        assert secret not in told.log
        assert secret not in told.metrics


def test_every_line_is_json_with_one_event_name(told: Told):
    for line in told.lines:
        assert line["event"].replace("_", "").isalpha(), line
        assert {"time", "level"} <= line.keys()


def test_every_answer_has_exactly_one_line_under_its_request_id(told: Told):
    logged = [line["request_id"] for line in told.lines if line["event"] == "request"]
    assert len(set(logged)) == len(logged)
    assert set(told.ids) <= set(logged)
    assert len(logged) == len(told.ids) + 2 * len(APIS)


def test_a_line_tells_who_asked_what_ran_and_what_it_cost(told: Told):
    lines = [line for line in told.lines if line.get("model") == "local/tool"]
    assert len(lines) == 2 * len(APIS)
    for line in lines:
        assert line["key"].startswith("key_")
        assert line["run"].startswith("run_")
        assert (line["agent"], line["method"], line["status"]) == ("local/tool", "POST", 200)
        assert line["path"] in [api.path for api in APIS]
        assert line["api"] in [api.name for api in APIS]
        assert line["outcome"] == "completed"
        assert line["cost"] == line["input"] * 2_000 + line["output"] * 8_000 > 0
        assert line["ms"] > 0


def test_a_failed_run_tells_its_code_and_its_attempts_the_upstream_s_status(told: Told):
    lines = [line for line in told.lines if line.get("model") == "local/err-500"]
    assert [line["error"] for line in lines] == ["upstream_unavailable"] * 2 * len(APIS)
    for line in lines:
        attempts = [
            each["upstream_status"]
            for each in told.lines
            if each["event"] == "upstream_failed" and each["request_id"] == line["request_id"]
        ]
        assert attempts == [500, 500]


def test_a_caller_that_left_is_told_with_the_cost_of_the_run_it_left(told: Told):
    left = [line for line in told.lines if line.get("error") == "client_disconnected"]
    assert len(left) == len(APIS)
    assert all(line["outcome"] == "cancelled" and line["cost"] > 0 for line in left)


def test_what_is_no_request_is_told_by_its_status_and_code(told: Told):
    refused = [line for line in told.lines if line["event"] == "connection_refused"]
    assert [(line["status"], line["error"]) for line in refused] == [(400, "invalid_request")] * 2
    assert all(line["request_id"] for line in refused)


def test_a_stream_ended_by_a_stop_is_told(told: Told):
    stopped = [line for line in told.lines if line.get("error") == "shutting_down"]
    assert len(stopped) == len(APIS)


def test_crashes_are_told_by_class_and_place_alone(tmp_path: Path):
    done = subprocess.run(
        [sys.executable, "-m", "tests.telemetry.crashing", str(tmp_path), CANARY],
        cwd=ROOT, capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    lines: list[Line] = [json.loads(line) for line in done.stderr.splitlines()]
    assert done.returncode == 1
    assert done.stdout == ""
    assert CANARY not in done.stderr
    events = [line["event"] for line in lines if line["event"] not in ("request", "library_log")]
    assert sorted(events) == sorted(
        ["run_crashed"] * 2 * len(APIS)
        + ["request_crashed"] * 2 * len(APIS)
        + ["loop_exception"] * 2
        + ["exception_ignored", "thread_crashed", "process_crashed"]
    )
    for line in lines:
        if "exception" in line:
            assert line["exception"][0]["type"] in ("ValueError", "KeyError")
            assert line["exception"][0]["at"]
    assert [line["message"] for line in lines if line["event"] == "library_log"] == [
        "cannot parse %r",
        "Task exception was never retrieved",
    ]
    crashed = [line for line in lines if line["event"] in ("run_crashed", "request_crashed")]
    asked = {line["request_id"] for line in lines if line["event"] == "request"}
    assert {line["request_id"] for line in crashed} == asked
    assert len(asked) == 4 * len(APIS)
