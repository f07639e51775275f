"""Claude Code, as installed from npm, in print mode, and configured as docs/apis.md says."""

from __future__ import annotations

import json
import platform
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.support.clients import Served, run
from tests.support.exchange import Exchange
from tests.support.script import Script, ToolCall

ClaudeCode = Callable[..., dict[str, Any]]
MODELS = ("local/scripted-1", "answers/scripted-1", "letters/scripted-1")
QUIET = {"CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1", "DISABLE_AUTOUPDATER": "1"}


@pytest.fixture
def claude_code(served: Served, node_modules: Path, tmp_path: Path) -> ClaudeCode:
    """`claude -p` in an empty folder; gives the result it reports."""
    home, folder = tmp_path / "home", tmp_path / "folder"
    home.mkdir()
    folder.mkdir()
    package = node_modules / "@anthropic-ai"
    if not any(package.glob("claude-code-*")):
        pytest.skip(f"npm has no Claude Code for {platform.system()} on {platform.machine()}")

    def execute(prompt: str, *options: str, model: str) -> dict[str, Any]:
        command = ("node", str(package / "claude-code" / "cli-wrapper.cjs"), "-p", prompt)
        own = {
            "HOME": str(home),
            "CLAUDE_CONFIG_DIR": str(home / ".claude"),
            "ANTHROPIC_BASE_URL": served.base_url,
            "ANTHROPIC_AUTH_TOKEN": served.key,
            "ANTHROPIC_API_KEY": "",
            "ANTHROPIC_MODEL": model,
            "ANTHROPIC_DEFAULT_HAIKU_MODEL": model,
            **QUIET,
        }
        asked = (*command, "--output-format", "json", *options)
        return json.loads(run(*asked, served=served, cwd=folder, environment=own))

    return execute


def _says_six_times(exchange: Exchange) -> Script:
    """Calls the shell once, then tells what came back."""
    if "times 42" in exchange.raw.decode():
        return Script(text=("It is ", "42"))
    return Script(calls=(ToolCall("Bash", ('{"command":', '"echo 6 times $((6 * 7))"}')),))


def test_a_prompt_is_answered_by_the_demo_agent(claude_code: ClaudeCode) -> None:
    result = claude_code("Hello!", model="agent_demo")
    assert (result["subtype"], result["is_error"]) == ("success", False)
    assert result["result"].startswith("This is the demo provider")
    assert result["result"].endswith("Hello!")


@pytest.mark.parametrize("model", MODELS)
def test_the_shell_is_called_and_its_output_comes_back(
    claude_code: ClaudeCode, served: Served, model: str
) -> None:
    served.upstream.answer_with(_says_six_times)
    result = claude_code("What is it?", "--allowedTools", "Bash(echo:*)", model=model)
    assert (result["result"], result["num_turns"]) == ("It is 42", 2)


def test_what_it_marks_for_the_cache_is_marked_upstream(claude_code: ClaudeCode, served: Served) -> None:
    claude_code("Hello!", model="letters/scripted-1")
    sent = served.upstream.exchanges[-1].body
    assert [block["cache_control"]["type"] for block in sent["system"]] == ["ephemeral"] * len(sent["system"])
    assert sent["thinking"]["type"] in ("enabled", "adaptive")


def test_a_failure_is_told_with_its_code(claude_code: ClaudeCode) -> None:
    with pytest.raises(AssertionError, match='"api_error_code":"model_not_found"'):
        claude_code("Hello!", model="agent_unheard_of")
