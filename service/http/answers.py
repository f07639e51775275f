"""From a request to a run to an answer, for every API alike."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, TypeAlias

import msgspec
from litestar import Request
from litestar.types import ASGIApp
from msgspec import Struct

from service.dialects.base import Dialect, Reading, Renderer
from service.engine.log import Subscription
from service.http.begin import begin_run
from service.http.headers import Headers, failure_headers, header, paid_headers, run_headers
from service.http.house import house_of, key_of
from service.http.protocol import Connection
from service.http.reading import read_body
from service.http.stream import EventStream
from service.ids import new_id
from specs.errors import ClientGone, UnsupportedMediaType
from specs.events import Event, ItemEnded, RunEnded, StepStarted
from specs.items import HostedCall

InBackground: TypeAlias = Callable[[Request[Any, Any, Any], Reading], Awaitable[ASGIApp]]


class JSONAnswer:
    """An ASGI answer with a JSON body."""

    def __init__(self, body: bytes, *, status: int = 200, headers: Headers | None = None) -> None:
        self.body = body
        self.status = status
        self.headers = [
            (b"content-type", b"application/json"),
            (b"content-length", str(len(body)).encode()),
            *(headers or ()),
        ]

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Send it; `scope` and the callables are ASGI's."""
        await send({"type": "http.response.start", "status": self.status, "headers": self.headers})
        await send({"type": "http.response.body", "body": self.body, "more_body": False})


def json_answer(value: Struct, *, status: int = 200) -> JSONAnswer:
    """Answer with a value as JSON."""
    return JSONAnswer(msgspec.json.encode(value), status=status)


async def answer(
    request: Request[Any, Any, Any], dialect: Dialect, *, in_background: InBackground | None = None
) -> ASGIApp:
    """Run the agent a request names and answer in its API; `in_background` where it can and is to.

    Raises DragomanError for whatever goes wrong before an answer has begun.
    """
    house = house_of(request)
    require_json(request)
    reading = await read_body(await request.body(), dialect.read)
    if in_background is not None and reading.state.background:
        return await in_background(request, reading)
    reading, run = await begin_run(house, key_of(request), reading, dialect)
    state = request.scope["state"]
    state["run"] = run
    if "recorder" not in state:  # else the answer is wanted, if not now then by a retry
        connection: Connection = state["connection"]
        connection.on_gone = run.leave
    renderer = dialect.renderer(reading, new_id)
    if reading.stream:
        engine = house.settings.engine
        events = await read_begun(run.events, wait=engine.first_event_seconds)
        if not _failed_at_once(events):
            headers = run_headers(events)
            return EventStream(run, dialect, renderer, begun=events, headers=headers, engine=engine)
    else:
        events = await run.events.rest()
    if "recorder" in state:
        state["begun"] = _has_begun(events)
    return whole_answer(events, dialect, renderer, paid=paid_headers(run.settled))


def require_json(request: Request[Any, Any, Any]) -> None:
    """Refuse a body that does not say it is JSON.

    Raises UnsupportedMediaType.
    """
    content_type = header(request.scope, b"content-type") or ""
    if content_type == "application/json":
        return
    media_type = content_type.partition(";")[0].strip().lower()
    if media_type != "application/json" and not media_type.endswith("+json"):
        raise UnsupportedMediaType(
            f"Content-Type: expected 'application/json', got {content_type[:100]!r}", param="Content-Type"
        )


async def read_begun(events: Subscription, *, wait: float) -> list[Event]:
    """Read until the upstream has begun or the run has ended, at most `wait` seconds.

    So long a stream's status line waits, so that an early failure is an HTTP error.
    """
    late = False

    def stop_waiting() -> None:
        nonlocal late
        late = True
        events.wake()

    timer = asyncio.get_running_loop().call_later(wait, stop_waiting)
    seen: list[Event] = []
    while not (late or events.finished):
        seen += await events.next()
        if _has_begun(seen):
            break
    timer.cancel()
    return seen


def whole_answer(events: list[Event], dialect: Dialect, renderer: Renderer, *, paid: Headers) -> JSONAnswer:
    """Fold a finished run to one body, or to the error it failed with.

    Raises ClientGone where the reader left before the end: nobody is there to get it.
    """
    ended = events[-1] if events else None
    if not isinstance(ended, RunEnded):
        raise ClientGone
    if ended.error is not None:
        failure = ended.error
        return JSONAnswer(
            msgspec.json.encode(dialect.error(failure)),
            status=dialect.status(failure),
            headers=failure_headers(failure) + paid,
        )
    renderer.fold(events)
    return JSONAnswer(msgspec.json.encode(renderer.whole()), headers=run_headers(events) + paid)


def _failed_at_once(events: list[Event]) -> bool:
    ended = events[-1] if events else None
    return isinstance(ended, RunEnded) and ended.error is not None and not _has_begun(events)


def _has_begun(events: list[Event]) -> bool:
    """Whether a model was called, or a call that was approved has been made."""
    for event in events:
        if type(event) is StepStarted or (type(event) is ItemEnded and type(event.item) is HostedCall):
            return True
    return False
