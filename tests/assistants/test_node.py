"""Clients from npm as they were and as they are, and the code of two guides, against a service of its own
process. The guides lie beside the checkout; without them, or without npm, these tests say so and skip."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.support import npm
from tests.support.clients import Node, Served
from tests.support.documents import ROOT
from tests.support.processes import free_port, running
from tests.support.upstream import upstream_in_thread

NPM = Path(__file__).with_name("npm")
REFERENCE = ROOT / ".." / "shared" / "reference"
PACKAGES = ("openai", "openai-now")
"""Version 4.86.2 and the newest."""


def configuration(upstream: str) -> str:
    """Models that answer, call a function first, or never come to an end, and the names guides use."""
    return f"""
[models]
"gpt-4-turbo" = "local/tool"
"gpt-3.5-turbo" = "local/scripted-1"
[providers.local]
kind = "openai-compatible"
base_url = "{upstream}/v1"
expose = ["scripted-1", "tool", "stall"]
free = true
"""


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """The service and its upstream."""
    folder = tmp_path_factory.mktemp("assistants")
    config = folder / "dragoman.toml"
    environment = {
        "DRAGOMAN__STORE__URL": f"sqlite:///{folder / 'dragoman.db'}",
        "DRAGOMAN__METRICS__PORT": str(free_port()),
    }
    with upstream_in_thread() as upstream:
        config.write_text(configuration(upstream.base_url))
        with running(config, environment=environment) as process:
            yield Served(process.base_url, process.create_key(), upstream, process.log)


@pytest.fixture(scope="module")
def node(served: Served) -> Node:
    """Checks written in JavaScript."""
    npm.node_modules(NPM, seconds=300)
    return Node(served, NPM)


def reference(prefix: str) -> str:
    """A guide that lies beside the checkout."""
    found = sorted(REFERENCE.glob(f"{prefix}_*.txt"))
    if not found:
        pytest.skip(f"no guide {prefix}_….txt in {REFERENCE}")
    return found[0].read_text()


@pytest.mark.parametrize("package", PACKAGES)
def test_a_run_is_polled_and_given_its_outputs(node: Node, package: str):
    waiting, done, text, steps = node.check("assistants.mjs", "polled", package)
    assert (waiting, done) == ("requires_action", "completed")
    assert "found scripted" in text
    assert steps == [["message_creation", "completed"], ["tool_calls", "completed"]]


@pytest.mark.parametrize("package", PACKAGES)
def test_a_run_is_streamed_and_streams_on(node: Node, package: str):
    waiting, done, deltas, text, told = node.check("assistants.mjs", "streamed", package)
    assert (waiting, done, told) == ("requires_action", "completed", True)
    assert deltas == text
    assert "found scripted" in text


@pytest.mark.parametrize("package", PACKAGES)
def test_events_come_in_the_order_of_the_original(node: Node, package: str):
    events = node.check("assistants.mjs", "events", package)
    assert (events[0], events[-2:]) == ("thread.created", ["thread.run.completed", "done"]) or (
        events[0],
        events[-1],
    ) == ("thread.created", "thread.run.completed")


@pytest.mark.parametrize("package", PACKAGES)
def test_a_run_is_cancelled(node: Node, package: str):
    assert node.check("assistants.mjs", "cancelled", package) == ["cancelling", "cancelled"]


@pytest.mark.parametrize("package", PACKAGES)
def test_what_is_missing_is_the_clients_own_error(node: Node, package: str):
    thrown = node.check("assistants.mjs", "missing", package)
    assert (thrown["error"], thrown["status"], thrown["param"]) == ("NotFoundError", 404, "thread_id")


def test_the_code_of_the_guide_runs_as_it_stands(node: Node, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    blocks = re.findall(r"```javascript\n(.*?)```", reference("002"), re.DOTALL)
    code = tmp_path / "guide.js"
    code.write_text("\n".join(blocks))
    data = tmp_path / "data.csv"
    data.write_text("city,degrees\nOslo,21\n")
    monkeypatch.setenv("OPENAI_API_KEY", node.served.key)
    monkeypatch.setenv("OPENAI_BASE_URL", f"{node.served.base_url}/v1")
    found = node.check("guide.mjs", str(code), str(data))
    assert found["assistant"] == ["Data Analyst", "gpt-4-turbo", ["code_interpreter", "file_search"], "auto"]
    role, (attachment,) = found["message"]
    assert (role, attachment["tools"]) == ("user", [{"type": "code_interpreter"}, {"type": "file_search"}])
    assert found["run"] == ["thread.run", "completed"]
    assert found["streamed"].endswith("Run completed")
    assert len(found["streamed"]) > len("Run completed") + 10
    status, text = found["conversation"]
    assert (status, "Sunny" in text) == ("completed", True)
    assert found["handled"] == "completed"
    assert found["whole"] == [["code_interpreter", "function"], 1]
    assert found["attached"] == [["data.csv", len(data.read_bytes())]]
    assert found["errors"] == [
        "Assistant or resource not found",
        "Invalid model specified",
        "Invalid tool configuration",
    ]
    assert found["tries"] == 2


def test_the_route_of_the_tutorial_runs_as_it_stands(
    node: Node, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    page = reference("003")
    begin = page.index("// app/api/assistant/route.ts")
    code = tmp_path / "route.ts"
    code.write_text(page[begin : page.index("Building the Chat Interface")])
    monkeypatch.setenv("OPENAI_API_KEY", node.served.key)
    monkeypatch.setenv("OPENAI_BASE_URL", f"{node.served.base_url}/v1")
    monkeypatch.setenv("ASSISTANT_ID", assistant(node.served, model="gpt-3.5-turbo"))
    found = node.check("route.mjs", str(code), "Hello!", "And again")
    assert found["text"] == ["You said: Hello!", "You said: And again"]
    assert found["same"] is True
    assert set(found["data"]) == {"assistant"}


def assistant(served: Served, **fields: Any) -> str:
    """An assistant made over the API."""
    headers = {"authorization": f"Bearer {served.key}"}
    made = httpx.post(f"{served.base_url}/v1/assistants", json=fields, headers=headers)
    return made.raise_for_status().json()["id"]
