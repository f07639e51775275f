"""The routes that begin runs on threads."""

from __future__ import annotations

from typing import Any

import msgspec
from litestar import Request, post
from litestar.types import ASGIApp
from msgspec import structs

from service.dialects.assistants.messages import equipped, read_messages
from service.dialects.assistants.read import Assistant, read_run
from service.dialects.assistants.tools import read_resources
from service.dialects.validation import checked_metadata
from service.engine.threads import NewRun
from service.http.agent_pages import is_whole
from service.http.assistants.common import (
    RUNS,
    allow_storing,
    body_of,
    check_include,
    find_thread,
    missing,
    require_named_files,
    speaks_v2,
)
from service.http.assistants.streams import answer_begun
from service.http.assistants.threads import read_thread
from service.http.begin import caller_of
from service.http.house import House, house_of, key_of
from service.ids import new_id
from service.store.ports import KeyRecord
from specs.openai import assistants_runs as wire
from specs.openai.assistants_common import IncludeQuery
from specs.openai.assistants_events import RUN_STREAM, THREAD_STREAM
from specs.openai.assistants_threads import NewThread
from specs.threads import Thread, ThreadMessage

_run = msgspec.json.Decoder(wire.NewRunBody)
_both = msgspec.json.Decoder(wire.NewThreadAndRun)
_EXAMPLE = {"assistant_id": "agent_demo"}


@post(
    "/threads/{thread_id:str}/runs",
    opt={
        **RUNS,
        "body": wire.NewRunBody,
        "query": IncludeQuery,
        "answer": wire.RunObject,
        "stream": RUN_STREAM,
        "example": _EXAMPLE,
    },
    guards=[speaks_v2],
    status_code=200,
    operation_id="createRun",
    summary="Run an assistant on a thread",
    tags=["Runs"],
)
async def create_run(request: Request[Any, Any, Any], thread_id: str) -> ASGIApp:
    """Run an assistant on a thread, the only run on it until it ends; streamed, the answer follows it."""
    check_include(request)
    house, key = house_of(request), key_of(request)
    asked = await body_of(request, _run)
    thread = await find_thread(request, thread_id)
    allow_storing(house, key)
    new = await _new_run(house, key, asked, thread.id)
    messages = await _additional(house, key, asked, thread)
    resources = equipped(thread.tool_resources, messages, param="additional_messages")
    begun = await house.threads.begin(structs.replace(new, messages=messages), caller_of(key))
    if resources != thread.tool_resources:
        await house.threads.threads.equip(thread.project, thread.id, resources)
    return await answer_begun(request, begun, stream=bool(asked.stream))


@post(
    "/threads/runs",
    opt={
        **RUNS,
        "body": wire.NewThreadAndRun,
        "answer": wire.RunObject,
        "stream": THREAD_STREAM,
        "example": {**_EXAMPLE, "thread": {"messages": [{"role": "user", "content": "Hello!"}]}},
    },
    guards=[speaks_v2],
    status_code=200,
    operation_id="createThreadAndRun",
    summary="Make a thread and run an assistant on it",
    tags=["Runs"],
)
async def create_thread_and_run(request: Request[Any, Any, Any]) -> ASGIApp:
    """Make a thread and run an assistant on it; streamed, the answer begins with the thread."""
    house, key = house_of(request), key_of(request)
    asked = await body_of(request, _both)
    read = await read_thread(house, key, asked.thread or NewThread(), at="thread.")
    warnings = list(read.warnings)
    thread = read.thread
    if asked.tool_resources is not None:
        resources = read_resources(asked.tool_resources, warnings)
        await require_named_files(house, key, resources)
        thread = structs.replace(thread, tool_resources=equipped(resources, read.messages, param="thread"))
    new = await _new_run(house, key, asked, thread.id)
    new = structs.replace(new, terms=structs.replace(new.terms, warnings=(*new.terms.warnings, *warnings)))
    await house.threads.threads.create(thread, read.messages)
    begun = await house.threads.begin(new, caller_of(key))
    return await answer_begun(request, begun, stream=bool(asked.stream), thread=thread)


async def find_assistant(house: House, key: KeyRecord, name: str) -> Assistant:
    """The assistant that a name means for this key: also an agent, by its id or an alias.

    Raises NotFound.
    """
    agent = await house.agents.load(name, key)
    if agent is None:
        raise missing("assistant", name, param="assistant_id")
    known = await house.agents.get(agent.id, key)
    if known is None:
        return Assistant(agent, agent.model, shows=False)
    model = known.agent.model if known.agent.version == agent.version else agent.model
    return Assistant(agent, model, shows=is_whole(known, key))


async def _new_run(house: House, key: KeyRecord, asked: wire.RunSettings, thread: str) -> NewRun:
    assistant = await find_assistant(house, key, asked.assistant_id)
    read = read_run(asked, assistant, find_model=lambda name: house.agents.model_of(name, key.project_name))
    return NewRun(
        project=key.project,
        thread=thread,
        assistant=asked.assistant_id,
        terms=read.terms,
        echo=read.echo,
        metadata=checked_metadata(asked.metadata),
    )


async def _additional(
    house: House, key: KeyRecord, asked: wire.NewRunBody, thread: Thread
) -> tuple[ThreadMessage, ...]:
    """The messages to be added first."""
    read = read_messages(
        asked.additional_messages,
        thread=thread.id,
        now=house.threads.now(),
        new_id=new_id,
        at="additional_messages",
    )
    await require_named_files(house, key, None, [place for each in read for place in each.files])
    return tuple(each.message for each in read)
