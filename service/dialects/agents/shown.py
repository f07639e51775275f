"""The tools of an agent that the server runs, as they are shown: never with what lets them in, and to other
projects without where they lead."""

from __future__ import annotations

from typing import assert_never

from msgspec import UNSET, Raw
from msgspec.json import encode

from service.dialects.mcp_tools import echo_mcp
from specs.openai import agent_tools as wire
from specs.openai.search_tools import PlaceEcho
from specs.tools import Location, McpServer, OpenApiTool, WebSearch


def hosted_to_wire(tool: McpServer | WebSearch | OpenApiTool, *, inside: bool) -> wire.HostedToolShown:
    """A tool as it is shown; `inside` is whether it is to its owner's project."""
    match tool:
        case McpServer():
            return _mcp(tool, inside=inside)
        case WebSearch():
            return wire.AgentWebSearchTool(
                tool.allowed_domains or None,
                tool.blocked_domains or None,
                tool.context_size,
                _place(tool.location),
                tool.max_uses,
            )
        case OpenApiTool():
            return wire.AgentOpenApiTool(_action(tool, inside=inside))
        case _:
            assert_never(tool)


def _mcp(server: McpServer, *, inside: bool) -> wire.AgentMcpTool:
    echo = echo_mcp(server)
    url = server.url if inside else None
    return wire.AgentMcpTool(
        server_label=server.label,
        server_url=url or UNSET,
        connector_id=(server.connector if inside else None) or UNSET,
        server_description=server.description,
        allowed_tools=echo.allowed_tools,
        require_approval=None if server.approval is None else echo.require_approval,
        transport=wire.TransportShown(url) if url else UNSET,
    )


def _place(location: Location | None) -> PlaceEcho | None:
    if location is None:
        return None
    return PlaceEcho(location.city, location.country, location.region, location.timezone)


def _action(tool: OpenApiTool, *, inside: bool) -> wire.OpenApiShown:
    if not inside:
        return wire.OpenApiShown(tool.name, tool.description)
    is_object = tool.document[:1] == "{"
    return wire.OpenApiShown(
        tool.name,
        tool.description,
        Raw(tool.document.encode()) if is_object else Raw(encode(tool.document)),
        tool.server,
        tool.operations or None,
        tool.hosts or None,
    )
