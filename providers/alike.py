"""Frames that differ in one string and in nothing else, as nearly all of a stream of text do.

Once one of them has been read, the others are read by comparing the bytes around that string: a fifth of
the work. Servers that number their frames, or pad each with noise, do not have them; nothing is lost there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import takewhile

import msgspec

from providers.sse import frame_of

MOST_LESSONS = 4
"""Frames of an answer that are looked at for what the next ones share with them."""
MOST_HEAD = 128
"""Bytes of what stands before the data of a frame: the event's name, the names of the fields."""
_PROBE = "\x00probe"
_decode_strings = msgspec.json.Decoder(list[str]).decode


class _Around:
    """What stands before and behind the string in a frame, up to its blank line."""

    __slots__ = ("_after", "_before")

    def __init__(self, before: bytes, after: bytes) -> None:
        self._before = before
        self._after = after

    def is_in(self, frame: bytes) -> bool:
        return frame.startswith(self._before) and frame.endswith(self._after)

    def taken_from(self, frames: Iterable[bytes]) -> list[bytes]:
        """What is between."""
        begin, end = len(self._before), -len(self._after)
        return [frame[begin:end] for frame in frames]

    def put_round(self, strings: list[bytes]) -> bytes:
        """The text of frames with these strings: comparing that is much less than looking at each frame."""
        if not strings:
            return b""
        between = self._after + b"\n\n" + self._before
        return b"%b%b%b\n\n" % (self._before, between.join(strings), self._after)


class Mould:
    """What frames have in common: the event's name, and the bytes before and after the string."""

    __slots__ = ("_after", "_before", "_event")

    def __init__(self, event: str, before: bytes, after: bytes) -> None:
        self._event = event
        self._before = before
        self._after = after

    def strings(self, text: bytes, at: int) -> tuple[list[str], int] | None:
        """The strings of the frames from a place on, and where the first stands that differs in more.

        None where one of them has more than a string there, after all.
        """
        begin = text.find(self._before, at, at + MOST_HEAD + len(self._before))
        head = text[at : max(at, begin)]
        if begin < 0 or not self._is_head(head):
            return [], at
        around = _Around(head + self._before, self._after)
        frames = text[at:].split(b"\n\n")
        while frames and not around.is_in(frames[-1]):  # such as those that end an answer
            frames.pop()
        written = around.taken_from(frames)
        if not text.startswith(around.put_round(written), at):  # a stranger is among them
            written = around.taken_from(takewhile(around.is_in, frames))
        strings = _strings(written)
        return None if strings is None else (strings, at + len(around.put_round(written)))

    def _is_head(self, head: bytes) -> bool:
        """Whether it makes a frame of this event out of what follows."""
        return b"\n\n" not in head and frame_of(head + b"x") == (self._event, b"x")


def _strings(written: list[bytes]) -> list[str] | None:
    """What they say, if each of them is one string of JSON."""
    try:
        strings = _decode_strings(b"[%b]" % b",".join(written))
    except msgspec.DecodeError:
        return None
    return strings if len(strings) == len(written) else None


def mould_of(event: str, data: bytes, text: str, *, read: Callable[[bytes], str]) -> Mould | None:
    """The mould of a frame that says this text, if it can be told where.

    `read` gives the text of a frame that says nothing else: it must find another one in the same place.
    """
    before, written, after = data.partition(msgspec.json.encode(text))
    if not written or not after or written in after:
        return None
    try:
        probed = read(before + msgspec.json.encode(_PROBE) + after)
    except msgspec.DecodeError:
        return None
    return Mould(event, before, after) if probed == _PROBE else None
