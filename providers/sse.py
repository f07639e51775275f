"""Server-sent events, split: bytes in whatever pieces they come, frames out.

https://html.spec.whatwg.org/multipage/server-sent-events.html#event-stream-interpretation, of which
`id` and `retry` are not kept: an answer is not resumed by reconnecting.
"""

from __future__ import annotations

from typing import TypeAlias

from specs.errors import UpstreamGarbled

Frame: TypeAlias = tuple[str, bytes]
"""(event name, `""` when absent; data)."""

MAX_FRAME = 16 * 2**20
"""Bytes one frame may hold."""
_BOM = b"\xef\xbb\xbf"


class SSESplitter:
    """Feed it reads; it returns the frames they complete. A frame without data is no frame."""

    def __init__(self, *, max_frame: int = MAX_FRAME) -> None:
        self._max_frame = max_frame
        self._pieces: list[bytes] = []
        self._size = 0
        self._after_cr = False
        self._started = False

    def feed(self, chunk: bytes) -> list[Frame]:
        """Return the frames that this chunk completes.

        Raises UpstreamGarbled when a frame grows beyond the limit.
        """
        chunk = self._begin(self._with_newlines(chunk))
        if not self._pieces and (frames := _plain_frames(chunk)):
            return frames
        if not self._completes(chunk):
            self._keep(chunk)
            return []
        *blocks, rest = b"".join((*self._pieces, chunk)).split(b"\n\n")
        self._pieces.clear()
        self._size = 0
        self._keep(rest)
        return [frame for block in blocks if (frame := _frame(block)) is not None]

    def finish(self) -> list[Frame]:
        """Return the frame a server left without its closing blank line, if there is one."""
        frame = _frame(b"".join(self._pieces))
        self._pieces.clear()
        self._size = 0
        return [] if frame is None else [frame]

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


def _plain_frames(chunk: bytes) -> list[Frame]:
    """The frames of a chunk that has whole ones of one `data:` line each and nothing else; else `[]`."""
    if not (chunk.startswith(b"data: ") and chunk.endswith(b"\n\n")):
        return []
    lines = chunk[6:-2].split(b"\n\ndata: ")
    if chunk.count(b"\n") != 2 * len(lines) or b"" in lines:
        return []
    return [("", data) for data in lines]


def _frame(block: bytes) -> Frame | None:
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
