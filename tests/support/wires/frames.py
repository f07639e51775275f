"""What every wire gives: frames, and what each of them tells the client."""

from __future__ import annotations

from typing import Any, TypeVar

import msgspec
from msgspec import Struct

Entry = TypeVar("Entry")

_encoder = msgspec.json.Encoder()


class Tokens(Struct, frozen=True):
    """Reported usage in inclusive buckets; each wire spells it its own way."""

    input: int = 0
    output: int = 0
    cached: int = 0
    cache_write: int = 0
    cache_write_1h: int = 0
    reasoning: int = 0


class Frame(Struct, frozen=True):
    """One SSE event, or one JSON body, ready to send."""

    data: bytes
    tokens: Tokens | None = None
    """What the client has been told of usage once this frame arrived; None adds nothing."""
    text: str = ""
    """Text, reasoning or arguments that this frame carries."""


def encode(value: Any) -> bytes:
    """JSON, compact."""
    return _encoder.encode(value)


def data_frame(value: Any, *, tokens: Tokens | None = None, text: str = "") -> Frame:
    """An SSE event without a name."""
    return Frame(b"data: " + encode(value) + b"\n\n", tokens, text)


def named_frame(value: dict[str, Any], *, tokens: Tokens | None = None, text: str = "") -> Frame:
    """An SSE event named after the `type` in its data."""
    head = b"event: " + str(value["type"]).encode() + b"\n"
    return Frame(head + b"data: " + encode(value) + b"\n\n", tokens, text)


def in_turn(blocks: list[list[Entry]], *, interleaved: bool) -> list[Entry]:
    """Several blocks' entries, one block after the other or taken from each in turn."""
    if not interleaved:
        return [entry for block in blocks for entry in block]
    longest = max(map(len, blocks), default=0)
    return [block[at] for at in range(longest) for block in blocks if at < len(block)]
