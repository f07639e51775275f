"""Custom tools in the answers of the Responses API."""

from __future__ import annotations

import pytest

from tests.support.events import custom_events, message_events, run_events
from tests.support.response_schemas import OPENAI, violations
from tests.support.responses import check_grammar, rendered

PATCH = {"type": "custom", "name": "patch", "description": "P"}
GRAMMAR = {"type": "grammar", "syntax": "lark", "definition": "start: /a+/"}
RUN = run_events(message_events(0, "Now"), custom_events(1, "patch", "*** ", "Begin"), finish="tool_calls")


def test_a_custom_call_streams_its_input():
    stream, whole = rendered(RUN, tools=[PATCH])
    check_grammar(stream)
    assert whole["output"][1] == {
        "type": "custom_tool_call",
        "id": "ctc_1",
        "call_id": "call_1",
        "name": "patch",
        "input": "*** Begin",
        "status": "completed",
    }
    assert [event["delta"] for event in stream if event["type"].endswith("input.delta")] == ["*** ", "Begin"]


def test_its_events_are_of_the_schema():
    stream, whole = rendered(RUN, tools=[PATCH], tool_choice=PATCH)
    assert [found for event in (*stream, whole) for found in violations(OPENAI, event)] == []


@pytest.mark.parametrize(
    ("sent", "stated"), [(None, {"type": "text"}), ({"type": "text"}, {"type": "text"}), (GRAMMAR, GRAMMAR)]
)
def test_a_custom_tool_is_stated_back(sent, stated):
    _, whole = rendered(RUN, tools=[{**PATCH, "format": sent}])
    assert whole["tools"] == [{**PATCH, "format": stated}]


@pytest.mark.parametrize(
    "choice",
    [
        {"type": "custom", "name": "patch"},
        {"type": "allowed_tools", "mode": "auto", "tools": [{"type": "custom", "name": "patch"}]},
    ],
)
def test_a_choice_of_it_is_stated_back(choice):
    assert rendered(RUN, tools=[PATCH], tool_choice=choice)[1]["tool_choice"] == choice
