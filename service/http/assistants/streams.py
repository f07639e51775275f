"""A run on a thread to one client: whole as it stands, or followed event by event."""

from __future__ import annotations

from typing import Any

import msgspec
from litestar import Request
from litestar.types import ASGIApp
from msgspec import Struct

from service.dialects.assistants.objects import run_to_wire
from service.dialects.assistants.render import ThreadRenderer
from service.dialects.assistants.version import POLL_HEADER
from service.engine.run import first_events
from service.engine.threads import Begun
from service.http.answers import JSONAnswer
from service.http.headers import Headers, run_headers
from service.http.house import house_of
from service.http.stream import EventStream, Framing
from specs.openai.assistants_events import ThreadEvent
from specs.threads import Thread, ThreadRun

DONE = b"event: done\ndata: [DONE]\n\n"
YOUNG_SECONDS = 5
"""So long a run is young: most end by then."""
YOUNG_POLL_MS = 250
POLL_MS = 1_000

_encoder = msgspec.json.Encoder()


def thread_frames(events: list[Struct]) -> bytes:
    """Frames whose data is the object alone."""
    pieces: list[bytes] = []
    for event in events:
        assert isinstance(event, ThreadEvent)
        pieces += (b"event: ", event.event.encode(), b"\ndata: ", _encoder.encode(event.data), b"\n\n")
    return b"".join(pieces)


async def answer_begun(
    request: Request[Any, Any, Any], begun: Begun, *, stream: bool, thread: Thread | None = None
) -> ASGIApp:
    """Answer with a run that has begun, or gone on."""
    state = request.scope["state"]
    state["run"], state["begun"] = begun.leg, True
    if stream:
        return await follow(request, begun, thread=thread)
    headers = [*run_headers(first_events(begun.leg)), *poll_headers(begun.run, now=begun.run.created_at)]
    return JSONAnswer(msgspec.json.encode(run_to_wire(begun.run)), headers=headers)


async def follow(request: Request[Any, Any, Any], begun: Begun, *, thread: Thread | None) -> ASGIApp:
    """Send what a leg does, from its beginning to its end."""
    house = house_of(request)
    follower = house.background.follow(begun.run.leg)
    try:
        first = await follower.next()
    except BaseException:
        follower.leave()
        raise
    renderer = ThreadRenderer(begun.run, thread=thread, answered=begun.answered)
    return EventStream(
        follower,
        Framing(thread_frames, DONE),
        renderer,
        begun=first,
        headers=run_headers(first),
        engine=house.settings.engine,
    )


def poll_headers(run: ThreadRun, *, now: int) -> Headers:
    """When to ask for a run again."""
    wait = YOUNG_POLL_MS if now - run.created_at < YOUNG_SECONDS else POLL_MS
    return [(POLL_HEADER, str(wait).encode())]
