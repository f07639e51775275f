"""Whatever the items, the conversation we write keeps the rules of the Messages API."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from providers.anthropic.encode import encode
from providers.anthropic.families import messages_profile
from specs.items import (
    FunctionCall,
    FunctionResult,
    HostedCall,
    Image,
    Item,
    Message,
    Reasoning,
    Sealed,
    Text,
    Thought,
)
from specs.requests import FunctionTool, ModelRequest, Settings
from tests.support.anthropic_answers import ORIGIN

texts = st.sampled_from(["", " ", "\n", "one", "two ", "ünï"])
call_ids = st.sampled_from(["c1", "c2", "c:3", "c_3", "x" * 70])
parts = st.one_of(
    st.builds(Text, texts),
    st.just(Image("https://example.com/a.png")),
    st.just(Image(file_id="file_1")),
)
contents = st.lists(parts, max_size=2).map(tuple)
thoughts = st.lists(
    st.one_of(st.builds(Thought, texts, st.sampled_from([None, "c2ln"])), st.builds(Sealed, st.just("c2Vh"))),
    max_size=2,
).map(tuple)
arguments = st.sampled_from(["", "{}", '{"a":1}', "[1]", '{"a":'])
items: st.SearchStrategy[Item] = st.one_of(
    st.builds(Message, st.just("m"), st.sampled_from(["user", "assistant", "system", "developer"]), contents),
    st.builds(
        Reasoning,
        st.just("r"),
        thoughts,
        st.just("completed"),
        st.sampled_from([None, ORIGIN, "elsewhere"]),
    ),
    st.builds(FunctionCall, st.just("f"), call_ids, st.sampled_from(["f", "a.b", ""]), arguments),
    st.builds(FunctionResult, st.just("g"), call_ids, contents),
    st.builds(
        HostedCall,
        st.just("h"),
        call_ids,
        st.just("shop"),
        st.just("find"),
        arguments,
        st.sampled_from([None, "3"]),
    ),
)


def body_of(given_items: list[Item], model: str, **more: Any) -> dict[str, Any]:
    request = ModelRequest(model, tuple(given_items), **more)
    return json.loads(encode(request, profile=messages_profile(model), origin=ORIGIN).body)


def check_turns(turns: list[dict[str, Any]]) -> None:
    assert turns[0]["role"] == "user"
    ids: set[str] = set()
    for before, turn, after in zip([None, *turns], turns, [*turns[1:], None], strict=False):
        assert turn["content"]
        assert before is None or before["role"] != turn["role"]
        for block in turn["content"]:
            assert block["type"] != "text" or block["text"].strip()
        calls = [block["id"] for block in turn["content"] if block["type"] == "tool_use"]
        assert all(re.fullmatch(r"[a-zA-Z0-9_-]{1,64}", each) for each in calls)
        assert not ids & set(calls)
        ids |= set(calls)
        if turn["role"] == "assistant":
            assert turn["content"][-1]["type"] not in ("thinking", "redacted_thinking")
            answers = after["content"][: len(calls)] if after else []
            assert [block.get("tool_use_id") for block in answers] == calls
        if turn["role"] == "system":
            assert before is not None
            assert before["role"] == "user"
            assert after is None or after["role"] == "assistant"
    results = [block for turn in turns for block in turn["content"] if block["type"] == "tool_result"]
    assert len(results) == len(ids)


@pytest.mark.parametrize("model", ["claude-sonnet-4-5", "claude-opus-5-5"])
@given(given_items=st.lists(items, max_size=8))
@settings(deadline=None, max_examples=400)
def test_roles_alternate_calls_are_answered_and_nothing_is_blank(model: str, given_items: list[Item]) -> None:
    body = body_of(given_items, model)
    check_turns(body["messages"])
    assert json.dumps(body).count('"cache_control"') <= 4


@given(given_items=st.lists(items, max_size=8))
@settings(deadline=None, max_examples=100)
def test_the_same_items_give_the_same_bytes(given_items: list[Item]) -> None:
    asked = {"tools": (FunctionTool("f"),), "settings": Settings(reasoning_effort="low")}
    model = "claude-sonnet-4-5"
    assert body_of(given_items, model, **asked) == body_of(given_items, model, **asked)
