"""What may come in from one server: a transport that counts bytes, events and requests, and cuts off
what goes on for ever. It remembers why something failed, as the library above it keeps little of that."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import httpx2

from service.egress import EgressError, Forbidden, TimedOut
from service.egress.door import to_failure
from service.tools.mcp import failures

MOST_BYTES = 4 * 2**20
"""From one `refill` to the next: a listing, or a call."""
MOST_EVENTS = 2_000
"""Log messages, progress and the like are thrown away, but each costs time."""
MOST_MARKS = 400_000
"""Brackets, by eight, and commas: how much there is to take apart, which the event loop waits for. Those in
texts count as well, as they cannot be told from others before that."""
PIECE = 4096
"""How much of a stream of events is handed on before others have their turn."""
MOST_REQUESTS = 256
"""A server can make its clients come back again and again."""


class Meter:
    """What a session may still take in, and what went wrong last."""

    def __init__(
        self,
        *,
        bytes: int = MOST_BYTES,
        events: int = MOST_EVENTS,
        requests: int = MOST_REQUESTS,
        marks: int = MOST_MARKS,
    ) -> None:
        self._full = (bytes, events, requests, marks)
        self.overflown = False
        self.status = 0
        """The last HTTP status of a message that was posted."""
        self.failure: EgressError | None = None
        self.refill()

    def refill(self) -> None:
        """Begin something new."""
        self._bytes, self._events, self._requests, self._marks = self._full

    def take(self, *, bytes: int = 0, events: int = 0, requests: int = 0, marks: int = 0) -> bool:
        """Count; False where it is too much."""
        self._bytes -= bytes
        self._events -= events
        self._requests -= requests
        self._marks -= marks
        if min(self._bytes, self._events, self._requests, self._marks) < 0:
            self.overflown = True
        return not self.overflown

    def told(self) -> str | None:
        """What went wrong with the connection, if anything did."""
        if self.overflown:
            return failures.OVERFLOW
        match self.failure:
            case None:
                return failures.status_told(self.status) if self.status >= 300 else None
            case Forbidden():
                return failures.REFUSED
            case TimedOut():
                return failures.SILENT
            case _:
                return failures.UNREACHABLE


class MeteredTransport(httpx2.AsyncBaseTransport):
    """Another transport, metered."""

    def __init__(self, inner: httpx2.AsyncBaseTransport, meter: Meter) -> None:
        self._inner = inner
        self._meter = meter

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """Send one request. Raises httpx2.TransportError."""
        if not self._meter.take(requests=1):
            raise httpx2.ReadError(failures.OVERFLOW, request=request)
        try:
            response = await self._inner.handle_async_request(request)
        except httpx2.TransportError as error:
            self._meter.failure = _egress_error(error)
            raise
        self._meter.failure = None
        if request.method == "POST":
            self._meter.status = response.status_code
        assert isinstance(response.stream, httpx2.AsyncByteStream)
        return httpx2.Response(
            response.status_code,
            headers=response.headers,
            stream=_Counted(response.stream, self._meter, request, response),
            request=request,
        )

    async def aclose(self) -> None:
        """Let go of what is inside."""
        await self._inner.aclose()


class _Counted(httpx2.AsyncByteStream):
    def __init__(
        self,
        stream: httpx2.AsyncByteStream,
        meter: Meter,
        request: httpx2.Request,
        response: httpx2.Response,
    ) -> None:
        self._stream = stream
        self._meter = meter
        self._request = request
        self._is_events = response.headers.get("content-type", "").startswith("text/event-stream")
        self._is_plain = response.headers.get("content-encoding", "identity") == "identity"

    async def __aiter__(self) -> AsyncIterator[bytes]:
        if not self._is_plain:  # what was not asked for may be a bomb
            raise httpx2.ReadError("the answer is compressed", request=self._request)
        try:
            async for piece in self._stream:
                events = _events_in(piece) if self._is_events else 0
                if not self._meter.take(bytes=len(piece), events=events, marks=_marks_in(piece)):
                    raise httpx2.ReadError(failures.OVERFLOW, request=self._request)
                if events < 2:
                    yield piece
                    continue
                for start in range(0, len(piece), PIECE):
                    yield piece[start : start + PIECE]
                    await asyncio.sleep(0)
        except httpx2.TransportError as error:
            self._meter.failure = _egress_error(error)
            raise

    async def aclose(self) -> None:
        await self._stream.aclose()


def _events_in(piece: bytes) -> int:
    """How many events end in it: one ends with an empty line."""
    return piece.count(b"\n\n") + piece.count(b"\r\n\r\n") + piece.count(b"\r\r")


def _marks_in(piece: bytes) -> int:
    return 8 * (piece.count(b"{") + piece.count(b"[")) + piece.count(b",")


def _egress_error(error: httpx2.TransportError) -> EgressError:
    cause = error.__cause__ or error
    return cause if isinstance(cause, EgressError) else to_failure(cause)
