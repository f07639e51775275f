"""Codex CLI, as installed from npm and configured as its documentation says, over HTTP and WebSocket."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.support.clients import Served, run
from tests.support.exchange import Exchange
from tests.support.house import eventually
from tests.support.script import Script, ToolCall

Codex = Callable[..., list[dict[str, Any]]]
MODELS = ("local/scripted-1", "answers/scripted-1")
CONFIG = """
model_provider = "dragoman"
check_for_update_on_startup = false
[analytics]
enabled = false
[model_providers.dragoman]
name = "Dragoman"
base_url = "{base_url}/v1"
wire_api = "responses"
env_key = "DRAGOMAN_API_KEY"
request_max_retries = 0
stream_max_retries = 0
supports_websockets = {websockets}
"""
METHODS = {"http": "POST", "websocket": "WS"}
"""How the service's log tells of a turn."""


@pytest.fixture(params=METHODS)
def transport(request: pytest.FixtureRequest) -> str:
    """What Codex is told to talk over."""
    return request.param


@pytest.fixture
def codex(served: Served, node_modules: Path, tmp_path: Path, transport: str) -> Codex:
    """`codex exec` in an empty folder; gives the events it reports."""
    home, folder = tmp_path / "home", tmp_path / "folder"
    home.mkdir()
    folder.mkdir()
    (home / "config.toml").write_text(
        CONFIG.format(base_url=served.base_url, websockets=str(transport == "websocket").lower())
    )

    def execute(prompt: str, *, model: str) -> list[dict[str, Any]]:
        # The scripted model's commands are ours, and a container may have no sandbox to offer.
        options = ("--json", "--skip-git-repo-check", "--sandbox", "danger-full-access", "--model", model)
        command = (str(node_modules / ".bin" / "codex"), "exec", *options, prompt)
        own = {"CODEX_HOME": str(home), "HOME": str(home)}
        printed = run(*command, served=served, cwd=folder, environment=own)
        return [json.loads(line) for line in printed.splitlines()]

    return execute


def _items(events: list[dict[str, Any]], kind: str) -> list[dict[str, Any]]:
    done = [event["item"] for event in events if event["type"] == "item.completed"]
    return [item for item in done if item["type"] == kind]


def _calls_the_shell(exchange: Exchange) -> Script | None:
    asked = exchange.body.get("messages") or exchange.body["input"]
    if any(each.get("role") == "tool" or each.get("type") == "function_call_output" for each in asked):
        return None
    return Script(calls=(ToolCall("exec_command", ('{"cmd":', '"echo 6 times $((6 * 7))"}')),))


def _turns(served: Served) -> list[str]:
    """The method of each turn so far."""
    lines = [json.loads(line) for line in served.log.read_text().splitlines() if line.startswith("{")]
    return [line["method"] for line in lines if line.get("path") == "/v1/responses"]


def test_a_prompt_is_answered_by_the_demo_agent(codex: Codex, served: Served, transport: str) -> None:
    """The service logs a turn once its connection has told of its end."""
    before = len(_turns(served))
    (message,) = _items(codex("Hello!", model="agent_demo"), "agent_message")
    assert message["text"].endswith("You said: Hello!")
    eventually(lambda: METHODS[transport] in _turns(served)[before:])
    assert set(_turns(served)[before:]) == {METHODS[transport]}


@pytest.mark.parametrize("model", MODELS)
def test_a_prompt_is_answered_by_a_model(codex: Codex, model: str) -> None:
    events = codex("Hello!", model=model)
    assert [item["text"] for item in _items(events, "agent_message")] == ["You said: Hello!"]
    assert events[-1]["usage"]["output_tokens"] == 3


@pytest.mark.parametrize("model", MODELS)
def test_the_shell_is_called_and_its_output_comes_back(codex: Codex, served: Served, model: str) -> None:
    served.upstream.answer_with(_calls_the_shell)
    events = codex("What is it?", model=model)
    (ran,) = _items(events, "command_execution")
    (message,) = _items(events, "agent_message")
    assert (ran["exit_code"], ran["aggregated_output"].strip()) == (0, "6 times 42")
    assert message["text"].endswith("6 times 42")


def test_a_failure_in_the_stream_is_told_with_its_message(
    served: Served, node_modules: Path, codex: Codex
) -> None:
    with pytest.raises(AssertionError, match="The model's provider is unavailable or overloaded"):
        codex("Say something rather long, please, if you can", model="local/fails-late")
