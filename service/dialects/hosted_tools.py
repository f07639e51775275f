"""Tools that the server runs, read from any wire that asks for them: one way for requests and agents."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import TypeAlias, assert_never
from urllib.parse import SplitResult, urlsplit

from service.dialects.validation import at_most, shown
from service.tools.credentials import Credential
from specs.errors import InvalidRequest
from specs.openai import hosted_tools as wire
from specs.secret import Secret
from specs.tools import ApprovalFilter, ApprovalRule, McpServer, ToolFilter

Seal: TypeAlias = Callable[[Credential], str]
"""Makes of a credential what may lie anywhere; "" of an empty one."""

_LABEL = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")
_HEADER = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,128}")
"""https://www.rfc-editor.org/rfc/rfc9110#section-5.6.2"""
_VALUE = re.compile(r"[\x20-\x7e]*")
_OURS = frozenset(
    {
        "accept",
        "connection",
        "content-length",
        "content-type",
        "expect",
        "host",
        "keep-alive",
        "last-event-id",
        "mcp-protocol-version",
        "mcp-session-id",
        "proxy-authorization",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    }
)
"""Headers that belong to the connection, which nobody else writes."""


def read_mcp(asked: wire.McpFields, at: str, *, seal: Seal) -> McpServer:
    """A server of the Model Context Protocol, its credential sealed; `at` is where it stands.

    Raises InvalidRequest naming the field at fault.
    """
    if asked.tunnel_id is not None:
        raise _wrong(f"{at}.tunnel_id", "tunnels are not served here; name a server_url or connector_id")
    if (asked.server_url is None) == (asked.connector_id is None):
        raise _wrong(f"{at}.server_url", "one of server_url and connector_id has to be there, and not both")
    if not _LABEL.fullmatch(asked.server_label):
        raise _wrong(
            f"{at}.server_label",
            f"{shown(asked.server_label)} may hold 1 to 64 letters, digits, '_' and '-', "
            "and begins with a letter or digit",
        )
    at_most(asked.server_description, wire.MAX_SERVER_DESCRIPTION, param=f"{at}.server_description")
    at_most(asked.connector_id, wire.MAX_LABEL, param=f"{at}.connector_id")
    return McpServer(
        asked.server_label,
        None if asked.server_url is None else read_url(asked.server_url, f"{at}.server_url"),
        asked.connector_id,
        asked.server_description,
        seal(read_credential(asked.headers, asked.authorization, at)),
        _allowed(asked.allowed_tools, f"{at}.allowed_tools"),
        _approval(asked.require_approval, f"{at}.require_approval"),
    )


def read_url(url: str, at: str) -> str:
    """The address of a server.

    Raises InvalidRequest.
    """
    at_most(url, wire.MAX_URL, param=at)
    parts = _split(url)
    if parts is None or parts.scheme not in ("http", "https") or not parts.hostname:
        raise _wrong(at, "must be an http or https address")
    if parts.username is not None or parts.password is not None:
        raise _wrong(at, "a user or password has no place in it; send headers or authorization")
    return url


def _split(url: str) -> SplitResult | None:
    """The parts of an address; None of what is none."""
    if not _VALUE.fullmatch(url) or " " in url:
        return None
    try:
        parts = urlsplit(url)
        return parts if parts.port != 0 else None
    except ValueError:
        return None


def read_credential(headers: Mapping[str, str] | None, authorization: str | None, at: str) -> Credential:
    """What lets the server in at another.

    Raises InvalidRequest; never with a value in it.
    """
    given = headers or {}
    if len(given) > wire.MAX_HEADERS:
        raise _wrong(f"{at}.headers", f"at most {wire.MAX_HEADERS} are sent; there are {len(given)}")
    names: set[str] = set()
    for name, value in given.items():
        field = f"{at}.headers"
        if not _HEADER.fullmatch(name):
            raise _wrong(field, f"{shown(name)} is no name of a header")
        lower = name.lower()
        if lower in _OURS or lower in names:
            raise _wrong(field, f"{shown(name)} cannot be set, or is there twice")
        names.add(lower)
        _check_value(value, f"{field}.{name}")
    if authorization is not None:
        if "authorization" in names:
            raise _wrong(f"{at}.authorization", "headers have an authorization too; give one of them")
        if not authorization.strip():
            raise _wrong(f"{at}.authorization", "must not be empty")
        _check_value(authorization, f"{at}.authorization")
    bearer = None if authorization is None else Secret(authorization)
    return Credential({name: Secret(value) for name, value in given.items()}, bearer)


def _check_value(value: str, at: str) -> None:
    at_most(value, wire.MAX_HEADER, param=at)
    if not _VALUE.fullmatch(value):
        raise _wrong(at, "may hold printable ASCII only")


def _allowed(asked: wire.AllowedMcpTools | None, at: str) -> ToolFilter | None:
    match asked:
        case None:
            return None
        case wire.McpFilter():
            return _filter(asked, at)
        case tuple():
            return ToolFilter(_names(asked, at))
        case _:
            assert_never(asked)


def _approval(asked: wire.ApprovalAsked | None, at: str) -> ApprovalRule | None:
    match asked:
        case None | str():
            return asked
        case wire.McpApproval(always, never):
            return ApprovalFilter(
                None if always is None else _filter(always, f"{at}.always"),
                None if never is None else _filter(never, f"{at}.never"),
            )
        case _:
            assert_never(asked)


def _filter(asked: wire.McpFilter, at: str) -> ToolFilter:
    names = asked.tool_names
    return ToolFilter(None if names is None else _names(names, f"{at}.tool_names"), asked.read_only)


def _names(names: tuple[str, ...], at: str) -> tuple[str, ...]:
    if len(names) > wire.MAX_NAMES:
        raise _wrong(at, f"at most {wire.MAX_NAMES} may be named; there are {len(names)}")
    for index, name in enumerate(names):
        if not name:
            raise _wrong(f"{at}[{index}]", "must not be empty")
        at_most(name, wire.MAX_TOOL_NAME, param=f"{at}[{index}]")
    return names


def mcp_allowed_to_wire(allowed: ToolFilter | None) -> wire.AllowedMcpTools | None:
    """Which tools are allowed, as it is shown: a plain list where there is no other condition."""
    if allowed is None:
        return None
    if allowed.read_only is None and allowed.names is not None:
        return allowed.names
    return _filter_to_wire(allowed)


def mcp_approval_to_wire(rule: ApprovalRule | None) -> wire.ApprovalAsked | None:
    """Which tools ask first, as it is shown."""
    match rule:
        case None | str():
            return rule
        case ApprovalFilter(always, never):
            return wire.McpApproval(
                None if always is None else _filter_to_wire(always),
                None if never is None else _filter_to_wire(never),
            )
        case _:
            assert_never(rule)


def _filter_to_wire(some: ToolFilter) -> wire.McpFilter:
    return wire.McpFilter(some.names, some.read_only)


def _wrong(at: str, what: str) -> InvalidRequest:
    return InvalidRequest(f"{at}: {what}.", param=at)
