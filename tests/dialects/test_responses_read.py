"""Requests to the Responses API: what they become, and what is left out with a warning."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import UNSET

from service.dialects.responses.reasoning import seal, unseal
from specs.items import (
    Audio,
    File,
    FileCitation,
    FunctionCall,
    FunctionResult,
    HostedCall,
    Image,
    Message,
    Reasoning,
    Refusal,
    Sealed,
    Summary,
    Text,
    Thought,
    UrlCitation,
    Video,
)
from specs.openai.responses import CreateResponse
from specs.requests import CustomInput, FilePlace, FunctionTool, ToolChoice
from specs.state import Reference, ResultPlace, StateAsk
from tests.support.events import SCENARIOS, counting_ids, hosted_then_text, thought_then_text
from tests.support.responses import DIALECT, body, rendered

TOOL = {"type": "function", "name": "weather"}
CALL = {"type": "function_call", "call_id": "c1", "name": "weather", "arguments": "{}"}
PNG = "data:image/png;base64,AA=="


def read(**fields):
    """The run that a request asks for."""
    return DIALECT.read(body(**fields), counting_ids()).request


def items(*wire):
    """Input items, read."""
    return read(input=list(wire)).items


def message(*parts, role="user"):
    """A message of these parts."""
    return {"type": "message", "role": role, "content": list(parts)}


def content(*parts, role="user"):
    """Parts of a message, read."""
    return items(message(*parts, role=role))[0].content


def test_a_string_is_one_user_message():
    assert read(input="Hi").items == (Message("msg_1", "user", (Text("Hi"),)),)


@pytest.mark.parametrize("role", ["user", "assistant", "system", "developer"])
def test_a_message_may_omit_its_type(role):
    (found,) = items({"role": role, "content": "Hi"})
    assert (found.role, found.content) == (role, (Text("Hi"),))


def test_messages_are_the_same_beside_other_items():
    picture = {"type": "input_image", "file_id": "file-1"}
    said = [message({"type": "input_text", "text": "See"}, picture), {"role": "assistant", "content": "Yes"}]
    alone = DIALECT.read(body(input=said), counting_ids())
    beside = DIALECT.read(body(input=[*said, CALL]), counting_ids())
    assert beside.request.items[:2] == alone.request.items
    assert beside.files == alone.files == (FilePlace("file-1", "input[0].content[1].file_id"),)


def test_nulls_and_unknown_fields_of_an_item_do_no_harm():
    (found,) = items({"role": "user", "content": "Hi", "id": None, "status": None, "phase": None, "x": 1})
    assert found == Message("msg_1", "user", (Text("Hi"),))


def test_an_items_own_id_is_kept():
    assert items({"role": "user", "content": "Hi", "id": "msg_mine"})[0].id == "msg_mine"


def test_an_assistant_message_may_be_empty():
    assert items({"role": "assistant", "content": None})[0].content == ()


def test_a_phase_is_kept():
    assert items({"role": "assistant", "content": "Hm", "phase": "commentary"})[0].phase == "commentary"


def test_a_message_cut_short_stays_incomplete():
    assert items({"role": "assistant", "content": "Hm", "status": "incomplete"})[0].status == "incomplete"


@pytest.mark.parametrize(
    ("part", "expected"),
    [
        ({"type": "input_text", "text": "Hi"}, Text("Hi")),
        ({"type": "text", "text": "Hi"}, Text("Hi")),
        ({"type": "output_text", "text": "Hi", "annotations": None, "logprobs": []}, Text("Hi")),
        ({"type": "refusal", "refusal": "No"}, Refusal("No")),
        ({"type": "input_image", "image_url": PNG, "detail": "low"}, Image(PNG, detail="low")),
        ({"type": "input_image", "image_url": PNG, "file_id": None, "detail": None}, Image(PNG)),
        (
            {"type": "input_file", "file_data": "QQ==", "filename": "a.pdf"},
            File("QQ==", filename="a.pdf"),
        ),
        ({"type": "input_file", "file_url": "https://a.example/b"}, File(url="https://a.example/b")),
        ({"type": "input_video", "video_url": "https://a.example/b"}, Video("https://a.example/b")),
        ({"type": "input_audio", "input_audio": {"data": "QQ==", "format": "wav"}}, Audio("QQ==", "wav")),
    ],
)
def test_a_content_part_is_read(part, expected):
    assert content(part) == (expected,)


def test_known_citations_are_kept_and_others_dropped():
    page = {
        "type": "url_citation",
        "url": "https://a.example",
        "start_index": 0,
        "end_index": 2,
        "title": "A",
    }
    file = {"type": "file_citation", "file_id": "f", "index": 1, "filename": "a.txt"}
    part = {"type": "output_text", "text": "Hi", "annotations": [page, {"type": "odd"}, file]}
    expected = (UrlCitation("https://a.example", "A", 0, 2), FileCitation("f", "a.txt", 1))
    assert content(part, role="assistant") == (Text("Hi", expected),)


def test_a_call_and_its_output_are_read():
    output = {"type": "function_call_output", "call_id": "c1", "output": "sunny"}
    assert items(CALL, output) == (
        FunctionCall("fc_1", "c1", "weather", "{}"),
        FunctionResult("fco_2", "c1", (Text("sunny"),)),
    )


def test_an_output_may_have_parts():
    parts = [{"type": "input_text", "text": "see"}, {"type": "input_image", "image_url": PNG}]
    found = items(CALL, {"type": "function_call_output", "call_id": "c1", "output": parts})[1]
    assert found.output == (Text("see"), Image(PNG))


def test_reasoning_of_another_server_is_kept_but_belongs_nowhere():
    wire = {
        "type": "reasoning",
        "summary": [{"type": "summary_text", "text": "so"}],
        "content": [{"type": "reasoning_text", "text": "hm"}],
        "encrypted_content": "gAAAA",
    }
    (found,) = items(wire)
    assert found == Reasoning("rs_1", (Summary("so"), Thought("hm"), Sealed("gAAAA")))


def test_reasoning_without_anything_is_read():
    wire = {"type": "reasoning", "summary": [], "content": None, "encrypted_content": None}
    assert items(wire) == (Reasoning("rs_1"),)


def test_our_sealed_reasoning_comes_back_whole():
    parts = (Summary("so"), Thought("hm", "signed=="), Sealed("c2VhbA=="))
    sealed = Reasoning("rs_x", parts, origin="messages:api.example", upstream_id="rs_up")
    wire = {"type": "reasoning", "id": "rs_x", "summary": [], "encrypted_content": seal(sealed)}
    assert items(wire) == (sealed,)


@given(st.text())
def test_any_string_may_come_as_sealed_reasoning(text):
    assert unseal(text, id="rs").content == (Sealed(text),)


@pytest.mark.parametrize("broken", ["drg1.", "drg1.%%%", "drg1.e30=", "drg1.Z2FyYmFnZQ==", "drg1.é"])
def test_a_broken_seal_is_foreign(broken):
    assert unseal(broken, id="rs") == Reasoning("rs", (Sealed(broken),))


def test_a_receipt_of_a_hosted_call_comes_back():
    wire = {"type": "mcp_call", "id": "mcp_x", "server_label": "tools", "name": "search"}
    wire |= {"arguments": "{}", "output": "found", "error": None, "status": "completed"}
    assert items(wire) == (HostedCall("mcp_x", "mcp_x", "tools", "search", "{}", output="found"),)


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        ({"type": "mcp_tool_execution_error", "content": [{"type": "text", "text": "No"}]}, "No"),
        ({"code": 1}, '{"code": 1}'),
        ("No", '"No"'),
    ],
)
def test_the_error_of_a_receipt_is_kept(error, expected):
    (found,) = items({"type": "mcp_call", "server_label": "t", "name": "s", "error": error})
    assert found.error == expected


@pytest.mark.parametrize("name", SCENARIOS)
def test_whatever_we_send_may_be_sent_back(name):
    include = ["reasoning.encrypted_content"]
    output = rendered(SCENARIOS[name](), include=include)[1]["output"]
    results = [
        {"type": "function_call_output", "call_id": item["call_id"], "output": "ok"}
        for item in output
        if item["type"] == "function_call"
    ]
    request = read(input=[*output, *results, {"role": "user", "content": "Go on"}])
    assert [item.id for item in request.items[: len(output)]] == [item["id"] for item in output]
    assert request.warnings == ()


def test_reasoning_sent_back_is_what_the_provider_gave():
    whole = rendered(thought_then_text(), include=["reasoning.encrypted_content"])[1]
    assert items(*whole["output"])[0].content == (Thought("Hm, well."), Sealed("c2VhbGVk"))


def test_a_receipt_sent_back_says_what_came_of_it():
    whole = rendered(hosted_then_text())[1]
    found = items(*whole["output"])[0]
    assert (found.name, found.arguments, found.output) == ("search", '{"q":"x"}', "found")


@pytest.mark.parametrize("kind", ["file_search_call", "local_shell_call", "odd"])
def test_an_item_that_cannot_be_used_is_left_out_with_a_warning(kind):
    request = read(input=[{"type": kind, "id": "x"}, {"role": "user", "content": "Hi"}])
    assert len(request.items) == 1
    assert request.warnings == (f"input[0]: items of type {kind!r} cannot be used here; it was left out.",)


def test_a_function_tool_is_read():
    schema = {"type": "object", "properties": {"city": {"type": "string"}}}
    (tool,) = read(tools=[{**TOOL, "description": "W", "parameters": schema, "strict": True}]).tools
    assert (tool.name, tool.description, tool.strict) == ("weather", "W", True)
    assert json.loads(bytes(tool.parameters)) == schema


def test_a_tool_without_parameters_has_none():
    assert read(tools=[{**TOOL, "parameters": None}]).tools == (FunctionTool("weather", None, UNSET),)


@pytest.mark.parametrize(
    ("format", "expected"),
    [
        (None, CustomInput()),
        ({"type": "text"}, CustomInput()),
        (
            {"type": "grammar", "syntax": "lark", "definition": "start: /a+/"},
            CustomInput("lark", "start: /a+/"),
        ),
    ],
)
def test_a_custom_tool_is_read(format, expected):
    (tool,) = read(tools=[{"type": "custom", "name": "patch", "description": "P", "format": format}]).tools
    assert tool == FunctionTool("patch", "P", custom=expected)


def test_a_custom_call_and_its_output_are_read():
    call, result = items(
        {
            "type": "custom_tool_call",
            "id": "ctc_1",
            "call_id": "call_1",
            "name": "patch",
            "input": "*** Begin",
        },
        {"type": "custom_tool_call_output", "call_id": "call_1", "output": "Done"},
    )
    assert call == FunctionCall("ctc_1", "call_1", "patch", "*** Begin", custom=True)
    assert (result.call_id, result.output, result.custom) == ("call_1", (Text("Done"),), True)


@pytest.mark.parametrize("kind", ["namespace", "file_search", "local_shell", "odd"])
def test_a_tool_that_cannot_be_run_is_left_out_with_a_warning(kind):
    request = read(tools=[{"type": kind, "name": "x"}, TOOL])
    assert [tool.name for tool in request.tools] == ["weather"]
    assert request.warnings == (f"tools[0]: tools of type {kind!r} cannot be run here; it was left out.",)


@pytest.mark.parametrize(
    ("choice", "expected"),
    [
        (None, None),
        ("auto", ToolChoice("auto")),
        ("none", ToolChoice("none")),
        ("required", ToolChoice("required")),
        (
            {"type": "function", "name": "weather"},
            ToolChoice("required", name="weather", params=("tool_choice.name",)),
        ),
        (
            {"type": "custom", "name": "patch"},
            ToolChoice("required", name="patch", params=("tool_choice.name",)),
        ),
        (
            {"type": "allowed_tools", "mode": "required", "tools": [TOOL, {"type": "shell"}]},
            ToolChoice("required", allowed=("weather",), params=("tool_choice.tools[0].name",)),
        ),
        (
            {"type": "allowed_tools", "tools": [{"type": "web_search"}, TOOL, TOOL]},
            ToolChoice(
                "auto",
                allowed=("web_search", "weather"),
                params=("tool_choice.tools[0].type", "tool_choice.tools[1].name"),
            ),
        ),
        (
            {"type": "web_search"},
            ToolChoice("required", name="web_search", params=("tool_choice.type",)),
        ),
        ({"type": "file_search"}, None),
    ],
)
def test_tool_choice_is_read(choice, expected):
    assert read(tools=[TOOL], tool_choice=choice).tool_choice == expected


@pytest.mark.parametrize(
    "choice", [{"type": "file_search"}, {"type": "allowed_tools", "tools": [TOOL, {"type": "shell"}]}]
)
def test_a_choice_that_cannot_be_honoured_is_warned_about(choice):
    (warning,) = read(tools=[TOOL], tool_choice=choice).warnings
    assert warning.startswith("tool_choice")


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"temperature": 0}, {"temperature": 0}),
        ({"temperature": 2, "top_p": 1}, {"temperature": 2, "top_p": 1}),
        ({"presence_penalty": -2, "frequency_penalty": 2}, {"presence_penalty": -2, "frequency_penalty": 2}),
        ({"max_output_tokens": 16}, {"max_output_tokens": 16}),
        ({"parallel_tool_calls": False}, {"parallel_tool_calls": False}),
        ({"reasoning": {"effort": "xhigh", "summary": "detailed"}}, {"reasoning_effort": "xhigh"}),
        ({"reasoning": {"generate_summary": "concise"}}, {"reasoning_summary": "concise"}),
        ({"text": {"verbosity": "low", "format": None}}, {"verbosity": "low", "response_format": None}),
        ({"service_tier": "flex"}, {"service_tier": "flex"}),
        ({"prompt_cache_key": "k" * 64}, {"prompt_cache_key": "k" * 64}),
        ({"safety_identifier": "s" * 128}, {"safety_identifier": "s" * 128}),
        ({"user": "me"}, {"safety_identifier": "me"}),
        ({"user": "me", "safety_identifier": "you"}, {"safety_identifier": "you"}),
        ({"include": ["message.output_text.logprobs"]}, {"logprobs": True, "top_logprobs": None}),
        ({"top_logprobs": 20}, {"logprobs": True, "top_logprobs": 20}),
        ({"top_logprobs": 0}, {"logprobs": None, "top_logprobs": None}),
    ],
)
def test_settings_are_read(fields, expected):
    settings = read(**fields).settings
    assert {name: getattr(settings, name) for name in expected} == expected


@pytest.mark.parametrize("kind", ["text", "json_object"])
def test_a_plain_format_is_read(kind):
    assert read(text={"format": {"type": kind}}).settings.response_format.kind == kind


def test_a_schema_is_read_as_it_was_sent():
    wire = {"type": "json_schema", "name": "x", "schema": {"b": 1, "a": 2}, "strict": True}
    found = read(text={"format": wire}).settings.response_format
    assert (found.name, bytes(found.schema), found.strict) == ("x", b'{"b": 1, "a": 2}', True)


def test_metadata_is_read():
    assert read(metadata={"a": "b"}).metadata == {"a": "b"}


def test_instructions_are_the_callers():
    assert read(instructions="Be brief.").instructions == "Be brief."


def test_every_field_may_be_null():
    assert read(**dict.fromkeys({*CreateResponse.__struct_fields__} - {"model", "input"})) == read()


def test_unknown_fields_do_no_harm():
    assert read(stream=None, odd={"a": [1]}) == read()


@pytest.mark.parametrize("fields", [{"store": False}, {"background": False}, {"store": None}])
def test_what_needs_no_store_is_accepted(fields):
    assert read(**fields).warnings == ()


@pytest.mark.parametrize(("stream", "expected"), [(True, True), (False, False), (None, False)])
def test_stream_is_read(stream, expected):
    assert DIALECT.read(body(stream=stream), counting_ids()).stream is expected


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"context_management": [{"type": "pruning"}]}, "context_management[0]"),
        ({"moderation": {"model": "m"}}, "moderation"),
        ({"prompt_cache_retention": "24h"}, "prompt_cache_retention"),
        ({"prompt_cache_options": {"mode": "explicit"}}, "prompt_cache_options"),
        ({"reasoning": {"context": "all_turns"}}, "reasoning.context"),
        ({"reasoning": {"mode": "pro"}}, "reasoning.mode"),
        ({"user": "u" * 129}, "user"),
        ({"tools": [{**TOOL, "defer_loading": True}]}, "tools[0].defer_loading"),
        ({"tools": [{**TOOL, "output_schema": {}}]}, "tools[0].output_schema"),
    ],
)
def test_what_cannot_be_honoured_is_warned_about(fields, named):
    (warning,) = read(**fields).warnings
    assert warning.startswith(named)


@pytest.mark.parametrize(
    ("fields", "state"),
    [
        ({}, StateAsk(store=True)),
        ({"store": None}, StateAsk(store=True)),
        ({"store": True}, StateAsk(store=True, store_named=True)),
        ({"store": False}, StateAsk(store_named=True)),
        ({"previous_response_id": "resp_1"}, StateAsk(store=True, previous="resp_1")),
        ({"conversation": "conv_1"}, StateAsk(store=True, conversation="conv_1")),
        ({"conversation": {"id": "conv_1"}}, StateAsk(store=True, conversation="conv_1")),
        ({"conversation": None}, StateAsk(store=True)),
    ],
)
def test_the_state_a_request_asks_for(fields, state):
    assert DIALECT.read(body(**fields), counting_ids()).state == state


def test_references_and_results_are_told_with_their_places():
    user = {"role": "user", "content": "x"}
    result = {"type": "function_call_output", "call_id": "c1", "output": ""}
    input = [{"id": "msg_1"}, user, {"type": "unheard_of"}, {"type": "item_reference", "id": "msg_2"}, result]
    reading = DIALECT.read(body(input=input), counting_ids())
    assert reading.state.references == (
        Reference(0, "msg_1", "input[0].id"),
        Reference(1, "msg_2", "input[3].id"),
    )
    assert reading.state.results == (ResultPlace("c1", "input[4].call_id"),)


def test_the_model_may_be_implied_and_the_input_empty_where_a_response_is_continued():
    reading = DIALECT.read(b'{"previous_response_id": "resp_1"}', counting_ids())
    assert (reading.request.agent, reading.request.items) == ("", ())
