"""Model requests in the words of Chat Completions."""

from __future__ import annotations

import json
from typing import Any

import pytest
from msgspec import Raw

from providers.base import Encoded
from providers.openai_chat.encode import encode
from providers.openai_chat.profile import ChatProfile
from specs.items import (
    Audio,
    File,
    FunctionCall,
    FunctionResult,
    HostedCall,
    Image,
    Item,
    Message,
    Reasoning,
    Refusal,
    Sealed,
    Text,
    Thought,
    Video,
)
from specs.requests import FunctionTool, ModelRequest, ResponseFormat, Settings, ToolChoice

PLAIN = ChatProfile()
FULL = ChatProfile(unsupported=())
ORIGIN = "chat:here"
SCHEMA = Raw(b'{"type": "object",  "properties": {}}')
ADD = FunctionTool("add", "Adds.", SCHEMA, True)


def written(
    *items: Item,
    profile: ChatProfile = PLAIN,
    instructions: str | None = None,
    tools: tuple[FunctionTool, ...] = (),
    tool_choice: ToolChoice | None = None,
    **settings: Any,
) -> Encoded:
    request = ModelRequest(
        "m-1", items, instructions, tools, tool_choice or ToolChoice(), Settings(**settings)
    )
    return encode(request, profile=profile, origin=ORIGIN)


def body(*items: Item, **fields: Any) -> dict[str, Any]:
    return json.loads(written(*items, **fields).body)


def messages(*items: Item, **fields: Any) -> list[dict[str, Any]]:
    return body(*items, **fields)["messages"]


def user(*parts: Any) -> Message:
    return Message("msg_1", "user", tuple(Text(part) if isinstance(part, str) else part for part in parts))


def said(text: str) -> Message:
    return Message("msg_2", "assistant", (Text(text),))


def called(call_id: str = "c1", name: str = "add", arguments: str = '{"a":1}') -> FunctionCall:
    return FunctionCall("fc_1", call_id, name, arguments)


def result(*parts: Any, call_id: str = "c1") -> FunctionResult:
    return FunctionResult("fr_1", call_id, tuple(Text(p) if isinstance(p, str) else p for p in parts))


def test_the_least_request() -> None:
    assert body(user("Hi")) == {
        "model": "m-1",
        "messages": [{"role": "user", "content": "Hi"}],
        "stream": True,
        "stream_options": {"include_usage": True},
    }


def test_usage_is_not_asked_for_where_that_is_refused() -> None:
    assert "stream_options" not in body(user("Hi"), profile=ChatProfile(usage_option=False))


@pytest.mark.parametrize("role", ["system", "developer", "user"])
def test_instructions_lead_in_the_role_the_model_knows(role: Any) -> None:
    system = Message("msg_1", "system", (Text("b"),))
    first, second = messages(system, instructions="a", profile=ChatProfile(system_role=role))
    assert first == {"role": role, "content": "a"}
    assert second == {"role": role, "content": "b"}


def test_a_user_message_holds_every_kind_of_part() -> None:
    (message,) = messages(
        user(
            "Look",
            Image("https://a.b/c.png", detail="low"),
            File("data:application/pdf;base64,AA", filename="a.pdf"),
            File("AA"),
            File(file_id="file_1"),
            Audio("AA", "wav"),
            Video("https://a.b/c.mp4"),
        )
    )
    assert message["content"] == [
        {"type": "text", "text": "Look"},
        {"type": "image_url", "image_url": {"url": "https://a.b/c.png", "detail": "low"}},
        {"type": "file", "file": {"file_data": "data:application/pdf;base64,AA", "filename": "a.pdf"}},
        {"type": "file", "file": {"file_data": "data:application/pdf;base64,AA", "filename": "file.pdf"}},
        {"type": "file", "file": {"file_id": "file_1"}},
        {"type": "input_audio", "input_audio": {"data": "AA", "format": "wav"}},
        {"type": "video_url", "video_url": {"url": "https://a.b/c.mp4"}},
    ]


