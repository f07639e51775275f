"""A model request in the words of the Responses API."""

from __future__ import annotations

import json
from typing import Any

import pytest
from msgspec import Raw

from providers.openai_responses.encode import encode
from providers.openai_responses.profile import ResponsesProfile, responses_profile
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
    Summary,
    Text,
    Thought,
    UrlCitation,
    Video,
)
from specs.requests import FunctionTool, ModelRequest, Settings, ToolChoice
from tests.support.responses_answers import ORIGIN, decode_whole, encode_request, message, reasoning, response

TOOL = FunctionTool("get_weather", "Now.", Raw(b'{"type": "object","properties":{"q":{}}}'), strict=True)
HELLO = Message("msg_1", "user", (Text("Hello"),))
SAID = Message("msg_2", "assistant", (Text("Hi"),))
SEAL = "gAAAA+/ \u00e9=="


def _input(*items: Item) -> list[dict[str, Any]]:
    body, warned = encode_request(*items)
    assert warned == []
    return body["input"]


def test_the_least_request_says_only_what_it_must() -> None:
    body, warned = encode_request(HELLO)
    content = [{"type": "input_text", "text": "Hello"}]
    assert body == {
        "model": "gpt-5",
        "input": [{"type": "message", "role": "user", "content": content}],
        "stream": True,
        "store": False,
    }
    assert warned == []


def test_the_same_request_is_the_same_bytes() -> None:
    request = ModelRequest("gpt-5", (HELLO, SAID), tools=(TOOL,), settings=Settings(verbosity="low"))
    bodies = {encode(request, profile=responses_profile("gpt-5"), origin=ORIGIN).body for _ in range(3)}
    assert len(bodies) == 1


# Items


@pytest.mark.parametrize("role", ["system", "developer", "user"])
def test_a_message_keeps_its_role(role: Any) -> None:
    (item,) = _input(Message("msg_1", role, (Text("Be brief."),)))
    assert (item["role"], item["content"]) == (role, [{"type": "input_text", "text": "Be brief."}])


def test_what_the_model_said_goes_back_as_output() -> None:
    said = (Text("Hi", annotations=(UrlCitation("https://a.example"),)), Refusal("No."))
    (item,) = _input(Message("msg_1", "assistant", said, phase="commentary"))
    assert item == {
        "type": "message",
        "role": "assistant",
        "phase": "commentary",
        "content": [
            {"type": "output_text", "text": "Hi", "annotations": []},
            {"type": "refusal", "refusal": "No."},
        ],
    }


def test_an_empty_answer_is_not_said_again() -> None:
    assert len(_input(HELLO, Message("msg_2", "assistant"))) == 1


@pytest.mark.parametrize(
    ("part", "encoded"),
    [
        (Image(url="https://a.example/i.png"), {"image_url": "https://a.example/i.png", "detail": "auto"}),
        (Image(file_id="file_1", detail="low"), {"file_id": "file_1", "detail": "low"}),
        (File(url="https://a.example/f.pdf", filename="f.pdf"), {"file_url": "https://a.example/f.pdf"}),
        (File(file_id="file_1", filename="f.pdf"), {"file_id": "file_1"}),
        (
            File(data="data:text/csv;base64,YQ==", filename="t.csv"),
            {"file_data": "data:text/csv;base64,YQ==", "filename": "t.csv"},
        ),
        (
            File(data="data:text/csv;base64,YQ=="),
            {"file_data": "data:text/csv;base64,YQ==", "filename": "file.csv"},
        ),
        (
            File(data="YQ==", filename="t.TXT"),
            {"file_data": "data:text/plain;base64,YQ==", "filename": "t.TXT"},
        ),
        (File(data="YQ=="), {"file_data": "data:application/pdf;base64,YQ==", "filename": "file.pdf"}),
    ],
)
def test_images_and_files_go_in_every_form(part: Image | File, encoded: dict[str, str]) -> None:
    (item,) = _input(Message("msg_1", "user", (part,)))
    kind = "input_image" if isinstance(part, Image) else "input_file"
    assert item["content"] == [{"type": kind, **encoded}]


@pytest.mark.parametrize(
    "item",
    [
        Message("msg_1", "user", (Text("Hear."), Audio("AAAA", "wav"))),
        Message("msg_1", "user", (Text("See."), Video("https://a.example/v.mp4"))),
        Message("msg_1", "assistant", (Text("Look."), Image(url="https://a.example/i.png"))),
    ],
)
def test_a_part_the_wire_lacks_leaves_a_note_and_a_warning(item: Message) -> None:
    body, warned = encode_request(item)
    assert warned == ["input[0].content[1]"]
    assert body["input"][0]["content"][1]["text"].endswith("left out]")


def test_a_participants_name_is_warned_about() -> None:
    assert encode_request(Message("msg_1", "user", (Text("Hi"),), name="ann"))[1] == ["input[0].name"]


def test_a_call_and_its_result_keep_the_call_id() -> None:
    arguments = '{ "q" : 1 }'
    assert _input(
        FunctionCall("fc_1", "call_1", "f", arguments), FunctionResult("fr_1", "call_1", (Text("21"),))
    ) == [
        {"type": "function_call", "call_id": "call_1", "name": "f", "arguments": arguments},
        {"type": "function_call_output", "call_id": "call_1", "output": "21"},
    ]


@pytest.mark.parametrize(
    ("output", "encoded"),
    [
        ((), ""),
        (
            (Text("a"), Text("b")),
            [{"type": "input_text", "text": "a"}, {"type": "input_text", "text": "b"}],
        ),
        (
            (Image(url="https://a.example/i.png"),),
            [{"type": "input_image", "image_url": "https://a.example/i.png", "detail": "auto"}],
        ),
    ],
)
def test_a_result_is_text_or_parts(output: Any, encoded: object) -> None:
    assert _input(FunctionResult("fr_1", "call_1", output))[0]["output"] == encoded


