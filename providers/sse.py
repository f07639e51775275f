"""Server-sent events, split: bytes in whatever pieces they come, frames out.

https://html.spec.whatwg.org/multipage/server-sent-events.html#event-stream-interpretation, of which
`id` and `retry` are not kept: an answer is not resumed by reconnecting.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeAlias

from specs.errors import UpstreamGarbled

Frame: TypeAlias = tuple[str, bytes]
"""(event name, `""` when absent; data)."""

MAX_FRAME = 16 * 2**20
"""Bytes one frame may hold."""
_BOM = b"\xef\xbb\xbf"


class SSESplitter:
    """Feed it reads; it returns the text of the frames they complete, for `next_frame` to take apart."""

    def __init__(self, *, max_frame: int = MAX_FRAME) -> None:
        self._max_frame = max_frame
        self._pieces: list[bytes] = []
        self._size = 0
        self._after_cr = False
        self._started = False

    def feed(self, chunk: bytes) -> bytes:
        """Return what this chunk completes: whole frames, each with the blank line that ends it.

        Raises UpstreamGarbled when a frame grows beyond the limit.
        """
        chunk = self._begin(self._with_newlines(chunk))
        if not self._completes(chunk):
            self._keep(chunk)
            return b""
        text = b"".join((*self._pieces, chunk))
        end = text.rindex(b"\n\n") + 2
        self._pieces.clear()
        self._size = 0
        self._keep(text[end:])
        return text[:end]

    def finish(self) -> bytes:
        """Return the frame a server left without its closing blank line, if there is one, with that line."""
        rest = b"".join(self._pieces)
        self._pieces.clear()
        self._size = 0
        return rest + b"\n\n" if rest else b""

    def _with_newlines(self, chunk: bytes) -> bytes:
        """Make every line end a single LF. JSON holds no bare CR, so no data is changed."""
        if self._after_cr and chunk:
            self._after_cr = False
            chunk = chunk.removeprefix(b"\n")
        if b"\r" in chunk:
            self._after_cr = chunk.endswith(b"\r")
            chunk = chunk.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        return chunk

    def _begin(self, chunk: bytes) -> bytes:
        """Drop a byte order mark, which may itself come in pieces."""
        if self._started:
            return chunk
        head = b"".join((*self._pieces, chunk))
        self._pieces.clear()
        self._size = 0
        self._started = len(head) >= len(_BOM) or not _BOM.startswith(head)
        return head.removeprefix(_BOM) if self._started else head

    def _completes(self, chunk: bytes) -> bool:
        """Whether a blank line is in the chunk or across its seam: a long frame is joined only once."""
        if b"\n\n" in chunk:
            return True
        return bool(self._pieces) and self._pieces[-1].endswith(b"\n") and chunk.startswith(b"\n")

    def _keep(self, piece: bytes) -> None:
        if not piece:
            return
        self._pieces.append(piece)
        self._size += len(piece)
        if self._size > self._max_frame:
            raise UpstreamGarbled


def next_frame(text: bytes, at: int) -> tuple[Frame | None, int]:
    """The frame at a place in what a splitter returned, and where the one after it begins. Without data it is
    none."""
    end = text.find(b"\n\n", at)
    if end < 0:  # a line end too many
        return None, len(text)
    return frame_of(text[at:end]), end + 2


def frames_of(text: bytes) -> Iterator[Frame]:
    """All frames of what a splitter returned."""
    at = 0
    while at < len(text):
        frame, at = next_frame(text, at)
        if frame is not None:
            yield frame


def frame_of(block: bytes) -> Frame | None:
    """Read one block of lines; the common shapes (`data:` alone, or after one `event:`) go first."""
    if block.startswith(b"data: ") and b"\n" not in block and len(block) > 6:
        return "", block[6:]
    event, rest = b"", block
    if block.startswith(b"event:"):
        event, _, rest = block[6:].partition(b"\n")
    if not rest.startswith(b"data:") or b"\n" in rest:
        return _frame_of_lines(block)
    data = rest[6:] if rest.startswith(b"data: ") else rest[5:]
    return (event.decode("utf-8", "replace").strip(), data) if data else None


def _frame_of_lines(block: bytes) -> Frame | None:
    event, data = b"", []
    for line in block.split(b"\n"):
        field, _, value = line.partition(b":")
        if field == b"data":
            data.append(value.removeprefix(b" "))
        elif field == b"event":
            event = value
    joined = b"\n".join(data)
    return (event.decode("utf-8", "replace").strip(), joined) if joined else None
