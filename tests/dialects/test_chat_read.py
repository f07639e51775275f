"""What Chat Completions requests mean: single facts about the reader."""

from __future__ import annotations

import msgspec
import pytest

from service.dialects.base import Reading
from service.dialects.chat import ChatDialect
from specs.items import (
    Audio,
    File,
    FunctionCall,
    FunctionResult,
    Image,
    Message,
    Reasoning,
    Refusal,
    Text,
    Thought,
    Video,
)
from specs.requests import CustomInput, FunctionTool, ResponseFormat, RunRequest, Settings, ToolChoice
from tests.support.events import counting_ids

PIXEL = "data:image/png;base64,iVBORw0KGgo="
WEATHER = {"type": "function", "function": {"name": "weather", "parameters": {"type": "object"}}}
CLOCK = {"type": "function", "function": {"name": "clock"}}


def read(messages: list | None = None, **fields) -> Reading:
    messages = [{"role": "user", "content": "Hi"}] if messages is None else messages
    body = msgspec.json.encode({"model": "agent_demo", "messages": messages, **fields})
    return ChatDialect().read(body, counting_ids())


def request(messages: list | None = None, **fields) -> RunRequest:
    return read(messages, **fields).request


def items(*messages: dict) -> tuple:
    return request(list(messages)).items


def test_the_least_request():
    reading = read()
    assert reading.request == RunRequest("agent_demo", (Message("msg_1", "user", (Text("Hi"),)),))
    assert reading.stream is False


@pytest.mark.parametrize("role", ["system", "developer", "user", "assistant"])
def test_messages_of_every_speaking_role(role):
    assert items({"role": role, "content": "Hi", "name": "ann"}) == (
        Message("msg_1", role, (Text("Hi"),), name="ann"),
    )


def test_content_may_be_an_array_of_parts():
    parts = [
        {"type": "text", "text": "See"},
        {"type": "image_url", "image_url": {"url": PIXEL, "detail": "low"}},
        {"type": "image_url", "image_url": "https://example.org/a.png"},
        {"type": "input_audio", "input_audio": {"data": "UklGRg==", "format": "wav"}},
        {"type": "file", "file": {"file_data": "data:application/pdf;base64,JVBERg==", "filename": "a.pdf"}},
        {"type": "video_url", "video_url": {"url": "https://example.org/a.mp4"}},
    ]
    (message,) = items({"role": "user", "content": parts})
    assert message.content == (
        Text("See"),
        Image(PIXEL, detail="low"),
        Image("https://example.org/a.png"),
        Audio("UklGRg==", "wav"),
        File("data:application/pdf;base64,JVBERg==", filename="a.pdf"),
        Video("https://example.org/a.mp4"),
    )


def test_an_assistants_refusal_comes_as_field_or_as_part():
    as_part = [{"type": "text", "text": "Well."}, {"type": "refusal", "refusal": "No."}]
    expected = (Message("msg_1", "assistant", (Text("Well."), Refusal("No."))),)
    assert items({"role": "assistant", "content": as_part}) == expected
    assert items({"role": "assistant", "content": "Well.", "refusal": "No."}) == expected


def test_a_tool_round_trip_with_null_content():
    call = {"id": "call_a", "type": "function", "function": {"name": "weather", "arguments": '{"a":1}'}}
    assert items(
        {"role": "assistant", "content": None, "tool_calls": [call], "refusal": None, "function_call": None},
        {"role": "tool", "tool_call_id": "call_a", "content": "Rain"},
    ) == (
        FunctionCall("fc_1", "call_a", "weather", '{"a":1}'),
        FunctionResult("fco_2", "call_a", (Text("Rain"),)),
    )


