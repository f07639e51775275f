"""The tool of type `mcp` from the wire and to it, for every API that has OpenAI's shape of it."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from urllib.parse import urlsplit

import msgspec
from msgspec import UNSET, Raw, UnsetType

from service.dialects.validation import at_most, decode_part, name_of_tool, required, shown
from service.tools.credentials import Credential
from specs.errors import InvalidRequest
from specs.openai import mcp_tools as wire
from specs.secret import Secret
from specs.tools import ApprovalFilter, ApprovalRule, McpServer, ToolFilter

Warn = Callable[[str], None]
REDACTED = "/<redacted>"
"""What of a URL is shown after its host: the rest of it may be a secret."""

_param = msgspec.json.Decoder(wire.McpToolParam)
_UNSERVED = ("defer_loading", "allowed_callers")
_HEADER_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,128}")
_HEADER_VALUE = re.compile(r"[\t\x20-\x7e\x80-\xff]*")
_OURS = re.compile(
    "host|content-length|content-type|transfer-encoding|connection|te|trailer|upgrade|accept"
    "|accept-encoding|expect|mcp-session-id|mcp-protocol-version|last-event-id"
)
"""Headers that only whoever speaks the protocol can set."""


def read_mcp(raw: Raw, param: str, *, warn: Warn) -> tuple[McpServer, Credential]:
    """Read a server, and what lets the service in at it.

    Raises InvalidRequest naming the field at fault.
    """
    asked = decode_part(raw, _param, param=param)
    for field in _UNSERVED:
        if getattr(asked, field) not in (None, False):
            warn(f"{param}.{field} is not honoured.")
    return mcp_server(asked, param), mcp_credential(asked, param)


def mcp_server(asked: wire.McpToolParam, param: str) -> McpServer:
    """The server without its credential. Raises InvalidRequest."""
    _check_place(asked, param)
    return McpServer(
        name_of_tool(asked.server_label, param=f"{param}.server_label"),
        url=None if asked.server_url is None else http_url(asked.server_url, f"{param}.server_url"),
        connector=at_most(asked.connector_id, 64, param=f"{param}.connector_id"),
        description=at_most(
            asked.server_description, wire.MAX_DESCRIPTION, param=f"{param}.server_description"
        ),
        allowed=_allowed(asked.allowed_tools, f"{param}.allowed_tools"),
        approval=_rule(asked.require_approval, f"{param}.require_approval"),
    )


def _check_place(asked: wire.McpToolParam, param: str) -> None:
    if asked.tunnel_id is not None:
        raise InvalidRequest(
            f"{param}.tunnel_id: there are no tunnels here; send server_url or connector_id.",
            param=f"{param}.tunnel_id",
        )
    if asked.server_url is not None and asked.connector_id is not None:
        raise InvalidRequest(
            f"{param}.connector_id excludes server_url; send one of them.", param=f"{param}.connector_id"
        )
    if not asked.connector_id:
        required(asked.server_url or None, param=f"{param}.server_url")


def http_url(url: str, param: str) -> str:
    """Refuse what is no address of a server. Raises InvalidRequest."""
    at_most(url, wire.MAX_URL, param=param)
    try:
        parts = urlsplit(url)
        host = parts.hostname
        _ = parts.port
    except ValueError:
        raise InvalidRequest(f"{param} is not a URL.", param=param) from None
    if parts.scheme not in ("http", "https") or not host:
        raise InvalidRequest(f"{param} must be an http or https URL with a host.", param=param)
    if "@" in parts.netloc:
        raise InvalidRequest(
            f"{param} may hold no user and no password; send authorization or headers.", param=param
        )
    if not url.isascii() or not url.isprintable() or " " in url:
        raise InvalidRequest(f"{param} may hold printable ASCII characters only.", param=param)
    return url


def _allowed(asked: Sequence[str] | wire.ToolFilterParam | None, param: str) -> ToolFilter | None:
    match asked:
        case None:
            return None
        case wire.ToolFilterParam():
            return _filter(asked, param)
        case names:
            return ToolFilter(_names(names, param))


def _filter(asked: wire.ToolFilterParam, param: str) -> ToolFilter:
    names = asked.tool_names
    return ToolFilter(None if names is None else _names(names, f"{param}.tool_names"), asked.read_only)


def _names(names: Sequence[str], param: str) -> tuple[str, ...]:
    if len(names) > wire.MAX_NAMES:
        raise InvalidRequest(
            f"{param} may have at most {wire.MAX_NAMES} entries; it has {len(names)}.", param=param
        )
    for index, name in enumerate(names):
        at_most(name, wire.MAX_TOOL_NAME, param=f"{param}[{index}]")
        required(name or None, param=f"{param}[{index}]")
    return tuple(names)


def _rule(asked: wire.ApprovalParam | None, param: str) -> ApprovalRule | None:
    if not isinstance(asked, wire.ApprovalFilterParam):
        return asked
    return ApprovalFilter(
        None if asked.always is None else _filter(asked.always, f"{param}.always"),
        None if asked.never is None else _filter(asked.never, f"{param}.never"),
    )


def mcp_credential(asked: wire.McpToolParam, param: str) -> Credential:
    """What lets the service in at the server. Raises InvalidRequest, with no secret in it."""
    headers = asked.headers or {}
    if len(headers) > wire.MAX_HEADERS:
        raise InvalidRequest(
            f"{param}.headers may have at most {wire.MAX_HEADERS} entries; it has {len(headers)}.",
            param=f"{param}.headers",
        )
    names = [name.lower() for name in headers]
    for name, lower, value in zip(headers, names, headers.values(), strict=True):
        if not _HEADER_NAME.fullmatch(name) or _OURS.fullmatch(lower) or names.count(lower) > 1:
            raise InvalidRequest(
                f"{param}.headers: {shown(name)} cannot be set; it must be the name of a header, once, and "
                "none that the protocol sets itself.",
                param=f"{param}.headers",
            )
        if lower == "authorization" and asked.authorization is not None:
            raise InvalidRequest(
                f"{param}.authorization and the header of that name exclude each other; send one.",
                param=f"{param}.authorization",
            )
        _secret(value, f"{param}.headers.{name}")
    return Credential(
        {name: Secret(value) for name, value in headers.items()},
        bearer(asked.authorization, f"{param}.authorization"),
    )


def bearer(token: str | None, param: str) -> Secret | None:
    """Refuse what cannot be sent as a token. Raises InvalidRequest."""
    if token is None:
        return None
    return Secret(required(_secret(token, param) or None, param=param))


def _secret(value: str, param: str) -> str:
    """Refuse what cannot be sent, without saying what it is."""
    at_most(value, wire.MAX_SECRET, param=param)
    if not _HEADER_VALUE.fullmatch(value):
        raise InvalidRequest(f"{param} holds characters that no header may hold.", param=param)
    return value


def echo_mcp(server: McpServer) -> wire.McpToolEcho:
    """State a server back."""
    rule = server.approval
    return wire.McpToolEcho(
        server.label,
        server_url=UNSET if server.url is None else _shown_url(server.url),
        connector_id=server.connector or UNSET,
        server_description=UNSET if server.description is None else server.description,
        allowed_tools=_echo_allowed(server.allowed),
        require_approval=_echo_rule(rule) if isinstance(rule, ApprovalFilter) else rule or "always",
    )


def _shown_url(url: str) -> str:
    parts = urlsplit(url)
    bare = parts.path in ("", "/") and not parts.query and not parts.fragment
    return url if bare else f"{parts.scheme}://{parts.netloc}{REDACTED}"


def _echo_allowed(allowed: ToolFilter | None) -> tuple[str, ...] | wire.ToolFilterEcho | None:
    if allowed is None or (allowed.names is not None and allowed.read_only is None):
        return None if allowed is None else allowed.names
    return _echo_filter(allowed)


def _echo_filter(tools: ToolFilter) -> wire.ToolFilterEcho:
    return wire.ToolFilterEcho(
        UNSET if tools.names is None else tools.names, UNSET if tools.read_only is None else tools.read_only
    )


def _echo_rule(rule: ApprovalFilter) -> wire.ApprovalFilterEcho:
    def side(tools: ToolFilter | None) -> wire.ToolFilterEcho | UnsetType:
        return UNSET if tools is None else _echo_filter(tools)

    return wire.ApprovalFilterEcho(side(rule.always), side(rule.never))
