"""Server-sent events out: one frame an event, written whole, LF only.

Grammar: https://html.spec.whatwg.org/multipage/server-sent-events.html (living standard).
"""

from __future__ import annotations

import msgspec
from msgspec import Struct

HEARTBEAT = b": keep-alive\n\n"
DONE = b"data: [DONE]\n\n"

_encoder = msgspec.json.Encoder()
_heads: dict[type[Struct], bytes] = {}


def named_frames(events: list[Struct]) -> bytes:
    """Frames whose `event:` is the wire event's own type (its tag)."""
    encode = _encoder.encode
    pieces = []
    for event in events:
        kind = type(event)
        head = _heads.get(kind)
        if head is None:
            head = _heads[kind] = f"event: {kind.__struct_config__.tag}\ndata: ".encode()
        pieces += (head, encode(event), b"\n\n")
    return b"".join(pieces)


def plain_frames(events: list[Struct]) -> bytes:
    """Frames with data alone."""
    encode = _encoder.encode
    pieces = []
    for event in events:
        pieces += (b"data: ", encode(event), b"\n\n")
    return b"".join(pieces)
