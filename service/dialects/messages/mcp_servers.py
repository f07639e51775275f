"""`mcp_servers` of a request, with the tools of type `mcp_toolset` that say which of their tools there are.

That a caller names a server is its word for the server's tools: this API cannot ask for approvals.
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec
from msgspec import Raw, Struct

from service.dialects.mcp_tools import bearer, http_url
from service.dialects.validation import at_most, decode_part, one_of, required, shown
from service.tools.credentials import Credential
from specs.anthropic.mcp import McpServerParam, McpToolset, ToolConfiguration
from specs.errors import InvalidRequest
from specs.tools import McpServer, ToolFilter

TOOLSET = "mcp_toolset"
MAX_SERVERS = 20
MAX_NAMES = 1_024

_toolset = msgspec.json.Decoder(McpToolset)


class Named(Struct, frozen=True):
    """A server, where it stands in the request, and what lets the service in at it."""

    server: McpServer
    param: str
    credential: Credential


def read_servers(
    sent: list[McpServerParam] | None, tools: list[Raw] | None, warnings: list[str]
) -> tuple[Named, ...]:
    """Read the servers, each with the tools that its toolset leaves of it.

    Raises InvalidRequest naming the field at fault.
    """
    if len(sent or ()) > MAX_SERVERS:
        raise InvalidRequest(f"mcp_servers may have at most {MAX_SERVERS} entries.", param="mcp_servers")
    toolsets = _toolsets(tools, warnings)
    found: dict[str, Named] = {}
    for index, asked in enumerate(sent or ()):
        at = f"mcp_servers[{index}]"
        one_of(asked.type, ("url",), param=f"{at}.type")
        if asked.name in found:
            raise InvalidRequest(f"{at}.name: there are two servers {shown(asked.name)}.", param=f"{at}.name")
        toolset = toolsets.pop(asked.name, None)
        named = _named(asked, at, toolset[1] if toolset else None)
        if named is not None:
            found[asked.name] = named
    for at, toolset in toolsets.values():
        param = f"{at}.mcp_server_name"
        raise InvalidRequest(
            f"{param}: there is no server {shown(toolset.mcp_server_name)} in mcp_servers.", param=param
        )
    return tuple(found.values())


def _named(asked: McpServerParam, at: str, toolset: McpToolset | None) -> Named | None:
    """The server; None where none of its tools is wanted."""
    label = at_most(required(asked.name or None, param=f"{at}.name"), 64, param=f"{at}.name") or ""
    token = bearer(asked.authorization_token, f"{at}.authorization_token")
    allowed = _by_toolset(toolset) if toolset else _by_configuration(asked.tool_configuration, at)
    if allowed is not None and allowed.names == ():
        return None
    url = http_url(asked.url, f"{at}.url")
    server = McpServer(label, url=url, allowed=allowed, approval="never")
    return Named(server, at, Credential(authorization=token))


def _by_configuration(asked: ToolConfiguration | None, at: str) -> ToolFilter | None:
    if asked is None:
        return None
    if asked.enabled is False:
        return ToolFilter(())
    if len(asked.allowed_tools or ()) > MAX_NAMES:
        param = f"{at}.tool_configuration.allowed_tools"
        raise InvalidRequest(f"{param} may have at most {MAX_NAMES} entries.", param=param)
    return None if asked.allowed_tools is None else ToolFilter(tuple(asked.allowed_tools))


def _by_toolset(asked: McpToolset) -> ToolFilter | None:
    configs = asked.configs or {}
    if asked.default_config is not None and asked.default_config.enabled is False:
        return ToolFilter(tuple(name for name, config in configs.items() if config.enabled))
    without = tuple(name for name, config in configs.items() if config.enabled is False)
    return ToolFilter(without=without) if without else None


def _toolsets(tools: list[Raw] | None, warnings: list[str]) -> dict[str, tuple[str, McpToolset]]:
    """The toolsets by the name of their server, with where they stand."""
    found: dict[str, tuple[str, McpToolset]] = {}
    for at, toolset in _each_toolset(tools):
        if toolset.mcp_server_name in found:
            param = f"{at}.mcp_server_name"
            raise InvalidRequest(
                f"{param}: there are two toolsets of {shown(toolset.mcp_server_name)}.", param=param
            )
        if len(toolset.configs or ()) > MAX_NAMES:
            raise InvalidRequest(f"{at}.configs may have at most {MAX_NAMES} entries.", param=f"{at}.configs")
        warnings += (f"{at}.{field} is not honoured." for field in _unhonoured(toolset))
        found[toolset.mcp_server_name] = (at, toolset)
    return found


def _each_toolset(tools: list[Raw] | None) -> Iterator[tuple[str, McpToolset]]:
    for index, raw in enumerate(tools or ()):
        at = f"tools[{index}]"
        if decode_part(raw, _head, param=at).type == TOOLSET:
            yield at, decode_part(raw, _toolset, param=at)


class _Head(Struct, frozen=True):
    type: str | None = None


_head = msgspec.json.Decoder(_Head)


def _unhonoured(toolset: McpToolset) -> Iterator[str]:
    if toolset.cache_control is not None:
        yield "cache_control"
    if toolset.tools:
        yield "tools"
    if toolset.default_config is not None and toolset.default_config.defer_loading:
        yield "default_config.defer_loading"
    for name, config in (toolset.configs or {}).items():
        if config.defer_loading:
            yield f"configs.{name}.defer_loading"
