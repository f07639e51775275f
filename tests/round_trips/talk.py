"""Conversations as tests draw them, and how each API writes them. Every piece holds a token of its own,
so that what arrives somewhere can be looked for."""

from __future__ import annotations

import json
from base64 import b64encode
from typing import Any, Literal, TypeAlias

from hypothesis import strategies as st
from msgspec import Struct

Json = dict[str, Any]
Kind: TypeAlias = Literal["text", "image", "pdf", "notes"]


class Piece(Struct, frozen=True):
    """A part of what a user says or a tool gives back."""

    kind: Kind
    token: str

    @property
    def data(self) -> str:
        """Its bytes in base64."""
        start = {"image": "\x89PNG", "pdf": "%PDF-1.7 "}.get(self.kind, "")
        return b64encode((start + self.token).encode("latin-1")).decode()

    @property
    def url(self) -> str:
        """Its bytes as a URL."""
        media = {"image": "image/png", "pdf": "application/pdf"}.get(self.kind, "text/plain")
        return f"data:{media};base64,{self.data}"

    def is_in(self, text: str) -> bool:
        """Whether a request holds it: as words, or as bytes."""
        return self.token in text or (self.kind != "text" and self.data in text)


class Call(Struct, frozen=True):
    """A call of the assistant's, with what came of it."""

    id: str
    name: str
    token: str
    result: tuple[Piece, ...]

    @property
    def arguments(self) -> str:
        """Its arguments as JSON text."""
        return json.dumps({"q": self.token})


class Exchange(Struct, frozen=True):
    """What the user said, and what the assistant answered or called."""

    asked: tuple[Piece, ...]
    answered: str
    calls: tuple[Call, ...]


Talk: TypeAlias = tuple[Exchange, ...]


@st.composite
def talks(draw) -> Talk:
    """A conversation; its last exchange has no answer yet."""
    count = 0

    def token(word: str) -> str:
        nonlocal count
        count += 1
        return f"{word}{count:03d}x"

    def pieces(kinds: list[Kind], least: int) -> tuple[Piece, ...]:
        drawn = draw(st.lists(st.sampled_from(kinds), min_size=least, max_size=3))
        return tuple(Piece(kind, token(kind)) for kind in drawn)

    def calls() -> tuple[Call, ...]:
        number = draw(st.integers(0, 2))
        return tuple(
            Call(token("call_"), draw(st.sampled_from(["look_up", "paint"])), token("given"), results())
            for _ in range(number)
        )

    def results() -> tuple[Piece, ...]:
        return pieces(["text", "image", "pdf"], 0)

    exchanges = [
        Exchange(pieces(["text", "image", "pdf", "notes"], 1), token("answer"), calls())
        for _ in range(draw(st.integers(0, 3)))
    ]
    return (*exchanges, Exchange((Piece("text", token("text")),), "", ()))


def pieces_of(talk: Talk) -> list[Piece]:
    """Everything that must not be lost."""
    found: list[Piece] = []
    for exchange in talk:
        found += exchange.asked
        found += [Piece("text", exchange.answered)] if exchange.answered else []
        for call in exchange.calls:
            found += [Piece("text", call.token), Piece("text", call.name), *call.result]
    return found


def chat_body(talk: Talk) -> Json:
    """As Chat Completions has it."""
    messages: list[Json] = []
    for exchange in talk:
        messages.append({"role": "user", "content": [_chat_part(piece) for piece in exchange.asked]})
        calls = [
            {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": call.arguments}}
            for call in exchange.calls
        ]
        if exchange.answered:
            messages.append(
                {"role": "assistant", "content": exchange.answered} | ({"tool_calls": calls} if calls else {})
            )
        for call in exchange.calls:
            content = [_chat_part(piece) for piece in call.result]
            messages.append({"role": "tool", "tool_call_id": call.id, "content": content})
    return {"model": "m", "messages": messages}


def _chat_part(piece: Piece) -> Json:
    match piece.kind:
        case "text":
            return {"type": "text", "text": piece.token}
        case "image":
            return {"type": "image_url", "image_url": {"url": piece.url}}
        case _:
            return {"type": "file", "file": {"file_data": piece.url, "filename": _name(piece)}}


def responses_body(talk: Talk) -> Json:
    """As Responses has it."""
    items: list[Json] = []
    for exchange in talk:
        items.append({"role": "user", "content": [_input_part(piece) for piece in exchange.asked]})
        if exchange.answered:
            items.append({"role": "assistant", "content": exchange.answered})
        for call in exchange.calls:
            head = {"call_id": call.id, "name": call.name, "arguments": call.arguments}
            items.append({"type": "function_call", **head})
        for call in exchange.calls:
            output = [_input_part(piece) for piece in call.result]
            items.append({"type": "function_call_output", "call_id": call.id, "output": output})
    return {"model": "m", "input": items}


def _input_part(piece: Piece) -> Json:
    match piece.kind:
        case "text":
            return {"type": "input_text", "text": piece.token}
        case "image":
            return {"type": "input_image", "image_url": piece.url}
        case _:
            return {"type": "input_file", "file_data": piece.url, "filename": _name(piece)}


def messages_body(talk: Talk) -> Json:
    """As Messages has it."""
    messages: list[Json] = []
    for exchange in talk:
        messages.append({"role": "user", "content": [_block(piece) for piece in exchange.asked]})
        blocks = [
            {"type": "tool_use", "id": call.id, "name": call.name, "input": json.loads(call.arguments)}
            for call in exchange.calls
        ]
        if exchange.answered:
            said = {"type": "text", "text": exchange.answered}
            messages.append({"role": "assistant", "content": [said, *blocks]})
        results = [
            {
                "type": "tool_result",
                "tool_use_id": call.id,
                "content": [_block(piece) for piece in call.result],
            }
            for call in exchange.calls
        ]
        if results:
            messages.append({"role": "user", "content": results})
    return {"model": "m", "max_tokens": 900, "messages": messages}


def _block(piece: Piece) -> Json:
    match piece.kind:
        case "text":
            return {"type": "text", "text": piece.token}
        case "image":
            source = {"type": "base64", "media_type": "image/png", "data": piece.data}
            return {"type": "image", "source": source}
        case "pdf":
            source = {"type": "base64", "media_type": "application/pdf", "data": piece.data}
            return {"type": "document", "title": _name(piece), "source": source}
        case "notes":
            source = {"type": "text", "media_type": "text/plain", "data": piece.token}
            return {"type": "document", "title": _name(piece), "source": source}


def _name(piece: Piece) -> str:
    return f"file.{'pdf' if piece.kind == 'pdf' else 'txt'}"