@pytest.mark.parametrize(
    ("part", "profile"),
    [
        (Image("https://a.b/c.png"), ChatProfile(attachments=())),
        (Image(file_id="file_1"), PLAIN),
        (File(url="https://a.b/c.pdf"), PLAIN),
    ],
)
def test_a_part_without_words_on_this_wire_is_noted_and_told(part: Any, profile: ChatProfile) -> None:
    encoded = written(user(part), profile=profile)
    (message,) = json.loads(encoded.body)["messages"]
    assert message["content"].endswith("left out]")
    assert [param for param, _ in encoded.warnings] == ["input"]


def test_a_turn_is_one_message_with_its_calls() -> None:
    assert messages(user("Hi"), said("Let me see."), called("c1"), called("c2", "sub", ""), result("1"))[
        1:
    ] == [
        {
            "role": "assistant",
            "content": "Let me see.",
            "tool_calls": [
                {"type": "function", "id": "c1", "function": {"name": "add", "arguments": '{"a":1}'}},
                {"type": "function", "id": "c2", "function": {"name": "sub", "arguments": "{}"}},
            ],
        },
        {"role": "tool", "content": "1", "tool_call_id": "c1"},
    ]


def test_a_turn_of_calls_alone_has_null_content() -> None:
    assert messages(called(), result("1"))[0]["content"] is None


def test_calls_and_text_said_beside_them_stay_one_turn() -> None:
    roles = [message["role"] for message in messages(called(), said("Wait."), result("1"), said("1."))]
    assert roles == ["assistant", "tool", "assistant"]


def test_two_answers_in_a_row_stay_two_messages() -> None:
    assert [message["content"] for message in messages(said("a"), said("b"))] == ["a", "b"]


def test_a_refusal_goes_back_as_text() -> None:
    assert messages(Message("msg_1", "assistant", (Refusal("No."),)))[0]["content"] == "No."


def test_a_hosted_call_is_a_call_with_its_result() -> None:
    hosted = HostedCall("hc_1", "h1", "files", "search", '{"q":"x"}', output="found")
    assert [(message["role"], message.get("content")) for message in messages(hosted, said("Found."))] == [
        ("assistant", None),
        ("tool", "found"),
        ("assistant", "Found."),
    ]


def test_a_failed_hosted_call_says_why() -> None:
    hosted = HostedCall("hc_1", "h1", "files", "search", error="it broke", status="failed")
    assert messages(hosted)[1]["content"] == "it broke"


def test_a_result_with_an_image_continues_in_a_user_message_after_all_results() -> None:
    encoded = written(
        called("c1"),
        called("c2"),
        result("seen", Image("data:image/png;base64,AA"), call_id="c1"),
        result("2", call_id="c2"),
        said("Nice."),
    )
    sent = json.loads(encoded.body)["messages"]
    assert [message["role"] for message in sent] == ["assistant", "tool", "tool", "user", "assistant"]
    assert sent[1]["content"] == "seen\n[image: see the next user message]"
    assert sent[3]["content"][1]["type"] == "image_url"
    assert len(encoded.warnings) == 1


THOUGHTS = Reasoning("rs_1", (Thought("Hm."), Sealed("xyz")), origin=ORIGIN)


@pytest.mark.parametrize("field", ["reasoning_content", "reasoning"])
def test_reasoning_returns_to_where_it_came_from(field: Any) -> None:
    profile = ChatProfile(reasoning_replay=field)
    (message, _) = messages(THOUGHTS, called(), result("1"), profile=profile)
    assert message[field] == "Hm."


@pytest.mark.parametrize(
    ("reasoning", "profile"),
    [
        (THOUGHTS, PLAIN),
        (
            Reasoning("rs_1", (Thought("Hm."),), origin="chat:there"),
            ChatProfile(reasoning_replay="reasoning"),
        ),
        (Reasoning("rs_1", (Thought("Hm."),)), ChatProfile(reasoning_replay="reasoning")),
    ],
)
def test_reasoning_goes_nowhere_else(reasoning: Reasoning, profile: ChatProfile) -> None:
    encoded = written(reasoning, said("Yes"), profile=profile)
    assert b"Hm." not in encoded.body
    assert encoded.warnings == ()


