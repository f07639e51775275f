"""The tools of an agent that the server runs, from the wire. What lets them in is sealed at once; where none
is given for a server that has one, it stays."""

from __future__ import annotations

from typing import assert_never

from msgspec import structs

from service.dialects.agents.actions import read_action
from service.dialects.agents.making import Making, as_before, wrong
from service.dialects.mcp_tools import http_url, mcp_credential, mcp_server
from service.dialects.searches import read_domains, read_place
from service.dialects.validation import in_range, required, shown
from specs.agents import AgentTool
from specs.openai import agent_tools as wire
from specs.openai.mcp_tools import McpToolParam
from specs.tools import McpServer, WebSearch


def read_hosted(asked: wire.HostedToolParam, at: str, making: Making) -> AgentTool:
    """A tool that the server runs.

    Raises InvalidRequest naming the field at fault.
    """
    match asked:
        case wire.McpParam():
            return _mcp(asked, at, making)
        case wire.WebSearchParam():
            return _search(asked, at)
        case wire.OpenApiParam(openapi):
            return read_action(openapi, at, making)
        case _:
            assert_never(asked)


def _mcp(asked: wire.McpParam, at: str, making: Making) -> McpServer:
    _refuse_unserved(asked, at)
    given, where = _with_transport(asked, at)
    server = mcp_server(given, at)
    if given.headers is None and given.authorization is None:
        return as_before(server, making, f"{where}.authorization", without="`headers: {}` goes on without")
    return structs.replace(server, credential=making.seal(mcp_credential(given, where)))


def _with_transport(asked: wire.McpParam, at: str) -> tuple[McpToolParam, str]:
    """The same with what its transport says in its place, and where that stands."""
    transport = asked.transport
    if transport is None:
        return asked, at
    where = f"{at}.transport"
    if transport.type != "http":
        raise wrong(
            f"{where}.type", f"must be 'http'; got {shown(transport.type)}: the operator configures programs"
        )
    url = http_url(required(transport.server_url, param=f"{where}.server_url"), f"{where}.server_url")
    for name in ("server_url", "headers", "authorization"):
        if getattr(asked, name) not in (None, getattr(transport, name)):
            raise wrong(f"{at}.{name}", "the transport says that too; send one of them")
    given = structs.replace(
        asked, server_url=url, headers=transport.headers, authorization=transport.authorization
    )
    return given, where


def _refuse_unserved(asked: wire.McpParam, at: str) -> None:
    unserved = {
        "connection_origin": asked.connection_origin not in (None, "service"),
        "credential_id": asked.credential_id is not None,
        "request_metadata": bool(asked.request_metadata),
        "required": bool(asked.required),
        "defer_loading": bool(asked.defer_loading),
        "allowed_callers": asked.allowed_callers not in (None, ["direct"]),
    }
    for name, wanted in unserved.items():
        if wanted:
            raise wrong(f"{at}.{name}", "this is not served here; leave it out")


def _search(asked: wire.WebSearchParam, at: str) -> WebSearch:
    if asked.mode not in (None, "live"):
        raise wrong(f"{at}.mode", f"only 'live' is served here; got {shown(asked.mode)}")
    filters, outer = asked.filters, (asked.allowed_domains, asked.blocked_domains)
    if filters is not None and outer != (None, None):
        raise wrong(f"{at}.filters", "allowed_domains or blocked_domains stand beside it; send one of both")
    for name, other in (("context_size", "search_context_size"), ("location", "user_location")):
        if getattr(asked, name) is not None and getattr(asked, other) is not None:
            raise wrong(f"{at}.{other}", f"is another name of {name}; send one of them")
    domains = f"{at}.filters" if filters is not None else at
    allowed, blocked = outer if filters is None else (filters.allowed_domains, filters.blocked_domains)
    place = "location" if asked.user_location is None else "user_location"
    return WebSearch(
        read_domains(allowed, f"{domains}.allowed_domains"),
        read_domains(blocked, f"{domains}.blocked_domains"),
        asked.context_size or asked.search_context_size or "medium",
        read_place(asked.location or asked.user_location, f"{at}.{place}"),
        in_range(asked.max_uses, 1, 2**31 - 1, param=f"{at}.max_uses"),
    )
