"""Servers of the Model Context Protocol in the Responses API: the tool, its choice, and its items."""

from __future__ import annotations

import json

import pytest
from msgspec import Raw
from openai.types.responses import Response

from service.dialects.responses import strict_responses
from specs.errors import InvalidRequest
from specs.events import Event, ItemEnded, ItemStarted, RunCreated, RunEnded, RunStarted, ToolProgressed
from specs.items import ApprovalRequest, ApprovalResponse, HostedCall, ListedTool, ToolListing
from specs.requests import ApprovalPlace, RunRequest, ServerChoice, ToolChoice
from specs.tools import ApprovalFilter, McpServer, ToolFilter
from specs.usage import Usage
from tests.support.events import counting_ids
from tests.support.response_schemas import OPENAI, violations
from tests.support.responses import DIALECT, body, rendered

SERVER = {"type": "mcp", "server_label": "dice", "server_url": "https://dice.example/mcp?key=hidden"}
CONNECTOR = {"type": "mcp", "server_label": "wiki", "connector_id": "wiki"}


def read(**fields):
    return DIALECT.read(body(**fields), counting_ids())


def servers(*tools):
    return read(tools=list(tools)).request.hosted


def test_a_server_is_read_with_all_that_is_said_of_it():
    told = {
        **SERVER,
        "server_description": "Rolls dice.",
        "allowed_tools": ["roll"],
        "require_approval": {"never": {"tool_names": ["roll"]}, "always": {"read_only": False}},
    }
    assert servers(told, CONNECTOR) == (
        McpServer(
            "dice",
            url="https://dice.example/mcp?key=hidden",
            description="Rolls dice.",
            allowed=ToolFilter(("roll",)),
            approval=ApprovalFilter(always=ToolFilter(read_only=False), never=ToolFilter(("roll",))),
        ),
        McpServer("wiki", connector="wiki"),
    )


def test_what_lets_the_server_in_is_kept_apart_from_the_request():
    secret = {**SERVER, "headers": {"X-Team": "blue-secret"}, "authorization": "t0ken-secret"}
    reading = read(tools=[CONNECTOR, secret])
    assert [server.credential for server in reading.request.hosted if isinstance(server, McpServer)] == [
        "",
        "",
    ]
    assert reading.credentials[1].on_wire() == {
        "x-team": "blue-secret",
        "authorization": "Bearer t0ken-secret",
    }
    assert "secret" not in repr(reading)
    assert "secret" not in DIALECT.echo(reading)
    assert "hidden" not in DIALECT.echo(reading)


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"server_label": None}, "tools[0].server_label"),
        ({"server_label": "two words"}, "tools[0].server_label"),
        ({"server_url": None}, "tools[0].server_url"),
        ({"server_url": "ftp://dice.example/"}, "tools[0].server_url"),
        ({"server_url": "https://"}, "tools[0].server_url"),
        ({"server_url": "https://a:b@dice.example/"}, "tools[0].server_url"),
        ({"server_url": "https://dice.example/\n"}, "tools[0].server_url"),
        ({"server_url": "https://dice.example:99999/"}, "tools[0].server_url"),
        ({"connector_id": "wiki"}, "tools[0].connector_id"),
        ({"tunnel_id": "tunnel_" + "a" * 32}, "tools[0].tunnel_id"),
        ({"headers": {"Host": "x"}}, "tools[0].headers"),
        ({"headers": {"a b": "x"}}, "tools[0].headers"),
        ({"headers": {"A": "x", "a": "y"}}, "tools[0].headers"),
        ({"headers": {"A": "x\r\nB: y"}}, "tools[0].headers.A"),
        ({"headers": {"Authorization": "x"}, "authorization": "y"}, "tools[0].authorization"),
        ({"authorization": "x\ny"}, "tools[0].authorization"),
        ({"authorization": ""}, "tools[0].authorization"),
        ({"allowed_tools": [3]}, "tools[0].allowed_tools[0]"),
        ({"allowed_tools": {"names": ["a"]}}, "tools[0].allowed_tools"),
        ({"require_approval": "sometimes"}, "tools[0].require_approval"),
        ({"require_approval": {"maybe": {}}}, "tools[0].require_approval"),
    ],
)
def test_what_is_wrong_with_a_server_is_refused_by_name(fields, param):
    with pytest.raises(InvalidRequest) as refused:
        read(tools=[{**SERVER, **fields}])
    assert refused.value.failure.param == param


