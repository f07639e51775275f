"""What a scripted upstream is told to do with one request: what it says, counts, and gets wrong."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Literal, TypeAlias

from msgspec import Struct

from tests.support.wires.frames import Frame, Tokens

Finish: TypeAlias = Literal["stop", "length", "tool_calls", "content_filter"]
Cut: TypeAlias = Literal["close", "reset", "end"]
"""How an answer breaks off: the connection closes, is reset, or the body ends as if it were whole."""


class ToolCall(Struct, frozen=True):
    """A function call the model makes, its arguments in the pieces they are streamed in."""

    name: str
    arguments: tuple[str, ...] = ("{}",)
    id: str = ""
    """Left out: made from the request's number and the call's position."""


class ErrorBody(Struct, frozen=True):
    """An error in the wire's own envelope."""

    message: str = "scripted failure"
    type: str = "server_error"
    code: str | None = None
    param: str | None = None


class Script(Struct, frozen=True, kw_only=True):
    """One answer. An *event* is one SSE frame; a JSON body counts as a single event."""

    text: tuple[str, ...] | None = None
    """Pieces of the answer. None: `answers.spoken` makes them from the request and honours its cap."""
    refusal: tuple[str, ...] = ()
    reasoning: tuple[str, ...] = ()
    signature: str = "c2lnbmVkLWJ5LXNjcmlwdA=="
    """Seals the reasoning where the wire has a place for it."""
    calls: tuple[ToolCall, ...] = ()
    interleaved: bool = False
    """The pieces of several calls' arguments come in turn instead of one call after the other."""
    finish: Finish | None = None
    """None: `tool_calls` with calls, else `stop`, or `length` where the cap cut the text."""

    usage: Tokens | None = None
    """What is reported, right or wrong. None: words in, pieces out."""
    usage_times: int = 1
    """0: never reported, 2: reported twice."""

    status: int = 200
    error: ErrorBody | bytes | None = None
    """The body where the status is no success; bytes are sent as they are."""
    headers: dict[str, str] = {}
    content_type: str | None = None
    fail_after_events: int | None = None
    """The stream turns into the wire's own error event at this position."""

    cut_after_events: int | None = None
    cut_after_bytes: int | None = None
    cut: Cut = "close"
    stall_after_events: int | None = None
    stall: asyncio.Event | float = float("inf")
    """Until the event, for so many seconds, or until the upstream's `release()` (which ends all of them)."""
    trickle: tuple[int, float] | None = None
    """So many bytes at a time, with so many seconds in between."""
    pace: float = 0.0
    """Seconds between events."""
    insert: tuple[tuple[int, bytes], ...] = ()
    """Raw bytes put before the event at a position: garbage, comments, unknown events."""
    done: bool = True
    """Whether a stream that has one ends with its `[DONE]`."""
    header_delay: asyncio.Event | float = 0.0
    """What the status line waits for: the same as a stall."""
    reset: bool = False
    """The connection is reset instead of any answer."""
    edit: Callable[[list[Frame]], list[Frame]] | None = None
    """Anything else: gets the frames, gives those to send."""
