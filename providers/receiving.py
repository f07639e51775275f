"""One answer being received: read as batches of events, every failure mapped.

A batch is what one read of the socket held, so nothing here is paid per event.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from typing import Protocol

from providers.exchange import Exchange, Inflated
from providers.failures import CONTENT_EXCEPTIONS, TRANSPORT_EXCEPTIONS, failure_from_exception
from providers.parts import PartTracker
from providers.scrubbing import scrubbed
from providers.sse import SSESplitter, next_frame
from specs.errors import UpstreamError, UpstreamGarbled
from specs.events import Event, Finish

READ_BYTES = 24 * 2**10
"""What is read of a stream at once."""
SLICE_BYTES = 8 * 2**10
"""The same while more comes than is read: some forty events, half a millisecond of everyone's time."""
MAX_BODY = 16 * 2**20
"""Bytes of a whole JSON answer."""
LINGER = 0.1
"""Seconds to wait for a finished answer to end its body, so that its connection can be used again."""
MAX_ERROR_BODY = 2**16
"""Bytes of an error body that are looked at."""
COMPRESSED = frozenset({"gzip", "x-gzip", "deflate"})


class Body(Protocol):
    """What an answer's bytes are read from."""

    async def read(self, size: int) -> bytes: ...


class Decoder(Protocol):
    """Reads one answer of one wire format. Pure: bytes in, events in its tracker."""

    tracker: PartTracker

    def feed(self, event: str, data: bytes) -> None:
        """Take in one SSE frame; the event name is `""` when absent.

        Raises UpstreamError when the frame is an error of the upstream's.
        """
        ...

    def whole(self, data: bytes) -> None:
        """Take in a whole JSON answer, of a server that does not stream; the same events."""
        ...

    def finish(self) -> None:
        """The upstream closed its body: end the step.

        Raises UpstreamCut when the answer is not complete.
        """
        ...


class HTTPModelStream:
    """One answer being received; a `providers.base.ModelStream`."""

    def __init__(self, exchange: Exchange, decoder: Decoder, *, sent: Mapping[str, str]) -> None:
        self._exchange = exchange
        self._body = body_of(exchange)
        self._decoder = decoder
        self._sent = sent
        """The headers of its request, whose values are nobody's business."""
        self._splitter = SSESplitter()
        self._whole = exchange.content_type.endswith("json")
        self._size = READ_BYTES
        """Of the next read: it is smaller where the last one left something behind."""
        self._over = False
        self._failure: BaseException | None = None
        self._given_up = False

    def __aiter__(self) -> HTTPModelStream:
        return self

    async def __anext__(self) -> list[Event]:
        """The events of the next read that has any.

        Raises UpstreamError; what was decoded before it in the same read was returned first.
        """
        while not self._over:
            try:
                chunk = await self._read()
            except TRANSPORT_EXCEPTIONS as error:
                self._broken_off(error)
            else:
                self._take_in(chunk)
            if events := self._decoder.tracker.take():
                return events
        if self._failure is not None:
            failure, self._failure = self._failure, None
            raise failure
        raise StopAsyncIteration

    def close(self, finish: Finish) -> list[Event]:
        """End what is open, once; a second call gives nothing."""
        self._over = True
        tracker = self._decoder.tracker
        if not tracker.ended:
            self._given_up = True
            self._exchange.close()
        tracker.end_step(finish)
        return tracker.take()

    async def aclose(self) -> None:
        """Let go of the connection: kept for the next request when the answer was complete, else closed."""
        self._over = True
        try:
            complete = self._decoder.tracker.ended and not self._given_up
            if complete and not self._exchange.done:
                async with asyncio.timeout(LINGER):
                    await read_body(self._exchange, MAX_ERROR_BODY)
        except TRANSPORT_EXCEPTIONS:
            pass
        finally:
            self._exchange.close()

    async def _read(self) -> bytes:
        """One read, b"" at the end."""
        if self._whole:
            return await read_body(self._body, MAX_BODY)
        if self._size == SLICE_BYTES:
            await asyncio.sleep(0)  # all of a fast stream at once would hold up the others
        chunk = await self._body.read(self._size)
        self._size = SLICE_BYTES if len(chunk) >= self._size else READ_BYTES
        return chunk

    def _broken_off(self, error: BaseException) -> None:
        """The connection failed, which does not matter to an answer that was complete by then."""
        self._over = True
        try:
            self._decoder.finish()
        except UpstreamError:
            self._fail(error)

    def _take_in(self, chunk: bytes) -> None:
        try:
            if self._whole:
                self._decode_whole(chunk)
            elif chunk:
                self._decode(self._splitter.feed(chunk))
            else:
                self._decode_rest()
        except (UpstreamError, *CONTENT_EXCEPTIONS) as error:
            self._fail(error)

    def _fail(self, error: BaseException) -> None:
        """Stop reading. What was decoded goes out first; the next call raises."""
        self._over = True
        self._failure = scrubbed(_as_failure(error), self._sent)
        self._exchange.close()

    def _decode(self, text: bytes) -> None:
        decode_frames(self._decoder, text)
        self._over = self._over or self._decoder.tracker.ended

    def _decode_rest(self) -> None:
        """The body is over. A last frame without its blank line counts if it is whole."""
        self._over = True
        with suppress(UpstreamGarbled, *CONTENT_EXCEPTIONS):
            self._decode(self._splitter.finish())
        if not self._decoder.tracker.ended:
            self._decoder.finish()

    def _decode_whole(self, body: bytes) -> None:
        self._over = True
        if len(body) > MAX_BODY:
            raise UpstreamGarbled
        self._decoder.whole(body)
        if not self._decoder.tracker.ended:
            self._decoder.finish()


def decode_frames(decoder: Decoder, text: bytes) -> None:
    """Feed the decoder, up to the end of the step; frames that are alike go to its tracker together.

    Raises what `Decoder.feed` raises.
    """
    feed, tracker = decoder.feed, decoder.tracker
    at = 0
    while at < len(text) and not tracker.ended:
        at = tracker.take_alike(text, at)
        frame, at = next_frame(text, at)
        if frame is not None:
            feed(*frame)


def _as_failure(error: BaseException) -> UpstreamError:
    if isinstance(error, UpstreamError):
        return error
    failure = failure_from_exception(error)
    failure.__cause__ = error
    return failure


def body_of(exchange: Exchange) -> Body:
    """The body of an answer, which may have come compressed although nobody asked for that."""
    compressed = exchange.headers.get("content-encoding", "").strip().lower() in COMPRESSED
    return Inflated(exchange) if compressed else exchange


async def read_body(body: Body, limit: int) -> bytes:
    """Read to the end of the body, or a little past the limit."""
    pieces, size = [], 0
    while size <= limit and (piece := await body.read(limit + 1)):
        pieces.append(piece)
        size += len(piece)
    return b"".join(pieces)
