"""The protocol's reference server from npm, which uses everything there is, over each transport."""

from __future__ import annotations

import os
import socket
import subprocess
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import pytest

from service.tools.mcp.servers import McpServers
from service.tools.mcp.tools import McpTools
from service.tools.sampler import Question, Reply
from specs.items import FunctionCall, plain_text
from specs.tools import McpServer
from tests.mcp.conftest import settings, tools_of
from tests.support.npm import node_modules
from tests.support.patience import PATIENCE
from tests.support.processes import free_port
from tests.support.upstream import until

pytestmark = pytest.mark.anyio
NPM = Path(__file__).with_name("npm")


@pytest.fixture(scope="module")
def program() -> Path:
    return node_modules(NPM) / "@modelcontextprotocol/server-everything/dist/index.js"


@pytest.fixture(params=["stdio", "streamableHttp", "sse"])
async def tools(
    request: pytest.FixtureRequest, program: Path, servers: McpServers, tmp_path: Path
) -> AsyncIterator[McpTools]:
    if request.param == "stdio":
        servers.take(settings(tmp_path, f'[mcp.all]\ncommand = "node"\nargs = ["{program}"]\nshared = true'))
        server = McpServer("all", connector="all")
        found = tools_of(servers, server)
        yield found
        await found.aclose()
        return
    port = free_port()
    with _running(program, request.param, port):
        await until(lambda: _listens(port))
        path = "sse" if request.param == "sse" else "mcp"
        found = tools_of(servers, McpServer("all", f"http://127.0.0.1:{port}/{path}"))
        yield found
        await found.aclose()


async def test_everything_is_listed_and_called(tools: McpTools):
    listed = await tools.list_tools("all")
    assert (listed.error, listed.left_out) == (None, ())
    names = {tool.name for tool in listed.tools}
    assert {"echo", "get-sum", "get-tiny-image", "get-structured-content"} <= names

    async def call(name: str, arguments: str) -> str:
        outcome = await tools.call(FunctionCall("fc", "c", f"all__{name}", arguments))
        return outcome.output or f"error: {outcome.error}"

    assert await call("echo", '{"message":"hello"}') == "Echo: hello"
    assert "5" in await call("get-sum", '{"a":2,"b":3}')
    assert "[image: image/png, " in await call("get-tiny-image", "{}")
    assert '"temperature"' in await call("get-structured-content", '{"location":"Chicago"}')
    assert (await call("get-sum", '{"a":"x"}')).startswith("error: ")
    long = '{"duration":0.2,"steps":4}'
    assert "completed" in await call("trigger-long-running-operation", long)
    asked = await call("trigger-sampling-request", '{"prompt":"hi","maxTokens":5}')
    assert asked.startswith("error: ")


class Parrot:
    """Says what it was asked."""

    async def ask(self, question: Question) -> Reply:
        """Say it."""
        return Reply(f"You said {plain_text(question.messages[0].content)}", "parrot", "stop")


@pytest.mark.parametrize("transport", ["stdio", "streamableHttp", "sse"])
async def test_it_asks_the_model_where_it_may(
    transport: str, program: Path, servers: McpServers, tmp_path: Path
):
    port = free_port()
    at = f'command = "node"\nargs = ["{program}"]'
    with ExitStack() as stack:
        if transport != "stdio":
            stack.enter_context(_running(program, transport, port))
            await until(lambda: _listens(port))
            at = f'url = "http://127.0.0.1:{port}/{"sse" if transport == "sse" else "mcp"}"'
        servers.take(settings(tmp_path, f"[mcp.all]\n{at}\nshared = true\nsampling_calls = 1"))
        tools = tools_of(servers, McpServer("all", connector="all"), sampler=Parrot())
        assert (await tools.list_tools("all")).error is None
        arguments = '{"prompt":"hello","maxTokens":5}'
        said = [
            await tools.call(FunctionCall("fc", "c", "all__trigger-sampling-request", arguments))
            for _ in range(2)
        ]
        await tools.aclose()
    assert "You said " in (said[0].output or "")
    assert "hello" in (said[0].output or "")
    assert "cannot be asked for more" in (said[1].error or "")


@contextmanager
def _running(program: Path, transport: str, port: int) -> Iterator[None]:
    process = subprocess.Popen(
        ["node", program, transport],
        env={**os.environ, "PORT": str(port)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield
    finally:
        process.kill()
        process.wait(PATIENCE)


def _listens(port: int) -> bool:
    with suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
        return True
    return False
