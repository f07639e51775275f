"""Cache marks on their way to the Messages API: the caller's, or ours."""

from __future__ import annotations

import json
from typing import Any

import pytest
from msgspec import Raw

from providers.anthropic.encode import encode
from providers.anthropic.families import messages_profile
from specs.items import File, FunctionCall, FunctionResult, HostedCall, Image, Item, Message, Text
from specs.requests import CacheMark, FunctionTool, ModelRequest
from tests.support.anthropic_answers import ORIGIN

MODEL = "claude-sonnet-4-5"
FIVE, HOUR = {"type": "ephemeral"}, {"type": "ephemeral", "ttl": "1h"}
USER = Message("m", "user", (Text("Hi"),))
TOOL = FunctionTool("f", None, Raw(b'{"type":"object"}'))
MARKED = Message("m", "user", (Text("Hi", cache="1h"),))


def body(*items: Item, **fields: Any) -> dict[str, Any]:
    request = ModelRequest(MODEL, items or (USER,), **fields)
    return json.loads(encode(request, profile=messages_profile(MODEL), origin=ORIGIN).body)


def marks(found: Any) -> list[Any]:
    """Every mark in a body, in order."""
    match found:
        case dict():
            own = [found["cache_control"]] if "cache_control" in found else []
            return [*own, *(mark for value in found.values() for mark in marks(value))]
        case list():
            return [mark for value in found for mark in marks(value)]
        case _:
            return []


def test_without_the_callers_there_are_ours():
    written = body(instructions="Be brief.", tools=(TOOL,))
    assert marks(written) == [FIVE, FIVE, FIVE]


def test_with_the_callers_there_are_only_those():
    assert marks(body(MARKED, instructions="Be brief.", tools=(TOOL,))) == [HOUR]


@pytest.mark.parametrize(
    "part",
    [
        Text("Hi", cache="1h"),
        Image("data:image/png;base64,aGk=", cache="1h"),
        File("data:application/pdf;base64,aGk=", cache="1h"),
    ],
)
def test_a_part_keeps_its_mark(part):
    written = body(Message("m", "user", (Text("See"), part)))
    assert written["messages"][0]["content"][1]["cache_control"] == HOUR
    assert len(marks(written)) == 1


def test_calls_and_results_keep_theirs():
    call = FunctionCall("fc", "call_1", "f", "{}", cache="5m")
    written = body(USER, call, FunctionResult("fr", "call_1", (Text("ok"),), cache="1h"))
    assert written["messages"][1]["content"][0]["cache_control"] == FIVE
    assert written["messages"][2]["content"][0]["cache_control"] == HOUR


def test_what_a_server_ran_is_marked_at_its_result():
    written = body(USER, HostedCall("h", "call_1", "web", "search", "{}", output="It", cache="1h"))
    assert written["messages"][2]["content"][0]["cache_control"] == HOUR
    assert len(marks(written)) == 1


def test_tools_keep_theirs():
    tool = FunctionTool("g", None, Raw(b'{"type":"object"}'), cache="1h")
    written = body(tools=(tool, TOOL))
    assert [each.get("cache_control") for each in written["tools"]] == [HOUR, None]


def test_instructions_are_cut_where_they_are_marked():
    written = body(
        instructions="One\n\nTwo\n\nThree", instruction_marks=(CacheMark(3, "1h"), CacheMark(8, "5m"))
    )
    assert written["system"] == [
        {"type": "text", "text": "One", "cache_control": HOUR},
        {"type": "text", "text": "\n\nTwo", "cache_control": FIVE},
        {"type": "text", "text": "\n\nThree"},
    ]


def test_a_mark_beyond_the_instructions_is_none():
    assert marks(body(instructions="One", instruction_marks=(CacheMark(9, "1h"),))) == []


@pytest.mark.parametrize("role", ["system", "assistant"])
def test_other_roles_keep_theirs(role):
    written = body(USER, Message("m", role, (Text("Hi", cache="1h"),)), USER)
    assert marks(written) == [HOUR]


def test_a_file_that_is_to_be_cited_says_so():
    written = body(Message("m", "user", (File("data:application/pdf;base64,aGk=", cited=True),)))
    assert written["messages"][0]["content"][0]["citations"] == {"enabled": True}
