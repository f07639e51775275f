"""`dragoman mcp check NAME`."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from service.cli import dragoman

NEAR = Path(__file__).with_name("near.py")


@pytest.fixture
def config(tmp_path: Path) -> Path:
    file = tmp_path / "dragoman.toml"
    file.write_text(
        f"""
[mcp.near]
command = "{sys.executable}"
args = ["{NEAR}", "{tmp_path / "starts"}"]
allowed_tools = ["pid", "echo"]
[mcp.far]
url = "http://10.0.0.1/mcp"
"""
    )
    return file


def check(config: Path, *arguments: str) -> tuple[int, str]:
    done = CliRunner().invoke(dragoman, ["mcp", "check", *arguments, "--config", str(config)])
    return done.exit_code, done.output


def test_the_tools_of_a_server_are_shown(config: Path):
    code, told = check(config, "near")
    assert code == 0, told
    assert [line.split() for line in told.splitlines()[1:]] == [
        ["pid", "near__pid", "no", "no"],
        ["echo", "near__echo", "no", "no"],
    ]
    code, told = check(config, "near", "--json")
    assert [tool["name"] for tool in json.loads(told)["tools"]] == ["pid", "echo"]


def test_a_server_that_cannot_be_asked_is_told(config: Path):
    code, told = check(config, "far")
    assert (code, "not one that may be called" in told) == (1, True)
    code, told = check(config, "nearr")
    assert (code, "did you mean 'near'?" in told) == (1, True)
