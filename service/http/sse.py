"""Server-sent events out: one frame an event, written whole, LF only.

Grammar: https://html.spec.whatwg.org/multipage/server-sent-events.html (living standard).
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from itertools import groupby
from typing import Any, cast

import msgspec
from msgspec import Struct

from service.dialects.base import Alike

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
    pieces: list[bytes] = []
    for kind, run in groupby(events, type):
        if kind is Alike:
            alike = cast("Iterator[Alike]", run)
            pieces += [_framed(b"data: " + each.before, each.strings, each.after) for each in alike]
        else:
            pieces.append(_framed(b"data: ", list(run)))
    return b"".join(pieces)


@cache
def _name(kind: type[Struct]) -> bytes:
    return str(kind.__struct_config__.tag).encode()


def _framed(head: bytes, values: list[Any], tail: bytes = b"") -> bytes:
    """Values of which each is written between the same head and tail; JSON has no line breaks of its own."""
    end = tail + b"\n\n"
    return head + _encoder.encode_lines(values)[:-1].replace(b"\n", end + head) + end
