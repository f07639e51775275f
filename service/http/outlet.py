"""The way out of one answer. Its head is kept until the first of its body: they leave in one write.

A write to a socket is among the dearest things a short answer does.
"""

from __future__ import annotations

import asyncio

_CONTINUE = b"HTTP/1.1 100 "


class Outlet:
    """The transport of one answer, for uvicorn and for streams; its first write is the head, its second the
    body's first, empty or not."""

    __slots__ = ("_head", "_sent", "_transport")

    def __init__(self, transport: asyncio.Transport) -> None:
        self._transport = transport
        self._head: bytes | None = None
        self._sent = False

    def write(self, data: bytes) -> None:
        """Send, or keep what is the head."""
        if self._sent or data.startswith(_CONTINUE):
            self._transport.write(data)
        elif self._head is None:
            self._head = data
        else:
            self._sent = True
            self._transport.write(self._head + data)

    def write_chunk(self, body: bytes) -> None:
        """Send a piece of a body of unknown length, after its first."""
        self._transport.write(b"%x\r\n%b\r\n" % (len(body), body))

    def close(self) -> None:
        """Close when all is sent, a head without a body too."""
        if self._head is not None and not self._sent:
            self.write(b"")
        self._transport.close()

    def is_closing(self) -> bool:
        """Whether it is closing or closed."""
        return self._transport.is_closing()
