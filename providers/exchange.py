"""One answer on one connection: HTTP/1.1 as it is read here, and no more.

aiohttp makes the connections: names, addresses, TLS, the pool, and whatever its owner has to say about where
they may go. What is said on one of them is ours: a stream's answer comes in hundreds of small chunks, and a
few calls of Python for each would cost more than all else that is done with it.
"""

from __future__ import annotations

import asyncio
import zlib

import aiohttp
import httptools
from aiohttp.connector import Connection

from specs.errors import UpstreamGarbled

MOST_UNREAD = 2**17
"""Bytes that may wait for their reader before the socket is not read any more."""
MAX_HEAD = 2**16
"""Bytes of a status line and headers."""
MOST_INFLATED = 2**20
"""Bytes that are made at once of what came compressed."""
_EITHER_FORMAT = 32 + zlib.MAX_WBITS
"""Tells zlib to look whether it is gzip's or its own."""


class Exchange:
    """Reads the answer to what is written to `transport`; `close` it. The methods from `feed_data` on are
    called by the connection and by the parser."""

    def __init__(self, connection: Connection, *, patience: float, idle: float) -> None:
        if connection.protocol is None or connection.transport is None:
            connection.close()
            raise aiohttp.ServerDisconnectedError
        self.transport = connection.transport
        self.status = 0
        """0 until the headers are complete."""
        self.headers: dict[str, str] = {}
        """By their names in lower case; of several the first."""
        self.done = False
        """Whether all of the answer has come; what is not read yet can still be."""
        self._connection: Connection | None = connection
        self._idle = idle
        self._pieces: list[bytes | memoryview] = []
        self.on_body = self._pieces.append
        """Not a method: the parser calls it for each chunk."""
        self._unread = 0
        self._head_size = 0
        self._keeps_alive = False
        self._paused = False
        self._failure: Exception | None = None
        self._waiter: asyncio.Future[None] | None = None
        self._loop = asyncio.get_running_loop()
        self._due = self._loop.time() + patience
        self._timer = self._loop.call_at(self._due, self._look)
        self._parser: httptools.HttpResponseParser | None = _parser(self)
        connection.protocol.set_parser(self, None)

    @property
    def content_type(self) -> str:
        """The media type, without its parameters."""
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()

    async def head(self) -> None:
        """Wait for status and headers.

        Raises aiohttp.ClientError, TimeoutError, UpstreamGarbled.
        """
        while not self.status:
            if self._failure is not None:
                raise self._failure
            await self._more()

    async def read(self, size: int) -> bytes:
        """The next bytes of the body, at most so many; b"" at its end.

        Raises aiohttp.ClientError, TimeoutError, once what came before the failure has been read.
        """
        while not self._pieces:
            if self._failure is not None:
                raise self._failure
            if self.done:
                return b""
            await self._more()
        return self._take(size)

    def close(self) -> None:
        """Let go of the connection: back to the pool if another request can follow, else for good."""
        connection, self._connection = self._connection, None
        if connection is None:
            return
        self._timer.cancel()
        self._parser = None  # it refers back: a circle would wait for the collector
        if self._keeps_alive and not self._paused and connection.protocol is not None:
            connection.protocol.set_parser(None, None)
            connection.release()
        else:
            connection.close()

    def _take(self, size: int) -> bytes:
        pieces = self._pieces
        whole = pieces[0] if len(pieces) == 1 else b"".join(pieces)
        pieces.clear()
        if len(whole) > size:  # not copied anew for every read
            rest = memoryview(whole)
            pieces.append(rest[size:])
            self._unread = len(rest) - size
            return bytes(rest[:size])
        self._unread = 0
        if self._paused:
            self._paused = False
            self._due = self._loop.time() + self._idle
            if not self.transport.is_closing():
                self.transport.resume_reading()
        return bytes(whole)

    async def _more(self) -> None:
        self._waiter = self._loop.create_future()
        try:
            await self._waiter
        finally:
            self._waiter = None

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    def _fail(self, error: Exception) -> None:
        if self._failure is None and not self.done:
            self._failure = error
        self._keeps_alive = False
        self._wake()

    def _look(self) -> None:
        """Whether it has been silent for too long. A reader who is late is not the server's fault."""
        now = self._loop.time()
        if self._paused:
            self._due = now + self._idle
        if self.done or self._failure is not None:
            return
        if now >= self._due:
            self._fail(aiohttp.SocketTimeoutError("the server has fallen silent"))
        else:
            self._timer = self._loop.call_at(self._due, self._look)

    def _heard(self, number: int) -> None:
        """Account bytes that came: the body's, or the head's."""
        if not self.status:
            self._head_size += number
            if self._head_size > MAX_HEAD:
                self._fail(UpstreamGarbled())
        elif self._pieces and not self.done:
            self._due = self._loop.time() + self._idle
            if self._timer.when() > self._due:
                self._timer.cancel()
                self._timer = self._loop.call_at(self._due, self._look)
            self._unread += number
            if self._unread > MOST_UNREAD and not self._paused and not self.transport.is_closing():
                self._paused = True
                self.transport.pause_reading()

    def feed_data(self, data: bytes) -> tuple[bool, bytes]:
        """Bytes have come; returns that nothing is wrong with the connection, and nothing left over."""
        if self._parser is not None and data:
            try:
                self._parser.feed_data(data)
            except (httptools.HttpParserError, httptools.HttpParserUpgrade) as error:
                self._fail(_failure_of(error, in_body=self.status > 0))
            self._heard(len(data))
            self._wake()
        return False, b""

    def feed_eof(self) -> None:
        """The connection has been lost, which is how a body ends that has neither length nor chunks."""
        if self._parser is None or self.done:
            return
        if not self.status:
            self._fail(aiohttp.ServerDisconnectedError())
        elif "content-length" in self.headers or "chunked" in self.headers.get("transfer-encoding", ""):
            self._fail(aiohttp.ClientPayloadError("the connection was lost within the body"))
        else:
            self.done = True
            self._wake()

    def on_message_begin(self) -> None:
        """Another answer than the one that was asked for cannot be trusted, nor its connection."""
        if self.done:
            raise ValueError("more has come than was asked for")
        self.headers.clear()

    def on_header(self, name: bytes, value: bytes) -> None:
        """One header."""
        self.headers.setdefault(name.decode("latin-1").lower(), value.decode("utf-8", "replace"))

    def on_headers_complete(self) -> None:
        """The status is known; those below 200 only announce another."""
        assert self._parser is not None
        status = self._parser.get_status_code()
        self.status = status if status >= 200 else 0

    def on_message_complete(self) -> None:
        """The answer is whole, unless it was only the announcement of one."""
        if self.status and self._parser is not None:
            self.done = True
            self._keeps_alive = self._parser.should_keep_alive()


class Inflated:
    """The body of an exchange that came compressed, although nobody asked for that."""

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange
        self._inflate = zlib.decompressobj(_EITHER_FORMAT)

    async def read(self, size: int) -> bytes:
        """See `Exchange.read`; it may be more."""
        while data := self._inflate.unconsumed_tail or await self._exchange.read(size):
            try:
                inflated = self._inflate.decompress(data, MOST_INFLATED)
            except zlib.error as error:
                raise aiohttp.ClientPayloadError("what came compressed cannot be read") from error
            if inflated:
                return inflated
        return b""


def _parser(exchange: Exchange) -> httptools.HttpResponseParser:
    """As lenient as clients of HTTP have to be."""
    parser = httptools.HttpResponseParser(exchange)
    parser.set_dangerous_leniencies(
        lenient_headers=True, lenient_optional_cr_before_lf=True, lenient_spaces_after_chunk_size=True
    )
    return parser


def _failure_of(error: Exception, *, in_body: bool) -> Exception:
    failure = (
        aiohttp.ClientPayloadError("the body is not framed as it should be") if in_body else UpstreamGarbled()
    )
    failure.__cause__ = error
    return failure