def test_no_refusal_says_what_is_secret():
    with pytest.raises(InvalidRequest) as refused:
        read(tools=[{**SERVER, "authorization": "s3cret\n", "headers": {}}])
    assert "s3cret" not in refused.value.failure.message


def test_two_servers_of_a_label_are_refused():
    with pytest.raises(InvalidRequest) as refused:
        read(tools=[SERVER, {**CONNECTOR, "server_label": "dice"}])
    assert refused.value.failure.param == "tools[1].server_label"


def test_the_echo_has_openais_shape():
    tools = [
        {**SERVER, "headers": {"A": "x"}, "require_approval": "never"},
        {**SERVER, "server_label": "b", "allowed_tools": {"tool_names": ["a"], "read_only": True}},
    ]
    stream, whole = rendered(RUN, tools=tools)
    assert whole["tools"][0] == {
        "type": "mcp",
        "server_label": "dice",
        "server_url": "https://dice.example/<redacted>",
        "headers": None,
        "allowed_tools": None,
        "require_approval": "never",
    }
    assert whole["tools"][1]["allowed_tools"] == {"tool_names": ["a"], "read_only": True}
    assert [tool.type for tool in Response.model_validate(whole).tools] == ["mcp", "mcp"]
    assert not [each for event in (*stream, whole) for each in violations(OPENAI, event)]


@pytest.mark.parametrize(
    ("choice", "expected"),
    [
        (
            {"type": "mcp", "server_label": "dice"},
            ToolChoice("required", servers=(ServerChoice("dice"),)),
        ),
        (
            {"type": "mcp", "server_label": "dice", "name": "roll"},
            ToolChoice("required", servers=(ServerChoice("dice", "roll"),)),
        ),
        (
            {"type": "allowed_tools", "mode": "auto", "tools": [{"type": "mcp", "server_label": "dice"}]},
            ToolChoice("auto", allowed=(), servers=(ServerChoice("dice", param="tool_choice.tools[0]"),)),
        ),
    ],
)
def test_a_servers_tools_can_be_chosen(choice, expected):
    reading = read(tools=[SERVER], tool_choice=choice)
    assert reading.request.tool_choice == expected
    _, whole = rendered(RUN, tools=[SERVER], tool_choice=choice)
    assert whole["tool_choice"] == choice
    assert not violations(OPENAI, whole)


def test_a_choice_without_its_server_is_refused():
    with pytest.raises(InvalidRequest) as refused:
        read(tools=[SERVER], tool_choice={"type": "mcp"})
    assert refused.value.failure.param == "tool_choice.server_label"


LISTED = {"type": "mcp_list_tools", "id": "mcpl_1", "server_label": "dice", "tools": []}
ASKED = {
    "type": "mcp_approval_request",
    "id": "mcpr_1",
    "server_label": "dice",
    "name": "roll",
    "arguments": "{}",
}
ANSWER = {"type": "mcp_approval_response", "approval_request_id": "mcpr_1", "approve": False, "reason": "No"}
CALL = {
    "type": "mcp_call",
    "id": "mcp_1",
    "server_label": "dice",
    "name": "roll",
    "arguments": "{}",
    "output": "4",
    "approval_request_id": "mcpr_1",
}


def test_what_was_answered_before_can_be_sent_back():
    tool = {"name": "roll", "input_schema": {"type": "object"}, "description": None, "annotations": None}
    request = read(input=[{**LISTED, "tools": [tool]}, ASKED, ANSWER, CALL]).request
    listing, asked, answer, call = request.items
    assert listing == ToolListing("mcpl_1", "dice", (ListedTool("roll", Raw(b'{"type": "object"}')),))
    assert asked == ApprovalRequest("mcpr_1", "mcpr_1", "dice", "roll", "{}")
    assert isinstance(answer, ApprovalResponse)
    assert (answer.request, answer.approve, answer.reason) == ("mcpr_1", False, "No")
    assert isinstance(call, HostedCall)
    assert (call.approval, call.output) == ("mcpr_1", "4")
    assert request.approvals == (ApprovalPlace("mcpr_1", "input[2].approval_request_id"),)


