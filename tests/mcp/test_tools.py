"""Servers built with the library's own server, asked as a run asks them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest

from service.secrets import Sealer
from service.tools.base import ToolOutcome
from service.tools.credentials import Credential, in_request, seal
from service.tools.mcp.servers import McpServers
from specs.items import FunctionCall
from specs.requests import FunctionTool
from specs.secret import Secret
from specs.tools import McpServer, ToolFilter
from tests.mcp.conftest import settings, tools_of
from tests.mcp.shop import Shop, serving

pytestmark = pytest.mark.anyio


def call(name: str, arguments: str = "{}") -> FunctionCall:
    return FunctionCall("fc", "c", name, arguments)


@pytest.fixture(params=["http", "sse"])
async def shop(request: pytest.FixtureRequest) -> AsyncIterator[tuple[Shop, str]]:
    found = Shop()
    async with serving(found.app(request.param), found) as url:
        yield found, url


async def test_a_server_is_listed_and_called(shop: tuple[Shop, str], servers: McpServers):
    asked, url = shop
    tools = tools_of(servers, McpServer("shop", url))
    listed = await tools.list_tools("shop")
    names = [tool.name for tool in listed.tools]
    assert (listed.error, names) == (None, ["price", "buy", "fail", "wait", "advise"])
    price = tools.definitions[0]
    assert isinstance(price, FunctionTool)
    assert (price.name, price.description) == ("shop__price", "What an item costs.")
    assert msgspec.json.decode(msgspec.json.encode(price.parameters))["required"] == ["item"]
    assert await tools.call(call("shop__price", '{"item":"fig"}')) == ToolOutcome(output="7")
    assert "no such luck" in ((await tools.call(call("shop__fail"))).error or "")
    assert asked.calls == [("price", "fig")]
    await tools.aclose()


async def test_a_callers_server_gets_its_credential_and_asks(
    shop: tuple[Shop, str], servers: McpServers, sealer: Sealer
):
    asked, url = shop
    given = Credential({"X-Team": Secret("blue")}, Secret("t0ken"))
    server = McpServer("shop", url, credential=seal(given, sealer, about=in_request("proj_a")))
    tools = tools_of(servers, server)
    assert (await tools.list_tools("shop")).error is None
    assert {each.get("authorization") for each in asked.headers} == {"Bearer t0ken"}
    assert {each.get("x-team") for each in asked.headers} == {"blue"}
    known = tools.known("shop__buy")
    assert known is not None
    assert (known.label, known.name, known.asks, len(known.fingerprint)) == ("shop", "buy", True, 32)
    await tools.aclose()


async def test_only_allowed_tools_are_offered(shop: tuple[Shop, str], servers: McpServers):
    _, url = shop
    tools = tools_of(servers, McpServer("shop", url, allowed=ToolFilter(read_only=True)))
    listed = await tools.list_tools("shop")
    assert [tool.name for tool in listed.tools] == ["price"]
    assert tools.known("shop__buy") is None
    assert (await tools.call(call("shop__buy"))).error == "There is no tool 'shop__buy'."
    await tools.aclose()


async def test_a_header_may_hold_more_than_english(
    shop: tuple[Shop, str], servers: McpServers, sealer: Sealer
):
    asked, url = shop
    sealed = seal(Credential({"x-name": Secret("José")}), sealer, about=in_request("proj_a"))
    tools = tools_of(servers, McpServer("shop", url, credential=sealed))
    assert (await tools.list_tools("shop")).error is None
    assert asked.headers[0]["x-name"] == "José"
    await tools.aclose()


async def test_an_operators_headers_are_the_operators_and_authorization_may_be_the_callers(
    shop: tuple[Shop, str], servers: McpServers, sealer: Sealer, tmp_path: Path
):
    asked, url = shop
    servers.take(
        settings(
            tmp_path,
            f'[mcp.shop]\nurl = "{url}"\nauthorization = "env:T"\nheaders = {{x-a = "1"}}\nshared = true',
            T="operators",
        )
    )

    async def error(**given: str) -> str | None:
        token = given.pop("authorization", None)
        credential = Credential(
            {name.replace("_", "-"): Secret(value) for name, value in given.items()},
            None if token is None else Secret(token),
        )
        sealed = seal(credential, sealer, about=in_request("proj_a"))
        tools = tools_of(servers, McpServer("shop", connector="shop", credential=sealed))
        found = await tools.list_tools("shop")
        await tools.aclose()
        return found.error

    assert await error() is None
    assert asked.headers[-1]["authorization"] == "Bearer operators"
    assert await error(authorization="mine", x_b="2") is None
    assert [asked.headers[-1][name] for name in ("authorization", "x-a", "x-b")] == ["Bearer mine", "1", "2"]
    assert "'x-a' of this server is the operator's" in (await error(x_a="2") or "")