def test_a_tool_result_may_have_parts():
    call = {"id": "call_a", "function": {"name": "camera", "arguments": "{}"}}
    parts = [{"type": "text", "text": "Here"}, {"type": "image_url", "image_url": {"url": PIXEL}}]
    *_, result = items(
        {"role": "assistant", "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "call_a", "content": parts},
    )
    assert result.output == (Text("Here"), Image(PIXEL))


def test_words_before_a_call_keep_their_place():
    call = {"id": "call_a", "type": "function", "function": {"name": "weather", "arguments": "{}"}}
    found = items({"role": "assistant", "content": "Let me look.", "tool_calls": [call]})
    assert [type(item) for item in found] == [Message, FunctionCall]


def test_reasoning_content_comes_before_what_was_said():
    found = items({"role": "assistant", "content": "42", "reasoning_content": "Hm."})
    assert found == (Reasoning("rs_1", (Thought("Hm."),)), Message("msg_2", "assistant", (Text("42"),)))


@pytest.mark.parametrize("content", [None, "", []])
def test_an_assistant_that_said_nothing_leaves_no_item(content):
    found = items({"role": "user", "content": "Hi"}, {"role": "assistant", "content": content})
    assert len(found) == 1


def test_the_old_function_call_and_its_result_become_a_call_and_its_result():
    found = items(
        {"role": "assistant", "content": None, "function_call": {"name": "weather", "arguments": "{}"}},
        {"role": "function", "name": "weather", "content": "Rain"},
    )
    assert found == (
        FunctionCall("fc_2", "call_1", "weather", "{}"),
        FunctionResult("fco_3", "call_1", (Text("Rain"),)),
    )


def test_a_custom_call_in_the_history_keeps_its_free_text():
    call = {"id": "call_a", "type": "custom", "custom": {"name": "shell", "input": 'say "hi"'}}
    found = request(
        [
            {"role": "assistant", "tool_calls": [call]},
            {"role": "tool", "tool_call_id": "call_a", "content": ""},
        ]
    )
    assert found.items == (
        FunctionCall("fc_1", "call_a", "shell", 'say "hi"', custom=True),
        FunctionResult("fco_2", "call_a", (Text(""),), custom=True),
    )
    assert found.warnings == ()


def test_settings():
    assert request(
        temperature=0.2,
        top_p=0.9,
        presence_penalty=-1,
        frequency_penalty=1.5,
        max_completion_tokens=100,
        stop=["a", "b"],
        seed=-7,
        logprobs=True,
        top_logprobs=3,
        logit_bias={"50256": -100},
        reasoning_effort="minimal",
        verbosity="low",
        parallel_tool_calls=False,
        service_tier="flex",
        prompt_cache_key="cache",
        safety_identifier="ann",
    ).settings == Settings(
        temperature=0.2,
        top_p=0.9,
        presence_penalty=-1,
        frequency_penalty=1.5,
        max_output_tokens=100,
        stop=("a", "b"),
        seed=-7,
        logprobs=True,
        top_logprobs=3,
        logit_bias={"50256": -100},
        reasoning_effort="minimal",
        verbosity="low",
        parallel_tool_calls=False,
        service_tier="flex",
        prompt_cache_key="cache",
        safety_identifier="ann",
    )


@pytest.mark.parametrize(
    ("fields", "limit"),
    [({"max_tokens": 5}, 5), ({"max_tokens": None, "max_completion_tokens": 6}, 6), ({"max_tokens": 7}, 7)],
)
def test_both_names_of_the_output_limit(fields, limit):
    assert request(**fields).settings.max_output_tokens == limit


def test_the_newer_output_limit_wins_and_says_so():
    found = request(max_tokens=5, max_completion_tokens=6)
    assert found.settings.max_output_tokens == 6
    assert found.warnings == ("max_tokens was left out: max_completion_tokens says otherwise.",)


@pytest.mark.parametrize(("stop", "expected"), [("END", ("END",)), ([], None), (None, None), ("", None)])
def test_stop_forms(stop, expected):
    assert request(stop=stop).settings.stop == expected


def test_user_is_the_older_name_of_safety_identifier():
    assert request(user="ann").settings.safety_identifier == "ann"
    assert request(user="ann", safety_identifier="bob").settings.safety_identifier == "bob"


@pytest.mark.parametrize(
    ("sent", "expected"),
    [
        ({"type": "text"}, ResponseFormat("text")),
        ({"type": "json_object"}, ResponseFormat("json_object")),
        (
            {"type": "json_schema", "json_schema": {"name": "a", "schema": {"x": 1}, "strict": True}},
            ResponseFormat("json_schema", "a", None, msgspec.Raw(b'{"x":1}'), True),
        ),
        (None, None),
    ],
)
def test_response_format(sent, expected):
    assert request(response_format=sent).settings.response_format == expected


def test_function_tools_keep_their_parameters_byte_for_byte():
    body = b"""{"model":"a","messages":[{"role":"user","content":"Hi"}],"tools":[{"type":"function",
        "function":{"name":"f","description":"d","strict":null,"parameters": { "b":1.0, "a" :2 } }}]}"""
    (tool,) = ChatDialect().read(body, counting_ids()).request.tools
    assert tool == FunctionTool("f", "d", msgspec.Raw(b'{ "b":1.0, "a" :2 }'))


def test_a_function_may_come_without_its_type():
    found = request(tools=[{"function": {"name": "f"}}], tool_choice={"function": {"name": "f"}})
    assert found.tools == (FunctionTool("f"),)
    assert found.tool_choice == ToolChoice("required", name="f", params=("tool_choice.function.name",))


@pytest.mark.parametrize(
    "tool",
    [
        {"type": "namespace", "function": 5, "tools": [{}]},
        {"type": "web_search"},
    ],
)
def test_tools_we_cannot_run_are_left_out_with_a_warning(tool):
    found = request(tools=[tool, CLOCK])
    assert found.tools == (FunctionTool("clock"),)
    assert found.warnings == (f"tools[0] was left out: a tool of type '{tool['type']}' cannot be run here.",)


GRAMMAR = {"type": "grammar", "grammar": {"syntax": "regex", "definition": "a+"}}


@pytest.mark.parametrize(
    ("format", "expected"),
    [(None, CustomInput()), ({"type": "text"}, CustomInput()), (GRAMMAR, CustomInput("regex", "a+"))],
)
def test_a_custom_tool_is_read(format, expected):
    tool = {"type": "custom", "custom": {"name": "shell", "description": "S", "format": format}}
    assert request(tools=[tool]).tools == (FunctionTool("shell", "S", custom=expected),)


def test_the_old_functions_become_tools_that_are_called_one_at_a_time():
    found = request(functions=[{"name": "clock"}], function_call={"name": "clock"})
    assert found.tools == (FunctionTool("clock"),)
    assert found.tool_choice == ToolChoice("required", name="clock", params=("function_call.name",))
    assert found.settings.parallel_tool_calls is False


@pytest.mark.parametrize(
    ("sent", "expected"),
    [
        (None, None),
        ("none", ToolChoice("none")),
        ("auto", ToolChoice("auto")),
        ("required", ToolChoice("required")),
        (
            {"type": "function", "function": {"name": "clock"}},
            ToolChoice("required", name="clock", params=("tool_choice.function.name",)),
        ),
        (
            {"type": "custom", "custom": {"name": "shell"}},
            ToolChoice("required", name="shell", params=("tool_choice.custom.name",)),
        ),
        (
            {"type": "allowed_tools", "allowed_tools": {"mode": "required", "tools": [WEATHER, CLOCK]}},
            ToolChoice(
                "required",
                allowed=("weather", "clock"),
                params=(
                    "tool_choice.allowed_tools.tools[0].function.name",
                    "tool_choice.allowed_tools.tools[1].function.name",
                ),
            ),
        ),
    ],
)
def test_tool_choice(sent, expected):
    assert request(tools=[WEATHER, CLOCK], tool_choice=sent).tool_choice == expected


def test_a_choice_of_a_tool_we_cannot_run_is_left_out_with_a_warning():
    found = request(tools=[CLOCK], tool_choice={"type": "web_search"})
    assert found.tool_choice is None
    assert len(found.warnings) == 1


def test_where_nothing_we_can_run_is_allowed_nothing_is_called():
    allowed = {"mode": "auto", "tools": [{"type": "web_search"}]}
    found = request(tools=[CLOCK], tool_choice={"type": "allowed_tools", "allowed_tools": allowed})
    assert found.tool_choice == ToolChoice("none")
    assert len(found.warnings) == 1


def test_metadata_is_kept():
    assert request(metadata={"team": "a"}).metadata == {"team": "a"}


@pytest.mark.parametrize(
    "fields",
    [
        {"prediction": {"type": "content", "content": "x"}},
        {"prompt_cache_options": {"mode": "implicit"}},
        {"prompt_cache_retention": "24h"},
        {"stream_options": {"include_usage": True}},
        {"user": "x" * 65},
    ],
    ids=lambda fields: list(fields)[-1],
)
def test_what_is_not_honoured_is_warned_about_by_name(fields):
    (warning,) = request(**fields).warnings
    assert list(fields)[-1] in warning


def test_a_cache_breakpoint_is_warned_about():
    part = {"type": "text", "text": "Hi", "prompt_cache_breakpoint": {"mode": "explicit"}}
    (warning,) = request([{"role": "user", "content": [part]}]).warnings
    assert warning.startswith("messages[0].content[0].prompt_cache_breakpoint ")


NULLABLE = [
    *("frequency_penalty", "logit_bias", "logprobs", "max_completion_tokens", "max_tokens", "metadata"),
    *("modalities", "n", "parallel_tool_calls", "presence_penalty", "prompt_cache_key", "reasoning_effort"),
    *("response_format", "safety_identifier", "seed", "service_tier", "stop", "store", "stream", "audio"),
    *("stream_options", "temperature", "tool_choice", "tools", "top_logprobs", "top_p", "user", "verbosity"),
    *("functions", "function_call", "moderation", "prediction", "prompt_cache_options", "web_search_options"),
    "prompt_cache_retention",
]


def test_explicit_nulls_are_the_same_as_absence():
    assert request(**dict.fromkeys(NULLABLE)) == request()


def test_the_list_of_nullable_fields_is_whole():
    wire = read().wire
    assert {*NULLABLE, "model", "messages"} == set(type(wire).__struct_fields__)


def test_explicit_nulls_in_messages_parts_and_tools():
    found = request(
        [
            {
                "role": "system",
                "content": "Be brief.",
                "name": None,
                "tool_calls": None,
                "tool_call_id": None,
            },
            {"role": "user", "content": [{"type": "text", "text": "Hi", "image_url": None, "file": None}]},
            {"role": "assistant", "content": "Yes", "tool_calls": None, "audio": None, "refusal": None},
        ],
        tools=[{"type": "function", "function": {"name": "f", "description": None, "parameters": None}}],
    )
    assert len(found.items) == 3
    assert found.tools == (FunctionTool("f"),)


def test_harmless_values_of_fields_we_hardly_know():
    found = request(n=1, store=False, modalities=["text"], stream_options=None)
    assert found.warnings == ()


def test_unknown_fields_are_ignored():
    assert request(extra_body={"a": [1]}, thinking={"type": "enabled"}) == request()


def test_stream_is_told():
    assert read(stream=True).stream is True


def test_nul_is_only_a_character():
    assert items({"role": "user", "content": "a\0b"})[0].content == (Text("a\0b"),)


def test_long_content_is_read_whole():
    parts = [{"type": "text", "text": "a"}] * 1000
    assert len(items({"role": "user", "content": parts})[0].content) == 1000
