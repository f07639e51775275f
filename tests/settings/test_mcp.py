"""[mcp.NAME] of a configuration."""

from __future__ import annotations

from pathlib import Path

import pytest

from service.settings import SettingsError, load
from specs.mcp import Program
from specs.secret import Secret
from specs.tools import ApprovalFilter, McpServer, ToolFilter


def written(folder: Path, text: str) -> Path:
    file = folder / "dragoman.toml"
    file.write_text(text)
    return file


def test_servers_are_read_with_their_secrets(tmp_path: Path):
    file = written(
        tmp_path,
        """
[mcp.far]
url = "https://mcp.example/"
authorization = "env:TOKEN"
headers = {x-team = "blue", x-key = "env:TOKEN"}
allowed_tools = ["search"]
require_approval = "never"
shared = true
[mcp.near]
command = "some-server"
args = ["--quiet"]
env = {KEY = "env:TOKEN"}
read_only = true
require_approval = {never = {read_only = true}, always = {tool_names = ["drop"]}}
[[agents]]
id = "agent_a"
model = "demo/scene"
mcp = ["far"]
""",
    )
    settings = load(file, {"TOKEN": "t0ken"})
    far, near = settings.mcp
    assert (far.url, far.authorization, far.approval) == ("https://mcp.example/", Secret("t0ken"), "never")
    assert far.headers == {"x-team": Secret("blue"), "x-key": Secret("t0ken")}
    assert (far.allowed, far.shared) == (ToolFilter(("search",)), True)
    assert near.program == Program("some-server", ("--quiet",), {"KEY": Secret("t0ken")}, tmp_path)
    assert near.allowed == ToolFilter(read_only=True)
    assert near.approval == ApprovalFilter(ToolFilter(("drop",)), ToolFilter(read_only=True))
    agent = next(agent for agent in settings.agents if agent.id == "agent_a")
    assert agent.tools == (McpServer("far", connector="far"),)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (
            '[mcp.a]\nurl = "https://a.example"\nrequire_approval = "maybe"',
            "mcp.a.require_approval: must be 'always', 'never' or a table, is 'maybe'",
        ),
        ("[mcp.a]", "mcp.a: needs either a url or a command"),
        ('[mcp.a]\nurl = "https://a.example"\ncommand = "a"', "mcp.a: needs either a url or a command"),
        ('[mcp.a]\nurl = "ftp://a.example"', "mcp.a.url: 'ftp://a.example' must be an http or https address"),
        ('[mcp.a]\nurl = "https://a.example"\nargs = ["b"]', "mcp.a.args: belongs to a command"),
        ('[mcp.a]\ncommand = "a"\nheaders = {x = "y"}', "mcp.a.headers: belongs to a url"),
        ('[mcp.a]\ncommand = "a"\nenv = {"A=B" = "y"}', 'mcp.a.env."A=B": is no valid name'),
        ('[mcp.a]\nurl = "https://a.example"\nauthorization = "env:NONE"', "NONE is not set"),
        ('[mcp."a b"]\nurl = "https://a.example"', "a server's name may hold"),
        ('[[agents]]\nid = "agent_a"\nmodel = "demo/scene"\nmcp = ["a"]', "agents[0].mcp[0]: 'a' is unknown"),
    ],
)
def test_what_is_wrong_with_a_server_is_told(tmp_path: Path, text: str, told: str):
    with pytest.raises(SettingsError) as caught:
        load(written(tmp_path, text), {})
    assert told in str(caught.value)
