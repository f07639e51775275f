"""Tools that the server runs, as requests and agents ask for them."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from service.dialects.hosted_tools import mcp_allowed_to_wire, mcp_approval_to_wire, read_mcp
from service.dialects.validation import decode
from service.tools.credentials import Credential
from specs.errors import InvalidRequest
from specs.openai.hosted_tools import McpFields
from specs.tools import ApprovalFilter, McpServer, ToolFilter

CANARY = "canary-5f1c"
_fields = msgspec.json.Decoder(McpFields)


def read(seen: list[Credential] | None = None, **fields: Any) -> McpServer:
    """The server of these fields; credentials that are given are sealed as `*`."""
    kept: list[Credential] = [] if seen is None else seen

    def seal(credential: Credential) -> str:
        kept.append(credential)
        return "*" if credential.on_wire() else ""

    whole = {"server_label": "team", "server_url": "https://mcp.example/mcp", **fields}
    given = {name: value for name, value in whole.items() if value is not None}
    return read_mcp(decode(msgspec.json.encode(given), _fields), "tools[0]", seal=seal)


def test_a_server_is_read_with_all_it_may_have():
    seen: list[Credential] = []
    server = read(
        seen,
        server_description="The team's",
        headers={"X-Team": "blue"},
        authorization=CANARY,
        allowed_tools={"tool_names": ["find"], "read_only": True},
        require_approval={"never": {"tool_names": ["find"]}},
    )
    assert server == McpServer(
        "team",
        "https://mcp.example/mcp",
        None,
        "The team's",
        "*",
        ToolFilter(("find",), True),
        ApprovalFilter(never=ToolFilter(("find",))),
    )
    assert seen[0].on_wire() == {"x-team": "blue", "authorization": f"Bearer {CANARY}"}


@pytest.mark.parametrize("allowed", [["a", "b"], [], {"read_only": True}, None])
def test_what_is_allowed_is_shown_as_it_was_given(allowed: Any):
    shown = mcp_allowed_to_wire(read(allowed_tools=allowed).allowed)
    assert msgspec.to_builtins(shown) == (tuple(allowed) if isinstance(allowed, list) else allowed)


@pytest.mark.parametrize("rule", ["always", "never", {"always": {"read_only": False}}, None])
def test_who_approves_is_shown_as_it_was_given(rule: Any):
    assert msgspec.to_builtins(mcp_approval_to_wire(read(require_approval=rule).approval)) == rule


WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "no address": ({"server_url": None}, "tools[0].server_url"),
    "two addresses": ({"connector_id": "wiki"}, "tools[0].server_url"),
    "a tunnel": ({"tunnel_id": "tunnel_1"}, "tools[0].tunnel_id"),
    "a label with a space": ({"server_label": "my team"}, "tools[0].server_label"),
    "an empty label": ({"server_label": ""}, "tools[0].server_label"),
    "another scheme": ({"server_url": "file:///etc/passwd"}, "tools[0].server_url"),
    "no host": ({"server_url": "https:///x"}, "tools[0].server_url"),
    "a line break": ({"server_url": "https://mcp.example/\r\nx"}, "tools[0].server_url"),
    "a bad port": ({"server_url": "https://mcp.example:99999/"}, "tools[0].server_url"),
    "a bad literal": ({"server_url": "http://[::1"}, "tools[0].server_url"),
    "a password": ({"server_url": f"https://u:{CANARY}@mcp.example/"}, "tools[0].server_url"),
    "a long address": ({"server_url": "https://mcp.example/" + "x" * 2048}, "tools[0].server_url"),
    "a long description": ({"server_description": "x" * 4097}, "tools[0].server_description"),
    "no name of a header": ({"headers": {"X Team": CANARY}}, "tools[0].headers"),
    "a header of the connection": ({"headers": {"Host": CANARY}}, "tools[0].headers"),
    "a header twice": ({"headers": {"x-a": CANARY, "X-A": CANARY}}, "tools[0].headers"),
    "a header with a line break": ({"headers": {"x-a": f"{CANARY}\r\nx"}}, "tools[0].headers.x-a"),
    "too many headers": ({"headers": {f"x-{n}": "a" for n in range(33)}}, "tools[0].headers"),
    "an empty token": ({"authorization": ""}, "tools[0].authorization"),
    "a token with a line break": ({"authorization": f"{CANARY}\n"}, "tools[0].authorization"),
    "a token twice": (
        {"authorization": CANARY, "headers": {"Authorization": CANARY}},
        "tools[0].authorization",
    ),
    "too many tools": ({"allowed_tools": ["a"] * 129}, "tools[0].allowed_tools"),
    "a tool without a name": ({"allowed_tools": [""]}, "tools[0].allowed_tools[0]"),
    "a filter's long name": (
        {"require_approval": {"always": {"tool_names": ["x" * 129]}}},
        "tools[0].require_approval.always.tool_names[0]",
    ),
}


@pytest.mark.parametrize("case", [pytest.param(case, id=name) for name, case in WRONG.items()])
def test_what_cannot_be_is_refused_by_name_and_without_a_credential(case: tuple[dict[str, Any], str]):
    fields, param = case
    with pytest.raises(InvalidRequest) as refused:
        read(**fields)
    assert refused.value.param == param
    assert CANARY not in refused.value.message


def test_a_filter_takes_no_field_it_does_not_know():
    with pytest.raises(InvalidRequest):
        read(require_approval={"never": {"tool_name": ["delete"]}})
