"""Frames that differ in one string and in nothing else, as nearly all of a stream of text do.

Once one of them has been read, the others are read by comparing the bytes around that string: a fifth of
the work. Servers that number their frames, or pad each with noise, do not have them; nothing is lost there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import islice

import msgspec

from providers.sse import Frame

MOST_LESSONS = 4
"""Frames of an answer that are looked at for what the next ones share with them."""
_PROBE = "\x00probe"
_decode_strings = msgspec.json.Decoder(list[str]).decode


class Mould:
    """What frames have in common: the event's name, and the bytes before and after the string."""

    __slots__ = ("_after", "_before", "_event")

    def __init__(self, event: str, before: bytes, after: bytes) -> None:
        self._event = event
        self._before = before
        self._after = after

    def strings(self, frames: Iterable[Frame], *, start: int) -> list[str] | None:
        """The strings of the frames from `start` on, up to the first that differs in more.

        None where one of them has more than a string there, after all.
        """
        event, before, after = self._event, self._before, self._after
        begin, end = len(before), -len(after)
        found: list[bytes] = []
        for name, data in islice(frames, start, None):
            if name != event or not (data.startswith(before) and data.endswith(after)):
                break
            found.append(data[begin:end])
        try:
            strings = _decode_strings(b"[%b]" % b",".join(found))
        except msgspec.DecodeError:
            return None
        return strings if len(strings) == len(found) else None


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
