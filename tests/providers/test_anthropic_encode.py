"""Requests to the Messages API: the conversation, tools, settings."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from msgspec import Raw
from msgspec.structs import replace

from providers.anthropic.encode import GOING_ON, OPENING, encode
from providers.anthropic.families import messages_profile
from specs.items import (
    Audio,
    File,
    FunctionCall,
    FunctionResult,
    HostedCall,
    Image,
    Item,
    Message,
    MessagePart,
    Reasoning,
    Refusal,
    Sealed,
    Summary,
    Text,
    Thought,
)
from specs.requests import FunctionTool, ModelRequest, ResponseFormat, Settings, ToolChoice
from tests.support.anthropic_answers import ORIGIN

OLD, NEW = "claude-sonnet-4-5", "claude-opus-5-5"
MARK = {"type": "ephemeral"}
TOOL = FunctionTool("look_up", "Looks up.", Raw(b'{"type":"object","properties":{"q":{"type":"string"}}}'))


def user(*parts: MessagePart | str) -> Message:
    return Message("u", "user", tuple(Text(part) if isinstance(part, str) else part for part in parts))


def assistant(text: str) -> Message:
    return Message("a", "assistant", (Text(text),))


def system(text: str) -> Message:
    return Message("s", "system", (Text(text),))


def call(call_id: str, arguments: str = "{}") -> FunctionCall:
    return FunctionCall(f"fc_{call_id}", call_id, "look_up", arguments)


def result(call_id: str, *parts: MessagePart | str, error: bool = False) -> FunctionResult:
    output = tuple(Text(part) if isinstance(part, str) else part for part in parts)
    return FunctionResult(f"fr_{call_id}", call_id, output, error=error)


def request(*items: Item, model: str = OLD, **more: Any) -> ModelRequest:
    return ModelRequest(model, items or (user("Hi"),), **more)


def written(asked: ModelRequest) -> tuple[dict[str, Any], dict[str, str]]:
    """The body, and the warnings by field."""
    encoded = encode(asked, profile=messages_profile(asked.model), origin=ORIGIN)
    return json.loads(encoded.body), dict(encoded.warnings)


def turns(*items: Item, model: str = OLD, marked: bool = False) -> list[tuple[str, list[dict[str, Any]]]]:
    """(role, blocks) of each turn, without cache marks unless asked for."""
    body, _ = written(request(*items, model=model))
    for turn in body["messages"]:
        for block in turn["content"]:
            block if marked else block.pop("cache_control", None)
    return [(turn["role"], turn["content"]) for turn in body["messages"]]


def text(value: str) -> dict[str, str]:
    return {"type": "text", "text": value}


def test_the_least_request_streams_with_the_cap_of_its_model() -> None:
    body, warnings = written(request(user("Hi")))
    assert body == {
        "model": OLD,
        "max_tokens": 64_000,
        "messages": [{"role": "user", "content": [{**text("Hi"), "cache_control": MARK}]}],
        "stream": True,
    }
    assert warnings == {}


def test_instructions_and_leading_system_messages_are_the_system_prompt() -> None:
    body, _ = written(request(system("Be brief."), system(" "), user("Hi"), instructions="You are kind."))
    assert body["system"] == [text("You are kind."), {**text("Be brief."), "cache_control": MARK}]


def test_a_later_system_message_is_marked_user_text_in_its_place() -> None:
    assert turns(user("Hi"), assistant("Yes?"), system("Be brief."), user("Go")) == [
        ("user", [text("Hi")]),
        ("assistant", [text("Yes?")]),
        ("user", [text("<system>\nBe brief.\n</system>"), text("Go")]),
    ]


def test_a_later_system_message_is_a_turn_where_the_model_knows_it_and_the_place_allows_it() -> None:
    said = (user("Hi"), system("Be brief."))
    assert turns(*said, model=NEW) == [("user", [text("Hi")]), ("system", [text("Be brief.")])]
    assert turns(*said, assistant("OK"), user("Go"), model=NEW)[:2] == turns(*said, model=NEW)
    assert turns(*said, user("Go"), model=NEW) == [
        ("user", [text("Hi"), text("<system>\nBe brief.\n</system>"), text("Go")])
    ]


def test_messages_of_one_role_are_one_turn_and_blank_ones_none() -> None:
    assert turns(user("a"), user("", "b"), assistant(" \n"), user("c")) == [
        ("user", [text("a"), text("b"), text("c")])
    ]


def test_the_parts_of_an_assistant_message_are_one_text() -> None:
    said = Message("a", "assistant", (Text("one"), Text(" "), Text("two"), Refusal(" no")))
    assert turns(user("a"), said, user("b"))[1] == ("assistant", [text("one two no")])


def test_a_conversation_that_does_not_begin_with_the_user_is_begun_for_them() -> None:
    body, warnings = written(request(system("Tell a joke.")))
    assert body["messages"][0]["content"][0]["text"] == OPENING
    assert body["system"][0]["text"] == "Tell a joke."
    assert "input" in warnings


def test_an_older_model_goes_on_from_the_assistant_without_trailing_space() -> None:
    assert turns(user("Hi"), assistant("The answer is ("))[-1] == ("assistant", [text("The answer is (")])
    assert turns(user("Hi"), assistant("So: "))[-1] == ("assistant", [text("So:")])


def test_a_newer_model_is_asked_to_go_on() -> None:
    assert turns(user("Hi"), assistant("So"), model=NEW)[-1] == ("user", [text(GOING_ON)])


DATA = base64.b64encode(b"%PDF-1.4 x").decode()


@pytest.mark.parametrize(
    ("part", "block"),
    [
        (
            Image("data:image/png;base64,aWNvbg=="),
            {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "aWNvbg=="}},
        ),
        (
            Image("https://example.com/a.png"),
            {"type": "image", "source": {"type": "url", "url": "https://example.com/a.png"}},
        ),
        (
            File(f"data:application/pdf;base64,{DATA}", filename="a.pdf"),
            {
                "type": "document",
                "source": {"type": "base64", "media_type": "application/pdf", "data": DATA},
                "title": "a.pdf",
            },
        ),
        (
            File(DATA),
            {
                "type": "document",
                "source": {"type": "base64", "media_type": "application/pdf", "data": DATA},
            },
        ),
        (
            File("data:text/csv;charset=utf-8;base64,YSxiCg==", filename="t.csv"),
            {
                "type": "document",
                "source": {"type": "text", "media_type": "text/plain", "data": "a,b\n"},
                "title": "t.csv",
            },
        ),
        (
            File("data:,Hello%2C%20World"),
            {
                "type": "document",
                "source": {"type": "text", "media_type": "text/plain", "data": "Hello, World"},
            },
        ),
        (
            File("data:image/gif;base64,R0lG", filename="a.gif"),
            {"type": "image", "source": {"type": "base64", "media_type": "image/gif", "data": "R0lG"}},
        ),
        (
            File(url="https://example.com/a.pdf", filename="a.pdf"),
            {
                "type": "document",
                "source": {"type": "url", "url": "https://example.com/a.pdf"},
                "title": "a.pdf",
            },
        ),
    ],
)
def test_images_and_files_have_their_block(part: MessagePart, block: dict[str, Any]) -> None:
    assert turns(user("See:", part))[0][1] == [text("See:"), block]
    assert turns(user("Go"), call("c1"), result("c1", part))[2][1][0]["content"] == [block]


@pytest.mark.parametrize(
    "part",
    [
        Audio("UklG", "wav"),
        Image("data:image/tiff;base64,SUkq"),
        Image("data:broken"),
        Image(file_id="file_1"),
        File(file_id="file_1"),
        File("data:application/zip;base64,UEsDBAD/", filename="a.zip"),
        File("not base64 at all", filename="x"),
    ],
)
def test_what_the_api_cannot_take_is_left_out_and_told_of(part: MessagePart) -> None:
    body, warnings = written(request(user("See:", part)))
    assert len(body["messages"][0]["content"]) == 1
    assert list(warnings) == ["input"]


def test_parallel_calls_are_answered_in_the_next_turn_before_what_the_user_says() -> None:
    items = (user("Go"), assistant("Both."), call("c1", '{"q": 1}'), call("c2"))
    answers = (result("c2", "two", error=True), result("c1", "one"), user("And?"))
    assert turns(*items, *answers) == [
        ("user", [text("Go")]),
        (
            "assistant",
            [
                text("Both."),
                {"type": "tool_use", "id": "c1", "name": "look_up", "input": {"q": 1}},
                {"type": "tool_use", "id": "c2", "name": "look_up", "input": {}},
            ],
        ),
        (
            "user",
            [
                {"type": "tool_result", "tool_use_id": "c1", "content": [text("one")]},
                {"type": "tool_result", "tool_use_id": "c2", "content": [text("two")], "is_error": True},
                text("And?"),
            ],
        ),
    ]


def test_calls_one_after_another_are_turns_one_after_another() -> None:
    roles = [role for role, _ in turns(user("Go"), call("a"), result("a", "1"), call("b"), result("b", "2"))]
    assert roles == ["user", "assistant", "user", "assistant", "user"]


def test_a_call_without_a_result_is_given_one_that_says_so() -> None:
    body, warnings = written(request(user("Go"), call("c1"), user("Never mind")))
    block = body["messages"][2]["content"][0]
    assert (block["tool_use_id"], block["is_error"]) == ("c1", True)
    assert "c1" in warnings["input"]


def test_a_result_without_a_call_is_given_as_text() -> None:
    body, warnings = written(request(user("Go"), result("gone", "42")))
    assert [block["text"] for block in body["messages"][0]["content"]] == ["Go", "42"]
    assert "gone" in warnings["input"]


def test_call_ids_are_cleaned_and_unique_and_results_follow_them() -> None:
    odd, long = "call:1|a", "x" * 80
    _, (_, calls), (_, answers) = turns(
        user("Go"),
        call(odd),
        call("call_1_a"),
        call(long),
        call(long[:70]),
        result("call_1_a", "second"),
        result(odd, "first"),
        result(long, "third"),
        result(long[:70], "fourth"),
    )
    ids = [block["id"] for block in calls]
    assert ids == ["call_1_a", "call_1_a_2", "x" * 64, "x" * 56 + "_2"]
    assert [block["tool_use_id"] for block in answers] == ids
    assert [block["content"][0]["text"] for block in answers] == ["first", "second", "third", "fourth"]


@pytest.mark.parametrize(
    ("arguments", "sent"),
    [
        ("", {}),
        (" ", {}),
        ('{"a": [1, {"b": null}]}', {"a": [1, {"b": None}]}),
        ('{"a": ', {"invalid_json": '{"a": '}),
        ("[1]", {"invalid_json": "[1]"}),
        ("null", {"invalid_json": "null"}),
    ],
)
def test_arguments_are_an_object_whatever_was_written(arguments: str, sent: dict[str, Any]) -> None:
    assert turns(user("Go"), call("c", arguments), result("c", "x"))[1][1][0]["input"] == sent


def test_a_call_the_server_ran_is_a_call_with_its_result() -> None:
    hosted = HostedCall("h1", "c1", "shop", "find", '{"q":1}', output="3 found", step=0)
    failed = HostedCall("h2", "c2", "shop", "buy", "{}", error="sold out", step=0)
    assert turns(user("Go"), hosted, failed, assistant("Sorry."), user("OK"))[1:4] == [
        (
            "assistant",
            [
                {"type": "tool_use", "id": "c1", "name": "find", "input": {"q": 1}},
                {"type": "tool_use", "id": "c2", "name": "buy", "input": {}},
            ],
        ),
        (
            "user",
            [
                {"type": "tool_result", "tool_use_id": "c1", "content": [text("3 found")]},
                {"type": "tool_result", "tool_use_id": "c2", "content": [text("sold out")], "is_error": True},
            ],
        ),
        ("assistant", [text("Sorry.")]),
    ]


THOUGHTS = Reasoning("rs", (Thought("hm ", "c2ln+/=="), Sealed("c2VhbGVk"), Summary("s")), origin=ORIGIN)


def test_thoughts_return_to_where_they_came_from_as_they_were() -> None:
    _, (_, blocks), _ = turns(user("Go"), THOUGHTS, call("c"), result("c", "x"))
    assert blocks[:2] == [
        {"type": "thinking", "thinking": "hm ", "signature": "c2ln+/=="},
        {"type": "redacted_thinking", "data": "c2VhbGVk"},
    ]


@pytest.mark.parametrize(
    "thoughts",
    [
        replace(THOUGHTS, origin="elsewhere"),
        replace(THOUGHTS, origin=None),
        Reasoning("rs", (Thought("unsigned"), Summary("s")), origin=ORIGIN),
    ],
)
def test_other_thoughts_stay_here(thoughts: Reasoning) -> None:
    _, (_, blocks), _ = turns(user("Go"), thoughts, call("c"), result("c", "x"))
    assert [block["type"] for block in blocks] == ["tool_use"]


def test_a_turn_does_not_end_in_a_thought() -> None:
    assert turns(user("Go"), THOUGHTS, user("On"), model=OLD) == [("user", [text("Go"), text("On")])]


def test_the_cache_is_marked_at_tools_system_and_the_last_two_user_turns() -> None:
    body, _ = written(
        request(
            system("s1"),
            system("s2"),
            user("a"),
            assistant("b"),
            user("c"),
            call("x"),
            result("x", "1"),
            tools=(TOOL, replace(TOOL, name="other")),
        )
    )
    assert [tool.get("cache_control") for tool in body["tools"]] == [None, MARK]
    assert [block.get("cache_control") for block in body["system"]] == [None, MARK]
    marks = [[block.get("cache_control") for block in turn["content"]] for turn in body["messages"]]
    assert marks == [[None], [None], [MARK], [None], [MARK]]
    assert json.dumps(body).count("cache_control") == 4


def test_the_prefix_does_not_move_as_a_conversation_grows() -> None:
    items: list[Item] = [
        system("Be kind."),
        user("Hi"),
        assistant("Yes?"),
        user("Look"),
        THOUGHTS,
        call("c:1"),
    ]
    items += [result("c:1", "found", Image("https://example.com/a.png")), assistant("Here."), user("Thanks")]
    whole = turns(*items)
    for length in (2, 4, 7):
        part = turns(*items[:length])
        assert whole[: len(part)] == part


def test_tools_have_a_schema_and_are_strict_where_that_is_known() -> None:
    bare = FunctionTool("now")
    loose = FunctionTool("loose", parameters=Raw(b'{"properties":{"a":{}}}'))
    strict = replace(TOOL, strict=True)
    body, warnings = written(request(tools=(bare, loose, strict)))
    assert body["tools"][0] == {"name": "now", "input_schema": {"type": "object", "properties": {}}}
    assert body["tools"][1]["input_schema"] == {"type": "object", "properties": {"a": {}}}
    assert body["tools"][2]["strict"] is True
    assert body["tools"][2]["input_schema"]["additionalProperties"] is False
    assert warnings == {}


def test_an_older_model_has_no_strict_tools_and_that_is_told() -> None:
    body, warnings = written(request(model="claude-sonnet-4-0", tools=(replace(TOOL, strict=True),)))
    assert "strict" not in body["tools"][0]
    assert list(warnings) == ["tools"]


def test_calls_of_the_past_have_their_tools_declared_but_not_callable() -> None:
    body, _ = written(request(user("Go"), call("c"), result("c", "x")))
    assert body["tools"] == [{"name": "look_up", "input_schema": {"type": "object", "properties": {}}}]
    assert body["tool_choice"] == {"type": "none"}


@pytest.mark.parametrize(
    ("choice", "parallel", "sent"),
    [
        (ToolChoice(), None, None),
        (ToolChoice(), True, None),
        (ToolChoice(), False, {"type": "auto", "disable_parallel_tool_use": True}),
        (ToolChoice("none"), False, {"type": "none"}),
        (ToolChoice("required"), None, {"type": "any"}),
        (ToolChoice("required"), False, {"type": "any", "disable_parallel_tool_use": True}),
        (ToolChoice("required", "look_up"), None, {"type": "tool", "name": "look_up"}),
        (ToolChoice("required", allowed=("look_up",)), None, {"type": "tool", "name": "look_up"}),
        (ToolChoice("required", allowed=("look_up", "b")), None, {"type": "any"}),
        (ToolChoice("auto", allowed=("look_up",)), None, None),
    ],
)
def test_the_choice_of_tools(choice: ToolChoice, parallel: bool | None, sent: dict[str, Any] | None) -> None:
    asked = request(tools=(TOOL,), tool_choice=choice, settings=Settings(parallel_tool_calls=parallel))
    body, warnings = written(asked)
    assert body.get("tool_choice") == sent
    assert warnings == {}


def test_a_model_that_cannot_be_made_to_call_chooses_and_that_is_told() -> None:
    body, warnings = written(request(model=NEW, tools=(TOOL,), tool_choice=ToolChoice("required")))
    assert "tool_choice" not in body
    assert list(warnings) == ["tool_choice"]


SCHEMA = Raw(
    b'{"type":"object","properties":{"n":{"type":"integer","minimum":1,"description":"How many"},'
    b'"tags":{"type":"array","minItems":2,'
    b'"items":{"type":"object","properties":{"maximum":{"type":"string"}}}}}}'
)


def test_a_schema_goes_along_with_what_it_cannot_hold_to_in_words() -> None:
    wanted = Settings(response_format=ResponseFormat("json_schema", "x", schema=SCHEMA))
    body, warnings = written(request(settings=wanted))
    assert body["output_config"]["format"] == {
        "type": "json_schema",
        "schema": {
            "type": "object",
            "properties": {
                "n": {"type": "integer", "description": "How many (minimum: 1)"},
                "tags": {
                    "type": "array",
                    "items": {
                        "type": "object",
                        "properties": {"maximum": {"type": "string"}},
                        "additionalProperties": False,
                    },
                    "description": "(minItems: 2)",
                },
            },
            "additionalProperties": False,
        },
    }
    assert "minItems, minimum" in warnings["response_format"]


@pytest.mark.parametrize(
    ("model", "wanted"),
    [
        (OLD, ResponseFormat("json_object")),
        (OLD, ResponseFormat("json_schema")),
        ("claude-sonnet-4-0", ResponseFormat("json_schema", "x", schema=SCHEMA)),
    ],
)
def test_json_that_cannot_be_held_to_is_asked_for(model: str, wanted: ResponseFormat) -> None:
    body, warnings = written(request(model=model, settings=Settings(response_format=wanted)))
    assert "JSON" in body["system"][-1]["text"]
    assert list(warnings) == ["response_format"]
