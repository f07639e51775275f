"""Server-sent events out: one frame an event, written whole, LF only.

Grammar: https://html.spec.whatwg.org/multipage/server-sent-events.html (living standard).
"""

from __future__ import annotations

from functools import cache
from itertools import groupby

import msgspec
from msgspec import Struct

HEARTBEAT = b": keep-alive\n\n"
DONE = b"data: [DONE]\n\n"

_encoder = msgspec.json.Encoder()


def named_frames(events: list[Struct]) -> bytes:
    """Frames whose `event:` is the wire event's own type (its tag)."""
    return b"".join(
        [_framed(b"event: %b\ndata: " % _name(kind), list(alike)) for kind, alike in groupby(events, type)]
    )


def plain_frames(events: list[Struct]) -> bytes:
    """Frames with data alone."""
    return _framed(b"data: ", events) if events else b""


@cache
def _name(kind: type[Struct]) -> bytes:
    return str(kind.__struct_config__.tag).encode()


def _framed(head: bytes, events: list[Struct]) -> bytes:
    """Events of which each is written after the same head; JSON has no line breaks of its own."""
    lines = _encoder.encode_lines(events)
    return head + lines[:-1].replace(b"\n", b"\n\n" + head) + b"\n\n"
