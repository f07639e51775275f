"""A file's bytes as an answer: never rendered by a browser, never read ahead of the reader."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import quote

from service.http.headers import Headers
from service.http.protocol import Connection
from service.store.file_records import FileRecord
from specs.media_types import IMAGES, OCTETS, PDF

_SHOWN = frozenset({*IMAGES, PDF, "text/plain", "text/csv", "text/markdown", "application/json"})
"""Types that carry no script; what else there is goes as bytes."""


class Download:
    """An ASGI answer that streams a file."""

    def __init__(self, file: FileRecord, chunks: AsyncIterator[bytes], *, stall_seconds: float) -> None:
        self._file = file
        self._chunks = chunks
        self._stall_seconds = stall_seconds

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Send it; `scope` and the callables are ASGI's. A reader that takes nothing is cut."""
        connection: Connection = scope["state"]["connection"]
        async with contextlib.aclosing(self._chunks) as chunks:  # pyright: ignore[reportArgumentType]
            first = await anext(chunks, b"")  # what is missing is told before the headers are out
            await send({"type": "http.response.start", "status": 200, "headers": headers_of(self._file)})
            try:
                await self._send(first, send)
                async for chunk in chunks:
                    if connection.transport.is_closing():
                        return
                    await self._send(chunk, send)
                await send({"type": "http.response.body", "body": b"", "more_body": False})
            except TimeoutError:
                connection.abort()

    async def _send(self, chunk: bytes, send: Any) -> None:
        async with asyncio.timeout(self._stall_seconds):
            await send({"type": "http.response.body", "body": chunk, "more_body": True})


def headers_of(file: FileRecord) -> Headers:
    """What goes before a file's bytes."""
    media_type = file.media_type if file.media_type in _SHOWN else OCTETS
    return [
        (b"content-type", media_type.encode()),
        (b"content-length", str(file.bytes).encode()),
        (b"content-disposition", disposition(file.filename)),
        (b"x-content-type-options", b"nosniff"),
        (b"content-security-policy", b"default-src 'none'; sandbox"),
        (b"cache-control", b"private, no-store"),
    ]


def disposition(filename: str) -> bytes:
    """A file to be saved under a name, for old readers and new: https://www.rfc-editor.org/rfc/rfc6266"""
    plain = "".join(
        letter if letter.isascii() and letter.isprintable() and letter not in '"\\%;' else "_"
        for letter in filename
    )
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(filename, safe='')}".encode()
