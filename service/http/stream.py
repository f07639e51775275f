"""A run's events to one client as server-sent events. It only follows: whatever happens to this
answer, the run saves and settles by itself."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial
from typing import Any, Protocol

from msgspec import Struct

from service.dialects.base import Dialect, StreamRenderer
from service.engine.log import Subscription
from service.http.headers import Headers
from service.http.sse import DONE, HEARTBEAT, named_frames, plain_frames
from service.settings.model import Engine
from specs.events import Event, RunEnded

HEADERS = [
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"no-cache, no-transform"),
    (b"x-accel-buffering", b"no"),
]


class Events(Protocol):
    """What is read of a run by one reader."""

    @property
    def finished(self) -> bool:
        """Whether nothing more can be read."""
        ...

    async def next(self) -> list[Event]:
        """Wait for events. Empty when woken without any."""
        ...

    def wake(self) -> None:
        """Let a waiting reader look again."""
        ...


class Followed(Protocol):
    """A run, or its log, as one reader follows it."""

    @property
    def events(self) -> Events:
        """Where its events come from."""
        ...

    def leave(self) -> None:
        """The reader has gone."""
        ...


class Line(Protocol):
    """The connection a stream goes out on."""

    @property
    def gone(self) -> bool:
        """Whether it is lost."""
        ...

    def abort(self) -> None:
        """Drop it without waiting for what is unsent."""
        ...


class Wide(Line, Protocol):
    """One that tells how much it can take, and takes it."""

    @property
    def has_room(self) -> bool:
        """Whether what is sent now would not have to wait."""
        ...

    def write_chunk(self, body: bytes) -> None:
        """Send a piece of a body of unknown length, after its first."""
        ...


class Framing(Struct, frozen=True):
    """How wire events become the bytes of a stream."""

    frames: Callable[[list[Struct]], bytes]
    end: bytes
    """What the stream ends with."""


def framing_of(dialect: Dialect) -> Framing:
    """How the events of a dialect are framed."""
    return Framing(named_frames if dialect.named_events else plain_frames, DONE if dialect.done else b"")


class EventStream:
    """An ASGI answer: what was read of the run already, then the rest as it comes."""

    def __init__(
        self,
        run: Followed,
        dialect: Dialect | Framing,
        renderer: StreamRenderer,
        *,
        begun: list[Event],
        headers: Headers,
        engine: Engine,
    ) -> None:
        self._engine = engine
        self._run = run
        self._renderer = renderer
        self._begun = begun
        self._headers = headers
        framing = dialect if isinstance(dialect, Framing) else framing_of(dialect)
        self._frames, self._end = framing.frames, framing.end
        self._broken: Exception | None = None

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Answer one request; `scope` and the callables are ASGI's."""
        state = scope["state"]
        pulse = Pulse(self._run.events, state["connection"], self._engine)
        wanted = "recorder" in state  # by a retry, if nobody listens now
        events = self._run.events
        if isinstance(events, Subscription) and not wanted:
            events.hand(partial(self._send_now, pulse, state["connection"]))
        try:
            await send({"type": "http.response.start", "status": 200, "headers": HEADERS + self._headers})
            await self._follow(pulse, send, to_the_end=wanted)
        finally:
            pulse.stop()
            self._run.leave()

    async def _follow(self, pulse: Pulse, send: Any, *, to_the_end: bool) -> None:
        events = self._run.events
        batch, last = self._begun, self._run.events.finished
        first = True  # the head of the answer waits for it
        while True:
            body = self._frames(self._renderer.feed(batch)) if batch or last else HEARTBEAT
            if body or last or first:
                first = False
                pulse.sending()
                message = {"type": "http.response.body", "body": body + self._end if last else body}
                await send({**message, "more_body": not last})
                pulse.sent()
            if last or (pulse.gone and not to_the_end):
                return
            batch = await events.next()
            if self._broken is not None:
                raise self._broken
            last = events.finished

    def _send_now(self, pulse: Pulse, line: Wide, batch: list[Event]) -> bool:
        """Send a batch as the run says it, where it need not wait; the last goes out with the end."""
        if not line.has_room or type(batch[-1]) is RunEnded:
            return False
        try:
            body = self._frames(self._renderer.feed(batch))
        except Exception as error:  # the run is not to blame: it is raised where the stream is followed
            self._broken = error
            return False
        if body:
            line.write_chunk(body)
            pulse.sent()
        return True


class Pulse:
    """Keeps a quiet stream alive and cuts a reader that takes nothing."""

    def __init__(self, events: Events, connection: Line, engine: Engine) -> None:
        self._heartbeat_seconds = engine.heartbeat_seconds
        self._stall_seconds = engine.stall_seconds
        self._tick_seconds = min(5.0, engine.heartbeat_seconds / 3, engine.stall_seconds / 3)
        self._events = events
        self._connection = connection
        self._loop = asyncio.get_running_loop()
        self._sending_since = 0.0
        self._sent_at = self._loop.time()
        self._timer = self._loop.call_later(self._tick_seconds, self._tick)

    @property
    def gone(self) -> bool:
        """Whether nobody reads any more."""
        return self._connection.gone

    def sending(self) -> None:
        """A write begins."""
        self._sending_since = self._loop.time()

    def sent(self) -> None:
        """The write was taken."""
        self._sent_at, self._sending_since = self._loop.time(), 0.0

    def stop(self) -> None:
        """The stream is over."""
        self._timer.cancel()

    def _tick(self) -> None:
        now = self._loop.time()
        if self._sending_since and now - self._sending_since >= self._stall_seconds:
            self._connection.abort()
            return
        if not self._sending_since and now - self._sent_at >= self._heartbeat_seconds:
            self._events.wake()
        self._timer = self._loop.call_later(self._tick_seconds, self._tick)
