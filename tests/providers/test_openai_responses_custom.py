"""Custom tools over the Responses API: free text instead of arguments, in both directions."""

from __future__ import annotations

import json

import pytest

from providers.openai_responses.encode import encode
from providers.openai_responses.profile import responses_profile
from specs.events import Delta
from specs.items import FunctionCall, FunctionResult, Message, Text
from specs.requests import CustomInput, FunctionTool, ModelRequest, ToolChoice
from tests.support.laws import check_laws
from tests.support.responses_answers import (
    JSON,
    ORIGIN,
    added,
    created,
    decode_stream,
    decode_whole,
    done,
    response,
    terminal,
)

HELLO = Message("msg_1", "user", (Text("Hello"),))
PATCH = FunctionTool("patch", "P", custom=CustomInput())
PICK = FunctionTool("pick", custom=CustomInput("regex", "a|b"))
CLOCK = FunctionTool("clock")


def _body(*items, **fields) -> JSON:
    request = ModelRequest("gpt-5", (HELLO, *items), tools=(PATCH, PICK, CLOCK), **fields)
    return json.loads(encode(request, profile=responses_profile("gpt-5"), origin=ORIGIN).body)


def _call(text: str, **fields) -> JSON:
    item = {"id": "ctc_up", "type": "custom_tool_call", "call_id": "call_1", "name": "patch", "input": text}
    return {**item, "status": "completed", **fields}


def test_a_custom_tool_goes_as_one() -> None:
    patch, pick, clock = _body()["tools"]
    assert patch == {"type": "custom", "name": "patch", "description": "P"}
    assert pick["format"] == {"type": "grammar", "syntax": "regex", "definition": "a|b"}
    assert clock["type"] == "function"


def test_a_call_and_its_result_go_back_as_they_came() -> None:
    call = FunctionCall("ctc_1", "call_1", "patch", 'say "hi"', custom=True)
    result = FunctionResult("fco_1", "call_1", (Text("ok"),), custom=True)
    assert _body(call, result)["input"][1:] == [
        {"type": "custom_tool_call", "call_id": "call_1", "name": "patch", "input": 'say "hi"'},
        {"type": "custom_tool_call_output", "call_id": "call_1", "output": "ok"},
    ]


@pytest.mark.parametrize(
    ("choice", "encoded"),
    [
        (ToolChoice("required", name="patch"), {"type": "custom", "name": "patch"}),
        (ToolChoice("required", name="clock"), {"type": "function", "name": "clock"}),
        (
            ToolChoice(allowed=("patch", "clock")),
            {
                "type": "allowed_tools",
                "mode": "auto",
                "tools": [{"type": "custom", "name": "patch"}, {"type": "function", "name": "clock"}],
            },
        ),
    ],
)
def test_a_choice_says_which_kind_it_names(choice: ToolChoice, encoded: object) -> None:
    assert _body(tool_choice=choice)["tool_choice"] == encoded


def test_a_streamed_call_is_free_text() -> None:
    kind = "response.custom_tool_call_input"
    at = {"output_index": 0, "item_id": "ctc_up"}
    decoded = decode_stream(
        [
            created(),
            added(0, _call("", status="in_progress")),
            {"type": f"{kind}.delta", **at, "delta": "*** "},
            {"type": f"{kind}.delta", **at, "delta": "Begin"},
            {"type": f"{kind}.done", **at, "input": "*** Begin"},
            done(0, _call("*** Begin")),
            terminal(output=[_call("*** Begin")]),
        ]
    )
    check_laws(decoded.events)
    (call,) = decoded.folded.items
    assert (call.name, call.call_id, call.arguments, call.custom) == ("patch", "call_1", "*** Begin", True)
    assert [event.data for event in decoded.events if isinstance(event, Delta)] == ["*** ", "Begin"]
    assert decoded.folded.finish == "tool_calls"


def test_a_whole_call_is_the_same() -> None:
    decoded = decode_whole(response(output=[_call("ls")]))
    check_laws(decoded.events)
    (call,) = decoded.folded.items
    assert (call.arguments, call.custom) == ("ls", True)


@pytest.mark.parametrize(
    ("model", "native"),
    [("gpt-5", True), ("gpt-5.1-codex", True), ("gpt-6", True), ("gpt-4.1", False), ("o3", False)],
)
def test_which_models_know_custom_tools(model: str, native: bool) -> None:
    assert responses_profile(model).takes_custom_tools is native
