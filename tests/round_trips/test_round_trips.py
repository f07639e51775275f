"""Conversations of any API reach any provider whole, or a warning says what did not; signed reasoning goes
back only to where it came from, byte for byte."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from providers.anthropic.encode import encode as encode_messages
from providers.anthropic.families import messages_profile
from providers.base import Encoded
from providers.google.encode import encode as encode_google
from providers.google.families import gemini_profile
from providers.openai_chat.encode import encode as encode_chat
from providers.openai_chat.profile import ChatProfile
from providers.openai_responses.encode import encode as encode_responses
from providers.openai_responses.profile import responses_profile
from service.dialects.base import Dialect
from service.dialects.chat import chat
from service.dialects.messages import MessagesDialect
from service.dialects.responses import responses
from specs.items import FunctionCall, Item, Message, Reasoning, Sealed, Summary, Text, Thought
from specs.requests import ModelRequest, RunRequest
from tests.round_trips import talk as talks
from tests.support import events
from tests.support.events import counting_ids

Encode = Callable[[ModelRequest, str], Encoded]


def _chat(request: ModelRequest, origin: str) -> Encoded:
    profile = ChatProfile(reasoning_replay="reasoning_content")
    return encode_chat(request, profile=profile, origin=origin)


def _text_only(request: ModelRequest, origin: str) -> Encoded:
    return encode_chat(request, profile=ChatProfile(attachments=()), origin=origin)


def _responses(request: ModelRequest, origin: str) -> Encoded:
    return encode_responses(request, profile=responses_profile("gpt-5"), origin=origin)


def _messages(request: ModelRequest, origin: str) -> Encoded:
    return encode_messages(request, profile=messages_profile("claude-sonnet-4-5"), origin=origin)


def _google(request: ModelRequest, origin: str) -> Encoded:
    return encode_google(request, profile=gemini_profile("gemini-3-pro-preview"), origin=origin)


PROVIDERS: dict[str, Encode] = {
    "chat": _chat,
    "text only": _text_only,
    "responses": _responses,
    "messages": _messages,
    "google": _google,
}
APIS: dict[str, tuple[Dialect, Callable[[talks.Talk], dict[str, Any]]]] = {
    "chat": (chat, talks.chat_body),
    "responses": (responses, talks.responses_body),
    "messages": (MessagesDialect(), talks.messages_body),
}


def read(api: str, body: dict[str, Any]) -> RunRequest:
    return APIS[api][0].read(msgspec.json.encode(body), counting_ids()).request


def sent(provider: str, items: tuple[Item, ...], *, origin: str = "here") -> tuple[str, tuple[str, ...]]:
    """What a provider gets, and what it is warned of."""
    encoded = PROVIDERS[provider](ModelRequest("m", items), origin)
    return encoded.body.decode(), tuple(words for _, words in encoded.warnings)


@pytest.mark.parametrize("provider", PROVIDERS)
@pytest.mark.parametrize("api", APIS)
@given(talk=talks.talks())
def test_nothing_is_lost_without_a_warning(api, provider, talk):
    request = read(api, APIS[api][1](talk))
    body, warnings = sent(provider, request.items)
    lost = [piece for piece in talks.pieces_of(talk) if not piece.is_in(body)]
    assert all(piece.kind != "text" for piece in lost)
    told = " ".join((*request.warnings, *warnings))
    assert all(("image" if piece.kind == "image" else "file") in told for piece in lost)


@pytest.mark.parametrize("provider", ["responses", "messages", "google"])
@pytest.mark.parametrize("api", APIS)
@given(talk=talks.talks())
def test_what_a_provider_can_carry_all_arrives(api, provider, talk):
    body, _ = sent(provider, read(api, APIS[api][1](talk)).items)
    assert [piece for piece in talks.pieces_of(talk) if not piece.is_in(body)] == []


@pytest.mark.parametrize("provider", PROVIDERS)
@given(talk=talks.talks())
def test_every_api_brings_a_provider_the_same_conversation(provider, talk):
    found = {
        api: [piece.is_in(sent(provider, read(api, body(talk)).items)[0]) for piece in talks.pieces_of(talk)]
        for api, (_, body) in APIS.items()
    }
    assert found["chat"] == found["responses"] == found["messages"]


ORIGIN = "wire:host#model"
PARTS = {
    "messages": (Thought("I think", "c2lnbmVk+/=="), Sealed("cmVkYWN0ZWQ=")),
    "responses": (Summary("I think"), Sealed("gAAAAABo-sealed_==")),
    "chat": (Thought("I think"),),
    "google": (Sealed("CiQB-signed+/=="),),
}
"""Reasoning as each provider makes it."""


def sent_back(api: str, items: list[Item]) -> tuple[Item, ...]:
    """What an API reads of an answer with these items, sent back as the client got it."""
    dialect, _ = APIS[api]
    asked = {"include": ["reasoning.encrypted_content"]} if api == "responses" else {}
    start = APIS[api][1]((talks.Exchange((talks.Piece("text", "Hi"),), "", ()),)) | asked
    reading = dialect.read(msgspec.json.encode(start), counting_ids())
    renderer = dialect.renderer(reading, counting_ids())
    run = events.run_events(*(_whole(index, item) for index, item in enumerate(items)), finish="tool_calls")
    renderer.feed(run)
    answer = msgspec.json.decode(msgspec.json.encode(renderer.whole()))
    if api == "responses":
        body = {**start, "input": [*start["input"], *answer["output"]]}
    else:
        said = answer["choices"][0]["message"] if api == "chat" else None
        turn = said or {"role": "assistant", "content": answer["content"]}
        body = {**start, "messages": [*start["messages"], turn]}
    return read(api, body).items


def _whole(index: int, item: Item) -> list[Any]:
    parts = item.content if isinstance(item, Message | Reasoning) else ()
    pieces = [events.part_events(index, at, _empty(part), [_said(part)]) for at, part in enumerate(parts)]
    found = events.item_events(index, item, pieces)
    return [*found[:-1], msgspec.structs.replace(found[-1], item=item)]


def _empty(part: Any) -> Any:
    return Sealed() if isinstance(part, Sealed) else msgspec.structs.replace(part, text="")


def _said(part: Any) -> str:
    return part.data if isinstance(part, Sealed) else part.text


def answered(parts: tuple[Any, ...]) -> list[Item]:
    return [
        Reasoning("rs_1", parts, origin=ORIGIN),
        Message("msg_1", "assistant", (Text("Well"),)),
        FunctionCall("fc_1", "call_1", "look_up", "{}"),
    ]


@pytest.mark.parametrize("wire", ["messages", "responses", "google"])
@pytest.mark.parametrize("api", ["responses", "messages"])
def test_signed_reasoning_returns_to_where_it_came_from_byte_for_byte(api, wire):
    body, _ = sent(wire, sent_back(api, answered(PARTS[wire])), origin=ORIGIN)
    for part in PARTS[wire]:
        assert (signed := _signed(part)) is None or msgspec.json.encode(signed).decode() in body


def _signed(part: Any) -> str | None:
    """What of a part must not change."""
    return part.data if isinstance(part, Sealed) else getattr(part, "signature", None)


@pytest.mark.parametrize("api", ["responses", "messages"])
def test_raw_reasoning_returns_to_a_server_that_takes_it(api):
    body, _ = sent("chat", sent_back(api, answered(PARTS["chat"])), origin=ORIGIN)
    assert '"reasoning_content":"I think"' in body


@pytest.mark.parametrize("target", PROVIDERS)
@pytest.mark.parametrize("wire", PARTS)
@pytest.mark.parametrize("api", APIS)
def test_it_goes_nowhere_else(api, wire, target):
    body, _ = sent(target, sent_back(api, answered(PARTS[wire])), origin="elsewhere")
    assert "I think" not in body
    assert not any(part.data in body for part in PARTS[wire] if isinstance(part, Sealed))
    assert "c2lnbmVk" not in body
    assert "Well" in body


@given(st.lists(st.sampled_from(sorted(PARTS)), max_size=3), st.sampled_from(["responses", "messages"]))
def test_items_of_any_origins_keep_apart(wires, api):
    items: list[Item] = []
    for number, wire in enumerate(wires):
        items.append(Reasoning(f"rs_{number}", PARTS[wire], origin=f"origin {number}"))
        items.append(Message(f"msg_{number}", "assistant", (Text(f"Well {number}"),)))
    back = [item for item in sent_back(api, items) if isinstance(item, Reasoning)]
    assert [(item.origin, item.content) for item in back] == [
        (f"origin {number}", PARTS[wire]) for number, wire in enumerate(wires)
    ]
