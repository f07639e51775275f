"""Servers that are programs: started when they are needed, shared by runs, restarted, ended."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from pathlib import Path

import httpx
import pytest

from service.tools.base import ToolOutcome
from service.tools.mcp import failures
from service.tools.mcp.servers import McpServers
from service.tools.mcp.tools import McpTools
from specs.errors import InvalidRequest
from specs.items import FunctionCall
from specs.tools import McpServer
from tests.mcp.conftest import settings, tools_of
from tests.support.house import service_in_thread
from tests.support.script import Script, ToolCall
from tests.support.upstream import until, upstream_in_thread

pytestmark = pytest.mark.anyio
NEAR = Path(__file__).with_name("near.py")


@pytest.fixture
def starts(tmp_path: Path) -> Path:
    return tmp_path / "starts"


@pytest.fixture
def near(servers: McpServers, tmp_path: Path, starts: Path) -> McpServers:
    servers.take(settings(tmp_path, configured(starts), TOKEN="t0ken"))
    return servers


def configured(starts: Path, extra: str = "") -> str:
    return f"""
[mcp.near]
command = "{sys.executable}"
args = ["{NEAR}", "{starts}"]
env = {{KEY = "env:TOKEN", PLAIN = "yes"}}
shared = true
{extra}
"""


async def opened(servers: McpServers) -> McpTools:
    tools = tools_of(servers, McpServer("near", connector="near"))
    assert (await tools.list_tools("near")).error is None
    return tools


async def said(tools: McpTools, tool: str, arguments: str = "{}") -> ToolOutcome:
    return await tools.call(FunctionCall("fc", "c", f"near__{tool}", arguments))


def times(starts: Path) -> int:
    return starts.read_text().count("started") if starts.exists() else 0


def alive(pid: str | None) -> bool:
    try:
        os.kill(int(pid or ""), 0)
    except ProcessLookupError:
        return False
    return True


async def test_a_program_starts_when_it_is_needed_and_serves_every_run(near: McpServers, starts: Path):
    assert times(starts) == 0
    first, second = await opened(near), await opened(near)
    assert (await said(first, "pid")).output == (await said(second, "pid")).output
    await first.aclose()
    assert await said(second, "echo", '{"a":1}') == ToolOutcome(output='{"a": 1}')
    await second.aclose()
    assert times(starts) == 1


async def test_a_program_has_the_environment_it_was_given(near: McpServers, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("DRAGOMAN_SOMETHING", "a secret of the service")
    tools = await opened(near)
    found = json.loads((await said(tools, "environment")).output or "")
    assert (found["KEY"], found["PLAIN"]) == ("t0ken", "yes")
    assert found["PATH"] == os.environ["PATH"]
    assert "DRAGOMAN_SOMETHING" not in found
    await tools.aclose()


async def test_a_program_that_died_is_started_again(near: McpServers, starts: Path):
    tools = await opened(near)
    assert (await said(tools, "die")).error == failures.MAYBE_DONE
    assert (await said(tools, "echo")).output == "{}"
    await tools.aclose()
    assert times(starts) == 2


async def test_a_program_that_died_unseen_is_started_again(near: McpServers, starts: Path):
    tools = await opened(near)
    pid = (await said(tools, "pid")).output
    os.kill(int(pid or ""), 9)
    await until(lambda: not _running("mcp near"))
    assert (await said(tools, "echo")).output == "{}"
    await tools.aclose()


async def test_a_program_that_floods_is_ended(near: McpServers):
    tools = await opened(near)
    pid = (await said(tools, "pid")).output
    assert (await said(tools, "flood")).error == failures.OVERFLOW
    await until(lambda: not alive(pid))
    await tools.aclose()


async def test_noise_of_a_program_is_nobodys_business(near: McpServers, capfd: pytest.CaptureFixture[str]):
    tools = await opened(near)
    assert (await said(tools, "noise")).output == "said"
    await tools.aclose()
    assert "secret" not in "".join(capfd.readouterr())


async def test_programs_end_with_the_service(near: McpServers):
    tools = await opened(near)
    pid = (await said(tools, "pid")).output
    assert alive(pid)
    await tools.aclose()
    await near.aclose()
    assert not alive(pid)


async def test_a_reload_ends_what_it_takes_away_when_the_last_run_has_ended(
    near: McpServers, tmp_path: Path, starts: Path
):
    tools = await opened(near)
    pid = (await said(tools, "pid")).output
    near.take(settings(tmp_path, ""))
    assert (await said(tools, "pid")).output == pid
    gone = tools_of(near, own=(McpServer("near", connector="near"),))
    assert "no server of this name" in ((await gone.list_tools("near")).error or "")
    await tools.aclose()
    await until(lambda: not alive(pid))


async def test_a_reload_leaves_alone_what_it_leaves(near: McpServers, tmp_path: Path, starts: Path):
    tools = await opened(near)
    pid = (await said(tools, "pid")).output
    near.take(settings(tmp_path, configured(starts, 'description = "Near."'), TOKEN="t0ken"))
    again = await opened(near)
    assert (await said(again, "pid")).output == pid
    await again.aclose()
    await tools.aclose()


async def test_a_program_that_cannot_be_started_is_told(servers: McpServers, tmp_path: Path):
    servers.take(settings(tmp_path, '[mcp.near]\ncommand = "no-such-program"\nshared = true'))
    tools = tools_of(servers, McpServer("near", connector="near"))
    assert (await tools.list_tools("near")).error == failures.NOT_STARTED
    await tools.aclose()


async def test_callers_reach_only_what_is_shared_and_agents_what_they_name(
    servers: McpServers, tmp_path: Path, starts: Path
):
    text = configured(starts).replace("shared = true", "")
    agent = '[[agents]]\nid = "agent_a"\nmodel = "demo/scene"\nmcp = ["near"]'
    servers.take(settings(tmp_path, text + agent, TOKEN="t0ken"))
    mine = McpServer("near", connector="near")
    with pytest.raises(InvalidRequest):
        tools_of(servers, mine)
    for tools, reached in (
        (tools_of(servers, own=(mine,), agent="agent_b"), False),
        (tools_of(servers, own=(mine,), agent="agent_a"), True),
    ):
        assert ((await tools.list_tools("near")).error is None) is reached
        await tools.aclose()


def _running(name: str) -> bool:
    return any(task.get_name() == name for task in asyncio.all_tasks())


def test_a_program_ends_when_the_service_does(tmp_path: Path, starts: Path):
    call = Script(calls=(ToolCall("near__pid", ("{}",)),))
    with upstream_in_thread() as upstream:
        upstream.enqueue(call, Script(text=("There.",)))
        config = f"""
{configured(starts)}
[providers.local]
kind = "openai-compatible"
base_url = "{upstream.base_url}/v1"
free = true
[[agents]]
id = "agent_near"
model = "local/m"
mcp = ["near"]
""".replace("env:TOKEN", "plain")
        with service_in_thread(config, tmp_path) as service:
            body = {"model": "agent_near", "input": "Which process?"}
            url = f"{service.base_url}/v1/responses"
            answer = httpx.post(url, json=body, headers=service.key().headers).json()
            pid = next(item["output"] for item in answer["output"] if item["type"] == "mcp_call")
            assert alive(pid)
    assert not alive(pid)
