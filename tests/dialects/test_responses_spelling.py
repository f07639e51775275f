"""The strict spelling of Open Responses beside OpenAI's: the same answer under other names."""

from __future__ import annotations

import json

import pytest
from msgspec import structs

from service.dialects.responses import strict_responses
from service.dialects.responses.spelling import ERROR_TYPES, NAMES
from specs import errors
from specs.events import Event, RunCreated
from specs.items import HostedCall
from specs.requests import Settings
from tests.support.events import (
    SCENARIOS,
    counting_ids,
    custom_events,
    hosted_then_text,
    run_events,
    thought_then_text,
)
from tests.support.response_schemas import OPEN, violations
from tests.support.responses import as_json, body, check_grammar, rendered

PATCH = {"type": "custom", "name": "patch"}
SPEC_TYPES = {"invalid_request", "not_found", "too_many_requests", "model_error", "server_error", "cancelled"}


def summarised(events: list[Event]) -> list[Event]:
    """The same run, asked to show its reasoning."""
    return [
        structs.replace(
            event, request=structs.replace(event.request, settings=Settings(reasoning_summary="auto"))
        )
        if isinstance(event, RunCreated)
        else event
        for event in events
    ]


def plain(value: object) -> object:
    """A strict answer with the plain names put back."""
    text = json.dumps(value)
    for name, strict in NAMES.items():
        text = text.replace(f'"{strict}"', f'"{name}"')
    return json.loads(text)


@pytest.mark.parametrize("name", SCENARIOS)
def test_but_for_the_names_the_answers_are_the_same(name):
    stream, whole = rendered(SCENARIOS[name](), strict_responses)
    assert (plain(stream), plain(whole)) == rendered(SCENARIOS[name]())


def test_hosted_work_bears_our_prefix():
    stream, whole = rendered(hosted_then_text(), strict_responses)
    kinds = [event["type"] for event in stream]
    assert "dragoman:response.mcp_call.completed" in kinds
    assert not [kind for kind in kinds if kind.startswith("response.mcp_call")]
    added = next(event for event in stream if event["type"] == "response.output_item.added")
    assert added["item"]["type"] == whole["output"][0]["type"] == "dragoman:mcp_call"
    assert stream[-1]["response"] == whole


def test_raw_reasoning_is_told_in_reasoning_events():
    stream, whole = rendered(summarised(thought_then_text()), strict_responses)
    kinds = [event["type"] for event in stream[2:7]]
    assert kinds == [
        "response.output_item.added",
        "response.content_part.added",
        "response.reasoning.delta",
        "response.reasoning.delta",
        "response.reasoning.done",
    ]
    reasoning = whole["output"][0]
    assert reasoning["content"] == [{"type": "reasoning_text", "text": "Hm, well."}]
    assert reasoning["summary"] == []


def test_raw_reasoning_is_of_the_schema():
    stream, whole = rendered(summarised(thought_then_text()), strict_responses)
    assert [found for event in (*stream, whole) for found in violations(OPEN, event)] == []


def test_elsewhere_raw_reasoning_is_shown_as_a_summary():
    stream, whole = rendered(summarised(thought_then_text()))
    assert whole["output"][0]["summary"] == [{"type": "summary_text", "text": "Hm, well."}]
    check_grammar(stream)


def test_custom_tools_bear_our_prefix_too():
    run = run_events(custom_events(0, "patch", "*** ", "Begin"))
    choice = {"type": "allowed_tools", "mode": "auto", "tools": [PATCH]}
    stream, whole = rendered(run, strict_responses, tools=[PATCH], tool_choice=choice)
    assert whole["output"][0]["type"] == "dragoman:custom_tool_call"
    assert whole["tools"][0]["type"] == whole["tool_choice"]["tools"][0]["type"] == "dragoman:custom"
    assert "dragoman:response.custom_tool_call_input.done" in [event["type"] for event in stream]


def test_what_bears_our_prefix_is_read_back():
    _, whole = rendered(hosted_then_text(), strict_responses)
    tool = {**PATCH, "type": "dragoman:custom"}
    reading = strict_responses.read(
        body(input=whole["output"], tools=[tool], tool_choice=tool), counting_ids()
    )
    assert isinstance(reading.request.items[0], HostedCall)
    assert reading.request.tools[0].custom is not None
    assert (reading.request.tool_choice.name, reading.request.warnings) == ("patch", ())


def every_error(kind: type[errors.DragomanError]) -> list[type[errors.DragomanError]]:
    return [kind, *(below for each in kind.__subclasses__() for below in every_error(each))]


@pytest.mark.parametrize("kind", every_error(errors.DragomanError))
def test_every_failure_has_a_type_of_the_specification(kind):
    assert as_json(strict_responses.error(kind().failure))["error"]["type"] in SPEC_TYPES


def test_the_table_of_error_types_names_none_that_is_gone():
    assert set(ERROR_TYPES) <= {kind.type for kind in every_error(errors.DragomanError)}