def test_tools_go_as_they_are_given() -> None:
    encoded = written(user("Hi"), tools=(ADD,))
    assert SCHEMA in (encoded.body,) or bytes(SCHEMA) in encoded.body
    assert json.loads(encoded.body)["tools"] == [
        {
            "type": "function",
            "function": {
                "name": "add",
                "description": "Adds.",
                "parameters": {"type": "object", "properties": {}},
                "strict": True,
            },
        }
    ]


NAMED = {"type": "function", "function": {"name": "add"}}


@pytest.mark.parametrize(
    ("choice", "native", "expected"),
    [
        (ToolChoice(), False, None),
        (ToolChoice("none"), False, "none"),
        (ToolChoice("required"), False, "required"),
        (ToolChoice("required", name="add"), False, NAMED),
        (ToolChoice("required", allowed=("add",)), False, "required"),
        (ToolChoice("auto", allowed=("add",)), False, None),
        (
            ToolChoice("auto", allowed=("add",)),
            True,
            {"type": "allowed_tools", "allowed_tools": {"mode": "auto", "tools": [NAMED]}},
        ),
    ],
)
def test_tool_choice(choice: ToolChoice, native: bool, expected: Any) -> None:
    profile = ChatProfile(allowed_tools=native)
    assert body(user("Hi"), tools=(ADD,), tool_choice=choice, profile=profile).get("tool_choice") == expected


def test_choices_about_tools_are_left_out_where_there_are_none() -> None:
    sent = body(user("Hi"), tool_choice=ToolChoice("required"), parallel_tool_calls=False)
    assert "tool_choice" not in sent
    assert "parallel_tool_calls" not in sent


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("temperature", 0.5),
        ("top_p", 0.5),
        ("presence_penalty", 0.5),
        ("frequency_penalty", 0.5),
        ("stop", ["a"]),
        ("seed", 7),
        ("logprobs", True),
        ("top_logprobs", 3),
        ("logit_bias", {"50256": -100.0}),
        ("reasoning_effort", "low"),
        ("verbosity", "low"),
        ("service_tier", "flex"),
        ("prompt_cache_key", "k"),
        ("safety_identifier", "s"),
    ],
)
def test_a_setting_goes_under_its_name(name: str, value: Any) -> None:
    encoded = written(user("Hi"), profile=FULL, **{name: tuple(value) if name == "stop" else value})
    assert json.loads(encoded.body)[name] == value
    assert encoded.warnings == ()


@pytest.mark.parametrize("field", ["max_tokens", "max_completion_tokens"])
def test_the_cap_goes_under_the_name_the_server_knows(field: Any) -> None:
    sent = body(user("Hi"), max_output_tokens=9, profile=ChatProfile(cap_field=field))
    assert {name: value for name, value in sent.items() if name.startswith("max_")} == {field: 9}


@pytest.mark.parametrize(
    ("profile", "settings"),
    [
        (ChatProfile(unsupported=("seed",)), {"seed": 1}),
        (ChatProfile(refused=("temperature",)), {"temperature": 0.2}),
        (PLAIN, {"reasoning_summary": "auto"}),
        (PLAIN, {"thinking_budget": 100}),
        (PLAIN, {"service_tier": "flex"}),
    ],
)
def test_a_setting_that_cannot_be_honoured_is_left_out_and_told(
    profile: ChatProfile, settings: dict[str, Any]
) -> None:
    encoded = written(user("Hi"), profile=profile, **settings)
    (name,) = settings
    assert name not in json.loads(encoded.body)
    assert [param for param, _ in encoded.warnings] == [name]


