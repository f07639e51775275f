"""Responses made in the background: begun, shown while they go on, followed, cancelled."""

from __future__ import annotations

from typing import Any

import msgspec
from litestar import Request, post
from litestar.types import ASGIApp
from msgspec import Struct

from service.dialects.base import Reading, StreamRenderer
from service.dialects.responses import ResponsesDialect
from service.dialects.responses.kept import kept_response
from service.dialects.responses.spelling import Spelling
from service.engine.run import first_events
from service.http.answers import JSONAnswer, json_answer
from service.http.begin import PreparedRun, admit_run, allow_state
from service.http.headers import run_headers
from service.http.house import House, house_of, key_of
from service.http.spellings import responses_dialect
from service.http.stream import EventStream
from service.ids import response_id
from service.store.state_records import KeptResponse
from specs.errors import InvalidRequest, NotFound
from specs.events import Event
from specs.openai.response_events import ResponseState
from specs.openai.responses import Response

UNFINISHED = ("queued", "in_progress")


async def begin_in_background(
    request: Request[Any, Any, Any], reading: Reading, dialect: ResponsesDialect
) -> ASGIApp:
    """Write a run down and let it begin; the answer says that it is queued, or follows it.

    Raises DragomanError.
    """
    house, key = house_of(request), key_of(request)
    if not allow_state(house, key, reading).state.store:
        raise InvalidRequest(
            "background: what is made in the background is stored, and storing is off here.",
            param="background",
        )
    async with PreparedRun(house, key, reading) as (reading, prepared):
        run = admit_run(house, key, reading, dialect, prepared)
        echo = dialect.echo(reading)
        await house.background.submit(run, prepared, key=key.id, echo=echo)
    request.scope["state"]["run"] = run
    request.scope["state"]["begun"] = True
    if reading.stream:
        return await follow(request, run.id, echo=echo, dialect=dialect)
    events = first_events(run)
    (created, *_) = dialect.renderer_again(echo).feed(events)
    assert isinstance(created, ResponseState)
    return JSONAnswer(msgspec.json.encode(created.response), headers=run_headers(events))


async def follow(
    request: Request[Any, Any, Any],
    run: str,
    *,
    echo: str,
    dialect: ResponsesDialect,
    after: int = -1,
    padded: bool | None = None,
) -> ASGIApp:
    """Send a run's log from its wire event after `after` on, and what is added to it."""
    house = house_of(request)
    follower = house.background.follow(run)
    try:
        begun = await follower.next()
    except BaseException:
        follower.leave()
        raise
    renderer = After(dialect.renderer_again(echo, padded=padded), after)
    return EventStream(
        follower,
        dialect,
        renderer,
        begun=begun,
        headers=run_headers(begun),
        engine=house.settings.engine,
    )


class After:
    """A renderer that shows only what comes after a sequence number: to resume is to replay and drop."""

    def __init__(self, renderer: StreamRenderer, after: int) -> None:
        self._renderer = renderer
        self._after = after

    def feed(self, events: list[Event]) -> list[Struct]:
        """Give the wire events for a batch, without those the reader has."""
        after = self._after
        return [event for event in self._renderer.feed(events) if event.sequence_number > after]  # type: ignore[attr-defined]


@post(
    "/responses/{response_id:str}/cancel",
    opt={"scope": "inference", "answer": Response},
    status_code=200,
    operation_id="cancelResponse",
    summary="Cancel a response made in the background",
    tags=["Inference"],
)
async def cancel_response(request: Request[Any, Any, Any], response_id: str) -> ASGIApp:
    """End a response made in the background; what was received is kept and charged. One that has ended
    stays as it is."""
    house, project = house_of(request), key_of(request).project
    kept = await find_kept(house, project, response_id)
    dialect = responses_dialect(request)
    if not dialect.is_background(kept.row.echo):
        raise InvalidRequest("Only a response made in the background can be cancelled.", param="response_id")
    if kept.row.status in UNFINISHED:
        await house.background.cancel(kept.row.run)
        kept = await find_kept(house, project, response_id)
    spelling = dialect.spelling_for(kept.row.agent)
    return json_answer(await shown(house, kept, include=frozenset(), spelling=spelling))


async def find_kept(house: House, project: str, id: str) -> KeptResponse:
    """A response as it is stored.

    Raises NotFound.
    """
    kept = await house.state.responses.get(project, id, now=house.state.now())
    if kept is None:
        raise response_missing()
    return kept


def response_missing() -> NotFound:
    """No such response for this key."""
    return NotFound("No such response is stored here.", param="response_id")


async def shown(house: House, kept: KeptResponse, *, include: frozenset[str], spelling: Spelling) -> Response:
    """A stored response as it is now; of one that goes on, the output so far."""
    row, output = kept.row, kept.output
    if row.status in UNFINISHED:
        output = await house.background.output(row.run)
    return kept_response(
        began=row.began,
        ended=row.ended,
        echo=row.echo,
        status=row.status,  # type: ignore[arg-type]
        output=output,
        usage=kept.usage,
        include=include,
        spelling=spelling,
    )


async def end_here(house: House, project: str, id: str) -> None:
    """End the run of a response that is about to be deleted."""
    found = await house.background.store.state(project, id)
    if found is not None and found[1] != "ended":
        await house.background.cancel(found[0])


async def follow_stored(
    request: Request[Any, Any, Any], id: str, *, after: int, padded: bool | None
) -> ASGIApp:
    """Send the log of a stored response.

    Raises NotFound, InvalidRequest where it has none.
    """
    house, project = house_of(request), key_of(request).project
    row = await house.state.responses.row(project, id, now=house.state.now())
    if row is None:
        raise response_missing()
    dialect = responses_dialect(request)
    if not dialect.is_background(row.echo):
        raise InvalidRequest(
            "stream: only a response made in the background can be followed.", param="stream"
        )
    if await house.background.store.state(project, response_id(row.run)) is None:
        raise InvalidRequest("stream: the events of this response are no longer kept.", param="stream")
    return await follow(request, row.run, echo=row.echo, dialect=dialect, after=after, padded=padded)