@pytest.mark.parametrize(
    ("call", "output"),
    [
        (HostedCall("hc_1", "call_1", "wiki", "look_up", "{}", output="Found."), "Found."),
        (HostedCall("hc_1", "call_1", "wiki", "look_up", "{}", error="Timed out."), "Timed out."),
        (HostedCall("hc_1", "call_1", "wiki", "look_up", "{}", output=""), ""),
        (HostedCall("hc_1", "call_1", "wiki", "look_up", "{}"), ""),
    ],
)
def test_what_we_ran_ourselves_is_a_call_and_its_output(call: HostedCall, output: str) -> None:
    assert _input(call) == [
        {"type": "function_call", "call_id": "call_1", "name": "look_up", "arguments": "{}"},
        {"type": "function_call_output", "call_id": "call_1", "output": output},
    ]


# Reasoning


def test_reasoning_goes_back_where_it_came_from_byte_for_byte() -> None:
    content = (Summary("One."), Summary("Two."), Thought("Raw."), Sealed(SEAL))
    thought, _ = _input(Reasoning("rs_1", content, origin=ORIGIN, upstream_id="rs_up"), SAID)
    assert thought == {
        "type": "reasoning",
        "id": "rs_up",
        "summary": [{"type": "summary_text", "text": "One."}, {"type": "summary_text", "text": "Two."}],
        "content": [{"type": "reasoning_text", "text": "Raw."}],
        "encrypted_content": SEAL,
    }


@pytest.mark.parametrize("origin", [None, "responses:other.example", "messages:api.anthropic.com"])
def test_reasoning_goes_nowhere_else(origin: str | None) -> None:
    (item,) = _input(Reasoning("rs_1", (Sealed(SEAL),), origin=origin, upstream_id="rs_up"), SAID)
    assert item["type"] == "message"


def test_a_mere_summary_is_not_replayed_as_nothing_upstream_knows_its_id() -> None:
    (item,) = _input(Reasoning("rs_1", (Summary("One."),), origin=ORIGIN, upstream_id="rs_up"), SAID)
    assert item["type"] == "message"


@pytest.mark.parametrize("rest", [(), (HELLO,), (FunctionResult("fr_1", "call_1"),)])
def test_reasoning_that_led_to_nothing_is_left_out(rest: tuple[Item, ...]) -> None:
    own = Reasoning("rs_1", (Sealed(SEAL),), origin=ORIGIN, upstream_id="rs_up")
    assert len(_input(HELLO, own, *rest)) == 1 + len(rest)


def test_reasoning_in_a_row_leads_to_what_follows_the_last() -> None:
    own = Reasoning("rs_1", (Sealed(SEAL),), origin=ORIGIN, upstream_id="rs_up")
    assert [item["type"] for item in _input(own, own, FunctionCall("fc_1", "c", "f"))] == [
        "reasoning",
        "reasoning",
        "function_call",
    ]


def test_a_decoded_answer_goes_back_with_its_encrypted_reasoning_byte_exact() -> None:
    answer = decode_whole(
        response(output=[reasoning("Hm.", sealed=SEAL), message("Hi", phase="final_answer")])
    )
    thought, said = _input(*answer.folded.items)
    assert (thought["id"], thought["encrypted_content"]) == ("rs_up", SEAL)
    assert (said["content"][0]["text"], said["phase"]) == ("Hi", "final_answer")


# Tools


def test_a_tool_goes_with_its_schema_as_it_was_given() -> None:
    request = ModelRequest("gpt-5", (HELLO,), tools=(TOOL,))
    encoded = encode(request, profile=ResponsesProfile(), origin=ORIGIN)
    assert isinstance(TOOL.parameters, Raw)
    assert bytes(TOOL.parameters) in encoded.body
    (tool,) = json.loads(encoded.body)["tools"]
    assert (tool["name"], tool["description"], tool["strict"]) == ("get_weather", "Now.", True)


def test_a_tool_without_schema_or_strictness_says_both() -> None:
    (tool,) = encode_request(tools=(FunctionTool("f"),))[0]["tools"]
    parameters = {"type": "object", "properties": {}}
    assert tool == {"type": "function", "name": "f", "parameters": parameters, "strict": False}


@pytest.mark.parametrize(
    ("choice", "encoded"),
    [
        (ToolChoice(), None),
        (ToolChoice("none"), "none"),
        (ToolChoice("required"), "required"),
        (ToolChoice("required", name="get_weather"), {"type": "function", "name": "get_weather"}),
        (
            ToolChoice("auto", allowed=("a", "b")),
            {
                "type": "allowed_tools",
                "mode": "auto",
                "tools": [{"type": "function", "name": "a"}, {"type": "function", "name": "b"}],
            },
        ),
        (
            ToolChoice("required", allowed=("a",)),
            {"type": "allowed_tools", "mode": "required", "tools": [{"type": "function", "name": "a"}]},
        ),
        (ToolChoice("auto", allowed=()), "none"),
        (ToolChoice("none", allowed=("a",)), "none"),
    ],
)
def test_a_tool_choice_in_every_form(choice: ToolChoice, encoded: object) -> None:
    assert encode_request(tools=(TOOL,), tool_choice=choice)[0].get("tool_choice") == encoded


def test_without_tools_nothing_is_said_of_them() -> None:
    body, _ = encode_request(tool_choice=ToolChoice("required"), settings=Settings(parallel_tool_calls=True))
    assert {"tools", "tool_choice", "parallel_tool_calls"} & set(body) == set()
