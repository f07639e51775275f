"""Requests to the Responses API that are refused: with which status and code, and by which name."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from specs.errors import DragomanError
from tests.support.events import counting_ids
from tests.support.responses import DIALECT, body

RECORDINGS = Path(__file__).resolve().parents[2] / ".." / "shared" / "recordings" / "openai_responses"
TOOL = {"type": "function", "name": "weather"}
CALL = {"type": "function_call", "call_id": "c1", "name": "weather", "arguments": "{}"}
PNG = "data:image/png;base64,AA=="
INNER_KEYS = ("type", "role", "content", "id", "call_id", "name", "arguments", "output", "summary")
KINDS = ("message", "function_call", "function_call_output", "reasoning", "mcp_call", "odd", "user")


def message(*parts):
    """A message of these parts."""
    return {"type": "message", "role": "user", "content": list(parts)}


def refusal(raw: bytes) -> DragomanError:
    """How a body is refused."""
    with pytest.raises(DragomanError) as caught:
        DIALECT.read(raw, counting_ids())
    return caught.value


def status_of(raw: bytes) -> int:
    """200 where a body is read, else the status it is refused with."""
    try:
        DIALECT.read(raw, counting_ids())
    except DragomanError as error:
        return error.status
    return 200


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"model": None}, "model"),
        ({"model": ""}, "model"),
        ({"model": 3}, "model"),
        ({"input": None}, "input"),
        ({"input": []}, "input"),
        ({"input": 3}, "input"),
        ({"input": [3]}, "input[0]"),
        ({"input": [{}]}, "input[0].type"),
        ({"input": [{"type": "file_search_call"}]}, "input"),
        ({"input": [{"role": "robot", "content": "Hi"}]}, "input[0].role"),
        ({"input": [{"role": "user"}]}, "input[0].content"),
        ({"input": [{"role": "assistant", "content": "Hi", "phase": "odd"}]}, "input[0].phase"),
        ({"input": [message({"type": "odd"})]}, "input[0].content[0].type"),
        ({"input": [message({"text": "Hi"})]}, "input[0].content[0].type"),
        ({"input": [message({"type": "input_text"})]}, "input[0].content[0].text"),
        ({"input": [message({"type": "input_image"})]}, "input[0].content[0].image_url"),
        (
            {"input": [message({"type": "input_image", "image_url": PNG, "detail": "odd"})]},
            "input[0].content[0].detail",
        ),
        ({"input": [message({"type": "input_file"})]}, "input[0].content[0].file_data"),
        ({"input": [{**CALL, "call_id": ""}]}, "input[0].call_id"),
        ({"input": [{**CALL, "call_id": "c" * 65}]}, "input[0].call_id"),
        ({"input": [{**CALL, "name": "get weather"}]}, "input[0].name"),
        ({"input": [{**CALL, "arguments": {}}]}, "input[0].arguments"),
        ({"input": [CALL, {"type": "function_call_output", "call_id": "c1"}]}, "input[1].output"),
        ({"input": [{"type": "compaction", "encrypted_content": "x"}]}, "input[0].encrypted_content"),
        ({"input": [{"type": "reasoning", "summary": "x"}]}, "input[0].summary"),
        ({"include": ["odd"]}, "include[0]"),
        ({"tools": [{"name": "x"}]}, "tools[0].type"),
        ({"tools": [{"type": "function"}]}, "tools[0].name"),
        ({"tools": [{"type": "function", "name": "get weather"}]}, "tools[0].name"),
        ({"tools": [{"type": "function", "name": "n" * 65}]}, "tools[0].name"),
        ({"tools": [{**TOOL, "parameters": []}]}, "tools[0].parameters"),
        ({"tools": [TOOL, TOOL]}, "tools[1].name"),
        ({"tool_choice": "odd"}, "tool_choice"),
        ({"tool_choice": {"type": "function"}}, "tool_choice.name"),
        ({"tool_choice": {"type": "allowed_tools"}}, "tool_choice.tools"),
        ({"tool_choice": {"type": "allowed_tools", "tools": []}}, "tool_choice.tools"),
        ({"tool_choice": {"type": "allowed_tools", "tools": [TOOL] * 129}}, "tool_choice.tools"),
        (
            {"tool_choice": {"type": "allowed_tools", "tools": [{"type": "function"}]}},
            "tool_choice.tools[0].name",
        ),
        ({"tools": [{"type": "custom", "name": "not ok"}]}, "tools[0].name"),
        ({"tools": [{"type": "custom", "name": "p", "format": {"type": "odd"}}]}, "tools[0].format.type"),
        (
            {"tools": [{"type": "custom", "name": "p", "format": {"type": "grammar", "syntax": "odd"}}]},
            "tools[0].format.syntax",
        ),
        ({"text": {"format": {"type": "odd"}}}, "text.format.type"),
        ({"text": {"format": {"type": "json_schema", "schema": {}}}}, "text.format.name"),
        ({"text": {"format": {"type": "json_schema", "name": "x"}}}, "text.format.schema"),
        ({"text": {"format": {"type": "json_schema", "name": "x", "schema": []}}}, "text.format.schema"),
        ({"text": {"verbosity": "odd"}}, "text.verbosity"),
        ({"reasoning": {"effort": "odd"}}, "reasoning.effort"),
        ({"temperature": 2.1}, "temperature"),
        ({"temperature": "1"}, "temperature"),
        ({"top_p": -0.1}, "top_p"),
        ({"presence_penalty": 3}, "presence_penalty"),
        ({"frequency_penalty": -3}, "frequency_penalty"),
        ({"top_logprobs": 21}, "top_logprobs"),
        ({"max_output_tokens": 15}, "max_output_tokens"),
        ({"max_output_tokens": 2**63}, "max_output_tokens"),
        ({"max_tool_calls": 0}, "max_tool_calls"),
        ({"metadata": {str(n): "x" for n in range(17)}}, "metadata"),
        ({"metadata": {"a": 1}}, "metadata"),
        ({"metadata": {"k" * 65: "x"}}, "metadata"),
        ({"metadata": {"a": "x" * 513}}, "metadata.a"),
        ({"safety_identifier": "s" * 129}, "safety_identifier"),
        ({"prompt_cache_key": "k" * 65}, "prompt_cache_key"),
        ({"truncation": "odd"}, "truncation"),
        ({"service_tier": "odd"}, "service_tier"),
        ({"background": True, "store": False}, "background"),
        ({"conversation": 1}, "conversation"),
        ({"conversation": {}}, "conversation.id"),
        ({"conversation": "conv_1", "previous_response_id": "resp_1"}, "conversation"),
        ({"prompt": {"id": "pmpt_1"}}, "prompt"),
        ({"stream": "yes"}, "stream"),
    ],
)
def test_a_wrong_field_is_refused_by_name(fields, param):
    error = refusal(body(**{"tools": [TOOL], **fields}))
    assert (error.failure.status, error.failure.type, error.param) == (400, "invalid_request_error", param)


@pytest.mark.parametrize(
    "raw", [b"", b"{", b"[]", b"3", b'{"model":"a\xff","input":"x"}', b'{"input":"\\ud800"}']
)
def test_a_malformed_body_is_refused(raw):
    assert refusal(raw).failure.status == 400


@pytest.mark.parametrize(
    "nested", [b'{"model":"a","input":' + b"[" * 5000, b'{"model":"a","input":"x","odd":' + b'{"a":' * 5000]
)
def test_a_body_nested_too_deeply_is_refused(nested):
    assert refusal(nested).failure.status == 400


def test_a_message_names_the_allowed_range():
    assert refusal(body(temperature=3)).message == "temperature must be from 0 to 2; got 3.0."


def test_more_items_than_the_loop_can_bear_are_refused():
    assert refusal(body(input=[{"role": "user", "content": ""}] * 16_385)).param == "input"


def test_more_tools_than_any_model_takes_are_refused():
    tools = [{"type": "function", "name": f"t{n}"} for n in range(1_025)]
    assert refusal(body(tools=tools)).param == "tools"


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.sampled_from(KINDS) | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(INNER_KEYS), inner, max_size=4)
    ),
)


@given(json_values)
def test_any_json_as_input_is_read_or_refused(value):
    assert status_of(body(input=value)) in (200, 400, 404)


@given(st.sampled_from(("tools", "tool_choice", "text", "reasoning", "metadata", "include")), json_values)
def test_any_json_as_a_setting_is_read_or_refused(field, value):
    assert status_of(body(**{field: value})) in (200, 400)


def test_recorded_requests_are_read_or_refused_for_what_is_not_served():
    if not RECORDINGS.exists():
        pytest.skip("the recordings are not beside this checkout")
    bodies = [found for path in sorted(RECORDINGS.rglob("*.json")) if (found := recorded(path))]
    refused = [refusal(raw).param for raw in bodies if status_of(raw) != 200]
    assert len(bodies) >= 70
    assert sorted(set(refused)) == [
        "input[0].encrypted_content",  # a compaction of another server's
        "temperature",  # recorded with an error as its answer: -1
    ]


def recorded(path: Path) -> bytes | None:
    """The body that a recording sent to create a response."""
    request = json.loads(path.read_text()).get("request", {})
    creates = request.get("path", "").split("?")[0].endswith("/responses")
    return json.dumps(request["body"]).encode() if creates and isinstance(request["body"], dict) else None
