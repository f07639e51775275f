"""`mcp_servers` and toolsets of the Messages API."""

from __future__ import annotations

import json

import pytest

from service.dialects.messages import MessagesDialect
from specs.errors import InvalidRequest
from specs.tools import McpServer, ToolFilter
from tests.support.events import counting_ids

SERVER = {"type": "url", "name": "shop", "url": "https://shop.example/mcp"}


def read(*servers, tools=()):
    body = {
        "model": "agent_demo",
        "max_tokens": 100,
        "messages": [{"role": "user", "content": "Hi"}],
        "mcp_servers": list(servers),
        "tools": list(tools),
    }
    return MessagesDialect().read(json.dumps(body).encode(), counting_ids())


def toolset(**fields):
    return {"type": "mcp_toolset", "mcp_server_name": "shop", **fields}


@pytest.mark.parametrize(
    ("server", "tools", "allowed"),
    [
        ({}, [], None),
        ({}, [toolset()], None),
        ({"tool_configuration": {"allowed_tools": ["buy"]}}, [], ToolFilter(("buy",))),
        (
            {},
            [toolset(default_config={"enabled": False}, configs={"buy": {"enabled": True}})],
            ToolFilter(("buy",)),
        ),
        ({}, [toolset(configs={"buy": {"enabled": False}})], ToolFilter(without=("buy",))),
    ],
)
def test_a_server_offers_what_its_toolset_leaves(server, tools, allowed):
    (found,) = read({**SERVER, **server}, tools=tools).request.hosted
    assert found == McpServer("shop", url=SERVER["url"], allowed=allowed, approval="never")


@pytest.mark.parametrize(
    ("server", "tools"),
    [({"tool_configuration": {"enabled": False}}, []), ({}, [toolset(default_config={"enabled": False})])],
)
def test_a_server_without_tools_is_not_asked(server, tools):
    assert read({**SERVER, **server}, tools=tools).request.hosted == ()


def test_the_token_is_kept_apart_from_the_request():
    reading = read({**SERVER, "authorization_token": "s3cret"})
    assert reading.credentials[0].on_wire() == {"authorization": "Bearer s3cret"}
    assert "s3cret" not in repr(reading)


@pytest.mark.parametrize(
    ("server", "tools", "param"),
    [
        ({"type": "file"}, [], "mcp_servers[0].type"),
        ({"name": ""}, [], "mcp_servers[0].name"),
        ({"url": "file:///etc/passwd"}, [], "mcp_servers[0].url"),
        ({"authorization_token": "a\nb"}, [], "mcp_servers[0].authorization_token"),
        ({"name": 3}, [], "mcp_servers[0].name"),
        ({}, [toolset(mcp_server_name="bank")], "tools[0].mcp_server_name"),
        ({}, [toolset(), toolset()], "tools[1].mcp_server_name"),
        ({}, [toolset(configs={"buy": 3})], "tools[0].configs"),
    ],
)
def test_what_is_wrong_is_refused_by_name(server, tools, param):
    with pytest.raises(InvalidRequest) as refused:
        read({**SERVER, **server}, tools=tools)
    assert refused.value.failure.param == param


def test_two_servers_of_a_name_are_refused():
    with pytest.raises(InvalidRequest) as refused:
        read(SERVER, SERVER)
    assert refused.value.failure.param == "mcp_servers[1].name"


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"cache_control": {"type": "ephemeral"}}, "tools[0].cache_control"),
        ({"default_config": {"defer_loading": True}}, "tools[0].default_config.defer_loading"),
        ({"configs": {"buy": {"defer_loading": True}}}, "tools[0].configs.buy.defer_loading"),
        ({"tools": [{"name": "buy", "input_schema": {}}]}, "tools[0].tools"),
    ],
)
def test_what_is_not_honoured_is_told(fields, param):
    (warning,) = read(SERVER, tools=[toolset(**fields)]).request.warnings
    assert warning.startswith(param)
