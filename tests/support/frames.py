"""Server-sent events as a test writes them, and as it reads them."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct

from providers.sse import Frame, SSESplitter, frames_of
from service.http.sse import plain_frames


def text_of(frames: Iterable[Frame]) -> bytes:
    """What a server sends for these frames."""
    named = [(f"event: {event}\n".encode() if event else b"", data) for event, data in frames]
    return b"".join(name + b"data: " + data + b"\n\n" for name, data in named)


def split(*chunks: bytes) -> list[Frame]:
    """The frames of a body that comes in these pieces."""
    splitter = SSESplitter()
    texts = [*(splitter.feed(chunk) for chunk in chunks), splitter.finish()]
    return [frame for text in texts for frame in frames_of(text)]


def chunks_of(rendered: list[Struct]) -> list[bytes]:
    """The data of each frame that a renderer's wire events become."""
    return [data for _, data in split(plain_frames(rendered))]
