"""The routes that find and change runs on threads."""

from __future__ import annotations

from typing import Any

import msgspec
from litestar import Request, get, post
from litestar.types import ASGIApp
from msgspec import structs

from service.dialects.assistants.objects import ends_of, run_to_wire
from service.engine.outputs import require_outputs
from service.http.answers import JSONAnswer, json_answer
from service.http.assistants.common import (
    RUNS,
    THREADS,
    body_of,
    find_thread,
    metadata_of,
    missing,
    no_such_place,
    speaks_v2,
    stretch_of,
)
from service.http.assistants.streams import answer_begun, poll_headers
from service.http.begin import caller_of
from service.http.house import house_of, key_of
from service.store.ports import KeyRecord
from specs.errors import InvalidRequest
from specs.openai import assistants_runs as wire
from specs.openai.assistants_common import ListObjects
from specs.openai.assistants_events import RUN_STREAM
from specs.openai.assistants_threads import UpdateMetadata
from specs.threads import ThreadRun

_update = msgspec.json.Decoder(UpdateMetadata)
_outputs = msgspec.json.Decoder(wire.SubmitOutputs)


@get(
    "/threads/{thread_id:str}/runs",
    opt={**THREADS, "query": ListObjects, "answer": wire.RunList},
    guards=[speaks_v2],
    operation_id="listRuns",
    summary="List the runs on a thread",
    tags=["Runs"],
)
async def list_runs(request: Request[Any, Any, Any], thread_id: str) -> ASGIApp:
    """The runs on a thread, newest first unless asked otherwise."""
    stretch = stretch_of(request)
    thread = await find_thread(request, thread_id)
    page = await house_of(request).threads.runs.page(thread.project, thread.id, stretch)
    if page is None:
        raise no_such_place(stretch)
    first, last = ends_of([run.id for run in page.data])
    return json_answer(wire.RunList(tuple(map(run_to_wire, page.data)), first, last, page.has_more))


@get(
    "/threads/{thread_id:str}/runs/{run_id:str}",
    opt={**THREADS, "answer": wire.RunObject},
    guards=[speaks_v2],
    operation_id="retrieveRun",
    summary="Show a run",
    tags=["Runs"],
)
async def retrieve_run(request: Request[Any, Any, Any], thread_id: str, run_id: str) -> ASGIApp:
    """A run as it stands; the header `openai-poll-after-ms` says when to ask again."""
    run = await find_run(request, thread_id, run_id)
    headers = poll_headers(run, now=house_of(request).threads.now())
    return JSONAnswer(msgspec.json.encode(run_to_wire(run)), headers=headers)


@post(
    "/threads/{thread_id:str}/runs/{run_id:str}",
    opt={**THREADS, "body": UpdateMetadata, "answer": wire.RunObject},
    guards=[speaks_v2],
    status_code=200,
    operation_id="modifyRun",
    summary="Change a run's metadata",
    tags=["Runs"],
)
async def modify_run(request: Request[Any, Any, Any], thread_id: str, run_id: str) -> ASGIApp:
    """Replace the metadata of a run."""
    asked = await body_of(request, _update)
    run = await find_run(request, thread_id, run_id)
    metadata = metadata_of(asked.metadata, run.metadata)
    await house_of(request).threads.runs.describe(run.project, run.thread, run.id, metadata)
    return json_answer(run_to_wire(structs.replace(run, metadata=metadata)))


@post(
    "/threads/{thread_id:str}/runs/{run_id:str}/cancel",
    opt={**THREADS, "answer": wire.RunObject},
    guards=[speaks_v2],
    status_code=200,
    operation_id="cancelRun",
    summary="Cancel a run",
    tags=["Runs"],
)
async def cancel_run(request: Request[Any, Any, Any], thread_id: str, run_id: str) -> ASGIApp:
    """Want a run no more. What was received is kept and charged; it will be `cancelled`."""
    run = await find_run(request, thread_id, run_id)
    if not await house_of(request).threads.cancel(run):
        found = await find_run(request, thread_id, run_id)
        raise InvalidRequest(f"Cannot cancel run with status {found.status!r}.", param="run_id")
    return json_answer(run_to_wire(structs.replace(run, status="cancelling", held=())))


@post(
    "/threads/{thread_id:str}/runs/{run_id:str}/submit_tool_outputs",
    opt={**RUNS, "body": wire.SubmitOutputs, "answer": wire.RunObject, "stream": RUN_STREAM},
    guards=[speaks_v2],
    status_code=200,
    operation_id="submitToolOutputs",
    summary="Give a run what its calls came to",
    tags=["Runs"],
)
async def submit_tool_outputs(request: Request[Any, Any, Any], thread_id: str, run_id: str) -> ASGIApp:
    """Let a run in `requires_action` go on: every call it waits for is answered, once."""
    asked = await body_of(request, _outputs)
    run = await find_run(request, thread_id, run_id)
    outputs = read_outputs(asked)
    if run.status != "requires_action":
        raise InvalidRequest(f"Runs in status {run.status!r} do not accept tool outputs.", param="run_id")
    require_outputs(run, [output.tool_call_id for output in asked.tool_outputs])
    require_allowed(key_of(request), run)
    begun = await house_of(request).threads.go_on(run, outputs, caller_of(key_of(request)))
    return await answer_begun(request, begun, stream=bool(asked.stream))


def require_allowed(key: KeyRecord, run: ThreadRun) -> None:
    """Refuse to go on with an agent that this key may not use.

    Raises NotFound.
    """
    agent = run.terms.agent
    names = {run.assistant, agent.id, *agent.aliases}
    if key.agents is not None and names.isdisjoint(key.agents):
        raise missing("assistant", run.assistant, param="run_id")


def read_outputs(asked: wire.SubmitOutputs) -> dict[str, str]:
    """What is given for each call.

    Raises InvalidRequest naming the field at fault.
    """
    for place, given in enumerate(asked.tool_outputs):
        size = len((given.output or "").encode())
        if size > wire.MAX_OUTPUT_BYTES:
            param = f"tool_outputs[{place}].output"
            raise InvalidRequest(
                f"{param} may have at most {wire.MAX_OUTPUT_BYTES} bytes; it has {size}.", param=param
            )
    return {given.tool_call_id: given.output or "" for given in asked.tool_outputs}


async def find_run(request: Request[Any, Any, Any], thread_id: str, run_id: str) -> ThreadRun:
    """A run on a thread of the key's project.

    Raises NotFound.
    """
    thread = await find_thread(request, thread_id)
    found = await house_of(request).threads.runs.get(thread.project, thread.id, run_id)
    if found is None:
        raise missing("run", run_id, param="run_id")
    return found