def test_a_refused_default_is_left_out_without_a_word() -> None:
    encoded = written(user("Hi"), profile=ChatProfile(refused=("temperature",)), temperature=1.0)
    assert "temperature" not in json.loads(encoded.body)
    assert encoded.warnings == ()


def test_a_model_that_does_not_reason_takes_what_it_refuses_otherwise() -> None:
    profile = ChatProfile(refused=("temperature",), free_without_effort=True)
    assert body(user("Hi"), profile=profile, temperature=0.2, reasoning_effort="none")["temperature"] == 0.2
    assert "temperature" not in body(user("Hi"), profile=profile, temperature=0.2, reasoning_effort="low")


@pytest.mark.parametrize(
    ("known", "asked", "sent"),
    [
        (("low", "medium", "high"), "high", "high"),
        (("low", "medium", "high"), "xhigh", "high"),
        (("low", "medium", "high"), "none", "low"),
        ((), "low", None),
        (None, "max", "max"),
    ],
)
def test_an_unknown_effort_becomes_the_nearest_below(known: Any, asked: Any, sent: str | None) -> None:
    encoded = written(user("Hi"), profile=ChatProfile(efforts=known), reasoning_effort=asked)
    assert json.loads(encoded.body).get("reasoning_effort") == sent
    assert len(encoded.warnings) == (asked != sent)


STRICT = ResponseFormat("json_schema", "city", "A city.", SCHEMA, True)


@pytest.mark.parametrize(
    ("asked", "formats", "sent", "warnings"),
    [
        (ResponseFormat(), ("json_object", "json_schema"), None, 0),
        (ResponseFormat("json_object"), ("json_object", "json_schema"), {"type": "json_object"}, 0),
        (
            STRICT,
            ("json_object", "json_schema"),
            {
                "type": "json_schema",
                "json_schema": {
                    "name": "city",
                    "description": "A city.",
                    "schema": {"type": "object", "properties": {}},
                    "strict": True,
                },
            },
            0,
        ),
        (STRICT, ("json_object",), {"type": "json_object"}, 1),
        (STRICT, (), None, 1),
    ],
)
def test_response_formats(
    asked: ResponseFormat, formats: tuple[str, ...], sent: dict[str, Any] | None, warnings: int
) -> None:
    encoded = written(user("Hi"), profile=ChatProfile(response_formats=formats), response_format=asked)
    assert json.loads(encoded.body).get("response_format") == sent
    assert len(encoded.warnings) == warnings


def test_ids_of_nine_characters_are_made_and_match() -> None:
    profile = ChatProfile(nine_character_ids=True)
    assistant, tool = messages(
        called("call_with_a_long_id"), result("1", call_id="call_with_a_long_id"), profile=profile
    )
    call_id = assistant["tool_calls"][0]["id"]
    assert len(call_id) == 9
    assert call_id.isalnum()
    assert tool["tool_call_id"] == call_id


def test_an_id_of_nine_characters_stays() -> None:
    (assistant,) = messages(called("FI5qQGzDE"), profile=ChatProfile(nine_character_ids=True))
    assert assistant["tool_calls"][0]["id"] == "FI5qQGzDE"


def test_a_longer_conversation_begins_with_the_same_bytes() -> None:
    start = (user("Hi"), said("Hello"), user("Add"), called(), result("1"))
    shorter = written(*start, tools=(ADD,), instructions="Be brief.").body
    longer = written(*start, said("1."), user("Thanks"), tools=(ADD,), instructions="Be brief.").body
    end = shorter.index(b'],"stream"')
    assert longer.startswith(shorter[:end])


def test_a_server_that_cannot_force_a_call_says_so():
    request = ModelRequest("m", (), tools=(FunctionTool("f"),), tool_choice=ToolChoice("required"))
    encoded = encode(request, profile=ChatProfile(forced_tools=False), origin="chat:x")
    assert [field for field, _ in encoded.warnings] == ["tool_choice"]
    assert b'"tool_choice"' not in encoded.body
