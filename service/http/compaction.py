"""The route that compacts a context to a summary the agent's own model writes."""

from __future__ import annotations

from typing import Any

import msgspec
from litestar import Request, post
from litestar.types import ASGIApp

from service.dialects.responses.compaction import compacted, read_compact
from service.engine.compact import summariser, summarising, summary_of
from service.engine.media import require_files
from service.engine.run import Run
from service.http.answers import JSONAnswer, require_json
from service.http.begin import caller_of, load_agent
from service.http.headers import failure_headers, run_headers
from service.http.house import House, house_of, key_of
from service.http.protocol import Connection
from service.http.reading import read_body
from service.http.spellings import spelled_error
from service.ids import new_id, response_id
from service.store.ports import KeyRecord
from specs.errors import ClientGone, CompactionFailed
from specs.events import RunEnded, StepStarted
from specs.fold import fold
from specs.openai.compaction import CompactedResponse, CompactRequest

API = "compact"
"""What the books call these runs."""


@post(
    "/responses/compact",
    opt={
        "scope": "inference",
        "limit": "requests",
        "body": CompactRequest,
        "answer": CompactedResponse,
        "example": {"model": "agent_demo", "input": "Hello!"},
    },
    status_code=200,
    operation_id="compactResponse",
    summary="Compact a context to a summary",
    tags=["Inference"],
)
async def compact_response(request: Request[Any, Any, Any]) -> ASGIApp:
    """Summarise a context with the agent's own model; charged like any run.

    Give `output` back unchanged as the first items of a new chain, without `previous_response_id`.
    """
    house, key = house_of(request), key_of(request)
    require_json(request)
    run = await _begin(house, key, await request.body())
    request.scope["state"]["run"] = run
    connection: Connection = request.scope["state"]["connection"]
    if "recorder" not in request.scope["state"]:  # else the answer is wanted, if not now then by a retry
        connection.on_gone = run.leave
    events = await run.events.rest()
    request.scope["state"]["begun"] = any(type(event) is StepStarted for event in events)
    ended = events[-1] if events else None
    if not isinstance(ended, RunEnded):
        raise ClientGone
    if ended.error is not None:
        body = msgspec.json.encode(spelled_error(request, ended.error))
        return JSONAnswer(body, status=ended.error.status, headers=failure_headers(ended.error))
    answer = _answer(house, key, run, ended, summary_of(fold(events).items))
    return JSONAnswer(msgspec.json.encode(answer), headers=run_headers(events))


async def _begin(house: House, key: KeyRecord, body: bytes) -> Run:
    """Load the context and start the run that summarises it; nothing of it is kept.

    Raises DragomanError.
    """
    reading = await read_body(body, read_compact)
    await require_files(house.archive, reading.files, project=key.project)
    prepared = await house.state.prepare(reading.request, reading.state, project=key.project)
    agent = await load_agent(house, key, prepared.request.agent)
    return house.runs.start(
        summarising(prepared.request),
        agent=summariser(agent),
        caller=caller_of(key),
        api=API,
        id=prepared.run,
    )


def _answer(house: House, key: KeyRecord, run: Run, ended: RunEnded, summary: str) -> CompactedResponse:
    """Seal what the model wrote; half a summary is none.

    Raises CompactionFailed where there is no whole one.
    """
    if ended.status != "completed" or not summary:
        raise CompactionFailed
    sealed = house.state.compactions.seal(summary, project=key.project)
    return compacted(response_id(run.id), sealed, created_at=run.created_at, usage=ended.usage, new_id=new_id)