@pytest.mark.parametrize(
    ("item", "field", "param"),
    [
        (ANSWER, "approve", "input[0].approve"),
        (ANSWER, "approval_request_id", "input[0].approval_request_id"),
        (ASKED, "id", "input[0].id"),
        (ASKED, "arguments", "input[0].arguments"),
        (LISTED, "tools", "input[0].tools"),
    ],
)
def test_an_item_that_lacks_something_is_refused(item, field, param):
    with pytest.raises(InvalidRequest) as refused:
        read(input=[{name: value for name, value in item.items() if name != field}])
    assert refused.value.failure.param == param


TOOL = ListedTool("roll", Raw(b'{"type":"object"}'), "Roll dice.", Raw(b'{"readOnlyHint":true}'))
LISTING = ToolListing("mcpl_1", "dice", (TOOL,))
FAILED = ToolListing("mcpl_2", "wiki", error="It does not answer.", status="failed")
REQUEST = ApprovalRequest("mcpr_1", "call_1", "dice", "roll", "{}")
APPROVED = HostedCall("mcp_1", "call_1", "dice", "roll", "{}", output="4", approval="mcpr_1")


def shown(index, item, phase: str | None = None) -> list[Event]:
    progress: list[Event] = [ToolProgressed(index, phase)] if phase else []
    return [ItemStarted(index, item), *progress, ItemEnded(index, item)]


RUN: list[Event] = [
    RunCreated("run_1", 1_800_000_000, "agent_demo", 1, RunRequest("agent_demo", ())),
    RunStarted("run_1"),
    *shown(0, LISTING, "completed"),
    *shown(1, FAILED, "failed"),
    *shown(2, APPROVED),
    *shown(3, REQUEST),
    RunEnded("completed", Usage(1, 1), completed_at=1_800_000_001),
]


def test_listings_and_requests_are_shown_as_openai_shows_them():
    stream, whole = rendered(RUN)
    kinds = [event["type"] for event in stream if "list_tools" in event["type"]]
    assert kinds == [
        "response.mcp_list_tools.in_progress",
        "response.mcp_list_tools.completed",
        "response.mcp_list_tools.in_progress",
        "response.mcp_list_tools.failed",
    ]
    types = [item["type"] for item in whole["output"]]
    assert types == ["mcp_list_tools", "mcp_list_tools", "mcp_call", "mcp_approval_request"]
    assert whole["output"][1]["error"] == "It does not answer."
    assert whole["output"][2]["approval_request_id"] == "mcpr_1"
    assert not [each for event in (*stream, whole) for each in violations(OPENAI, event)]
    parsed = Response.model_validate(whole)
    assert [item.type for item in parsed.output] == types


def test_the_strict_spelling_prefixes_them():
    stream, whole = rendered(RUN, strict_responses, tools=[SERVER])
    assert all(item["type"].startswith("dragoman:mcp_") for item in whole["output"])
    assert whole["tools"][0]["type"] == "dragoman:mcp"
    assert not [event for event in stream if event["type"].startswith("response.mcp")]


def test_items_come_back_as_they_went_out():
    _, whole = rendered(RUN)
    items = [{key: value for key, value in item.items() if value is not None} for item in whole["output"]]
    listing, failed, call, request = read(input=items).request.items
    assert isinstance(listing, ToolListing)
    assert (listing.id, listing.label, listing.tools[0].name) == ("mcpl_1", "dice", "roll")
    assert failed == FAILED
    assert isinstance(call, HostedCall)
    assert (call.output, call.approval) == ("4", "mcpr_1")
    assert isinstance(request, ApprovalRequest)
    assert json.loads(json.dumps(whole))["output"][3]["id"] == request.id
