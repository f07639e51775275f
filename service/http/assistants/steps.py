"""The routes of a run's steps."""

from __future__ import annotations

from typing import Any

from litestar import Request, get
from litestar.types import ASGIApp

from service.dialects.assistants.objects import ends_of, step_to_wire
from service.http.answers import json_answer
from service.http.assistants.common import (
    THREADS,
    check_include,
    missing,
    no_such_place,
    speaks_v2,
    stretch_of,
)
from service.http.assistants.going import all_steps
from service.http.assistants.runs import find_run
from service.http.house import house_of
from service.store.thread_ports import Listed, Stretch
from specs.openai import assistants_runs as wire
from specs.openai.assistants_common import IncludeQuery, ListSteps
from specs.threads import Step


@get(
    "/threads/{thread_id:str}/runs/{run_id:str}/steps",
    opt={**THREADS, "query": ListSteps, "answer": wire.StepList},
    guards=[speaks_v2],
    operation_id="listRunSteps",
    summary="List the steps of a run",
    tags=["Runs"],
)
async def list_run_steps(request: Request[Any, Any, Any], thread_id: str, run_id: str) -> ASGIApp:
    """What a run did so far, newest first unless asked otherwise."""
    check_include(request)
    stretch = stretch_of(request)
    run = await find_run(request, thread_id, run_id)
    page = stretch_steps(await all_steps(house_of(request).threads, run), stretch)
    if page is None:
        raise no_such_place(stretch)
    first, last = ends_of([step.id for step in page.data])
    data = tuple(step_to_wire(step, run) for step in page.data)
    return json_answer(wire.StepList(data, first, last, page.has_more))


@get(
    "/threads/{thread_id:str}/runs/{run_id:str}/steps/{step_id:str}",
    opt={**THREADS, "query": IncludeQuery, "answer": wire.StepObject},
    guards=[speaks_v2],
    operation_id="retrieveRunStep",
    summary="Show a step of a run",
    tags=["Runs"],
)
async def retrieve_run_step(
    request: Request[Any, Any, Any], thread_id: str, run_id: str, step_id: str
) -> ASGIApp:
    """One thing that a run did."""
    check_include(request)
    run = await find_run(request, thread_id, run_id)
    for step in await all_steps(house_of(request).threads, run):
        if step.id == step_id:
            return json_answer(step_to_wire(step, run))
    raise missing("run step", step_id, param="step_id")


def stretch_steps(steps: tuple[Step, ...], asked: Stretch) -> Listed[Step] | None:
    """The part of these steps, oldest first, that is asked for; None where the place is that of none."""
    ordered = steps if asked.order == "asc" else tuple(reversed(steps))
    ids = [step.id for step in ordered]
    if any(id is not None and id not in ids for id in (asked.after, asked.before)):
        return None
    begin = 0 if asked.after is None else ids.index(asked.after) + 1
    end = len(ids) if asked.before is None else ids.index(asked.before)
    part = ordered[begin:end]
    if asked.before is not None and asked.after is None:
        return Listed(part[-asked.limit :], len(part) > asked.limit)
    return Listed(part[: asked.limit], len(part) > asked.limit)
