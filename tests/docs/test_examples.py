"""Every file in examples/ does what it is there for."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

from tests.support.documents import ROOT, load_text
from tests.support.patience import PATIENCE
from tests.support.reader import Reader

EXAMPLES = ROOT / "examples"
SAID = (
    "This is the demo provider, not a language model: I understand nothing and only repeat. You said: Hello!"
)


def _files(pattern: str) -> list:
    return [pytest.param(file, id=file.name) for file in sorted(EXAMPLES.glob(pattern))]


def test_every_example_is_in_the_list_and_tried_here() -> None:
    listed = set(re.findall(r"\]\(([^)]+)\)", (EXAMPLES / "README.md").read_text()))
    there = {file.name for file in EXAMPLES.iterdir()} - {"README.md"}
    assert listed == there
    assert {Path(name).suffix for name in there} <= {".toml", ".py", ".mjs", ".sh", ""}


@pytest.mark.parametrize("file", _files("*.toml"))
def test_a_configuration_loads_with_the_agent_files(file: Path, tmp_path: Path) -> None:
    (tmp_path / "agents").symlink_to(EXAMPLES / "agents")
    settings = load_text(file.read_text(), tmp_path)
    assert {"agent_support", "agent_translator"} <= {agent.id for agent in settings.agents}


@pytest.mark.parametrize("name", ["ollama.toml", "vllm.toml", "llama-cpp.toml"])
def test_a_model_on_ones_own_machine_is_free(name: str, tmp_path: Path) -> None:
    settings = load_text((EXAMPLES / name).read_text(), tmp_path)
    assert settings.pricing["local"].free


def test_every_model_of_the_hosted_example_has_a_price(tmp_path: Path) -> None:
    file = tmp_path / "dragoman.toml"
    file.write_text((EXAMPLES / "hosted.toml").read_text())
    (tmp_path / "secrets").mkdir()
    (tmp_path / "secrets" / "anthropic").write_text("a secret")
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("DRAGOMAN")}
    done = subprocess.run(
        [sys.executable, "-m", "service", "config", "check", "--config", str(file)],
        cwd=ROOT,
        env={**inherited, "OPENAI_API_KEY": "a-secret", "MISTRAL_API_KEY": "a-secret"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr


def test_the_local_model_answers_for_nothing(reader: Reader) -> None:
    _, key = reader.spare_key()
    asked = urllib.request.Request(
        f"{reader.base_url}/v1/chat/completions",
        json.dumps({"model": "local/llama3.2", "messages": [{"role": "user", "content": "Hi"}]}).encode(),
        {"Authorization": f"Bearer {key}", "Content-Type": "application/json"},
    )
    with urllib.request.urlopen(asked, timeout=PATIENCE) as answer:
        assert json.load(answer)["choices"][0]["message"]["content"]
    asked = urllib.request.Request(f"{reader.base_url}/v1/key", headers={"Authorization": f"Bearer {key}"})
    with urllib.request.urlopen(asked, timeout=PATIENCE) as answer:
        assert json.load(answer)["settled"] == "0.00"


@pytest.mark.parametrize("file", _files("*.py"))
def test_a_python_example_runs(reader: Reader, file: Path) -> None:
    printed = _printed(reader, sys.executable, str(file))
    expected = {
        "first_request.py": SAID,
        "tools.py": "It is 21 °C in Lisbon.",
        "balance.py": "input and 21 output tokens cost $0.0000088",
    }
    assert expected[file.name] in printed


def test_the_javascript_example_runs(reader: Reader, node_modules: Path) -> None:
    copy = node_modules.parent / "node_modules" / "first_request.mjs"  # where its import is found
    copy.write_text((EXAMPLES / "first_request.mjs").read_text())
    assert _printed(reader, "node", str(copy)).count(SAID) == 2


def test_the_shell_example_runs(reader: Reader) -> None:
    assert _printed(reader, "bash", "-euo", "pipefail", str(EXAMPLES / "first_request.sh")).count(SAID) == 2


def _printed(reader: Reader, *command: str) -> str:
    done = reader.run("env", f"DRAGOMAN_URL={reader.base_url}", *command, page="examples")
    assert done.returncode == 0, done.stderr
    return done.stdout
