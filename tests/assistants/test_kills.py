"""A real process that is killed with runs on threads: each of them ends or goes on, none is charged
twice, and no thread stays locked."""

from __future__ import annotations

import random
import re
import time
from pathlib import Path
from typing import Any

import httpx

from tests.background.test_restart import broken
from tests.durability.load import configuration
from tests.support.exchange import Exchange
from tests.support.house import eventually
from tests.support.processes import Service
from tests.support.script import Script, ToolCall
from tests.support.upstream import upstream_in_thread
from tests.support.wires.frames import Tokens

ROUNDS, RUNS = 4, 25
OVER = ("completed", "failed", "requires_action")
WORDS = tuple(f"word{place} " for place in range(30))
WEATHER = {"type": "function", "function": {"name": "weather", "parameters": {"type": "object"}}}


def script_of(exchange: Exchange) -> Script:
    """Some answer at once, some slowly, some never finish, some want the weather first."""
    found = re.search(rb"order (\d+)", exchange.raw)
    assert found is not None
    usage = Tokens(input=20, output=30)
    match int(found[1]) % 4:
        case 0:
            return Script(text=WORDS, usage=usage)
        case 1:
            return Script(text=WORDS, usage=usage, pace=0.03)
        case 2:
            return Script(text=WORDS, usage=usage, stall_after_events=20)
        case _ if b"sunny" in exchange.raw:
            return Script(text=WORDS, usage=usage, pace=0.03)
        case _:
            return Script(calls=(ToolCall("weather"),), usage=usage)


def test_of_a_hundred_runs_killed_each_ends_or_goes_on(tmp_path: Path):
    config, chance = tmp_path / "dragoman.toml", random.Random(7)
    with upstream_in_thread() as upstream:
        upstream.answer_with(script_of)
        config.write_text(configuration(upstream.base_url))
        service = Service(config, environment={"UPSTREAM_KEY": "sk-scripted"})
        service.start()
        headers = {"authorization": f"Bearer {service.create_key()}"}
        seen: list[str] = []
        try:
            for number in range(ROUNDS):
                with httpx.Client(base_url=service.base_url, headers=headers) as http:
                    runs = [begin(http, number * RUNS + place) for place in range(RUNS)]
                    time.sleep(chance.uniform(0.0, 0.5))
                    give_some(http, runs)
                service.kill()
                service.start()
                with httpx.Client(base_url=service.base_url, headers=headers) as http:
                    seen += [finish(http, run) for run in runs]
                    assert all(is_free(http, run) for run in runs)
            assert {"completed", "failed"} == set(seen)
            assert broken(tmp_path / "books.db") == []
        finally:
            if service.is_running():
                service.kill()
    assert len(seen) == ROUNDS * RUNS
    assert "ledger_settled_twice" not in service.log.read_text()


def begin(http: httpx.Client, number: int) -> str:
    """A run on a thread of its own; its path."""
    body = {
        "assistant_id": "local/scripted-1",
        "thread": {"messages": [{"role": "user", "content": f"order {number}"}]},
        "tools": [WEATHER] if number % 4 == 3 else [],
    }
    run = http.post("/v1/threads/runs", json=body).raise_for_status().json()
    return f"/v1/threads/{run['thread_id']}/runs/{run['id']}"


def give_some(http: httpx.Client, runs: list[str]) -> None:
    """Answer the calls of every second run that waits by now."""
    waiting = [run for run in (http.get(path).json() for path in runs) if run["status"] == "requires_action"]
    for run in waiting[::2]:
        give(http, run)


def give(http: httpx.Client, run: dict[str, Any]) -> None:
    calls = run["required_action"]["submit_tool_outputs"]["tool_calls"]
    outputs = [{"tool_call_id": call["id"], "output": "sunny"} for call in calls]
    path = f"/v1/threads/{run['thread_id']}/runs/{run['id']}/submit_tool_outputs"
    http.post(path, json={"tool_outputs": outputs}).raise_for_status()


def over(http: httpx.Client, path: str) -> dict[str, Any]:
    """The run once it is over or waits."""
    eventually(lambda: http.get(path).json()["status"] in OVER)
    return http.get(path).json()


def finish(http: httpx.Client, path: str) -> str:
    """How a run ends; one that waits is given what it wants. What is shown of it fits together."""
    run = over(http, path)
    if run["status"] == "requires_action":
        give(http, run)
        run = over(http, path)
    steps = http.get(path + "/steps").json()["data"]
    assert {step["status"] for step in steps} <= {"completed", "failed"}, steps
    assert sum(step["usage"]["total_tokens"] for step in steps) <= run["usage"]["total_tokens"]
    return run["status"]


def is_free(http: httpx.Client, path: str) -> bool:
    """Whether the thread of a run takes messages again."""
    thread = path.partition("/runs/")[0]
    return http.post(thread + "/messages", json={"role": "user", "content": "x"}).status_code == 200
