"""What was written of a context is what would be written anew, wherever a turn ended."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from providers.base import Encoded
from providers.history import Warnings, Writing, write_all
from providers.openai_chat import encode as chat
from providers.openai_chat.profile import ChatProfile
from providers.openai_responses import encode as responses
from providers.openai_responses.profile import ResponsesProfile
from specs.contexts import Context
from specs.items import (
    Audio,
    Compaction,
    ContextItem,
    FunctionCall,
    FunctionResult,
    HostedCall,
    Image,
    Message,
    Reasoning,
    Sealed,
    Text,
    Thought,
)
from specs.requests import ModelRequest

HERE, THERE = "chat:here", "chat:there"
PICTURE = Image(url="data:image/png;base64,AA==")
ITEMS: tuple[ContextItem, ...] = (
    Message("1", "user", (Text("Q"),)),
    Message("2", "user", (Text("see"), PICTURE, Audio("AA==", "wav")), name="ann"),
    Message("3", "system", (Text("S"),)),
    Message("4", "assistant", (Text("A"),)),
    Message("5", "assistant", (Text("B"),), phase="commentary"),
    Reasoning("6", (Thought("hm"), Sealed("x")), origin=HERE),
    Reasoning("7", (Thought("hm"),), origin=THERE),
    FunctionCall("8", "c1", "add", "{}"),
    FunctionResult("9", "c1", (Text("3"), PICTURE)),
    HostedCall("10", "h1", "web", "look", "{}", "found", step=0),
    HostedCall("11", "h2", "web", "look", "{}", "found", step=0, native='{"type":"x"}', origin=HERE),
    Compaction("12", "sealed", "So far."),
)
MUTE = ChatProfile(reasoning_replay="reasoning_content", attachments=())
Encode = Callable[[ModelRequest], Encoded]
to_chat = partial(chat.encode, profile=MUTE, origin=HERE)
to_responses = partial(responses.encode, profile=ResponsesProfile(), origin=HERE)
wires = pytest.mark.parametrize("encode", [to_chat, to_responses], ids=["chat", "responses"])
turns = st.lists(st.lists(st.sampled_from(ITEMS), min_size=1, max_size=6).map(tuple), min_size=1, max_size=5)


def request(items: tuple[ContextItem, ...], model: str = "m") -> ModelRequest:
    return ModelRequest(model, items, instructions='Say "messages":[ and "input":[.')


@wires
@given(turns=turns)
def test_a_context_that_grew_is_written_as_if_it_had_not(encode: Encode, turns):
    context = Context(())
    for turn in turns:
        context = context.grown(turn)
        assert encode(request(context)) == encode(request(tuple(context)))


class Ids(Writing, frozen=True):
    """Writes ids, and notes each time how many."""

    seen: list[int]

    def write(self, items: Sequence[ContextItem], warnings: Warnings, *, after: int) -> bytes:
        self.seen.append(len(items))
        return b",".join(item.id.encode() for item in items)


def test_what_went_before_is_not_written_anew():
    said, answered = ITEMS[0], ITEMS[3]
    context = Context((said, answered))
    ids = Ids([])
    for _ in range(3):
        context = context.grown((said, answered))
        write_all(context, ids, [])
    ids.seen.clear()
    assert b",".join(write_all(context.grown((said,)), ids, [])) == b"1,4,1,4,1,4,1,4,1"
    assert ids.seen == [2, 3]


def test_another_model_is_written_for_anew():
    context = Context(ITEMS[1:2]).grown(ITEMS[:1])
    for attachments in ((), ("image", "audio")):
        encode = partial(chat.encode, profile=ChatProfile(attachments=attachments), origin=HERE)
        assert encode(request(context)) == encode(request(tuple(context)))


def test_thoughts_go_back_to_nobody_but_who_had_them():
    context = Context((ITEMS[0], ITEMS[5], ITEMS[3])).grown((ITEMS[0],))
    for origin in (HERE, THERE):
        encode = partial(chat.encode, profile=MUTE, origin=origin)
        assert (b"hm" in encode(request(context)).body) == (origin == HERE)
