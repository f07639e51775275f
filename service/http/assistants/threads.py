"""The routes of threads."""

from __future__ import annotations

from typing import Any

import msgspec
from litestar import Request, delete, get, post
from litestar.types import ASGIApp
from msgspec import Struct, UnsetType

from service.dialects.assistants.messages import equipped, read_messages
from service.dialects.assistants.objects import ends_of, thread_to_wire
from service.dialects.assistants.tools import read_resources
from service.dialects.validation import checked_metadata
from service.engine.threads import thread_missing
from service.http.answers import json_answer
from service.http.assistants.common import (
    THREADS,
    allow_storing,
    body_of,
    body_or,
    find_thread,
    metadata_of,
    no_such_place,
    require_named_files,
    speaks_v2,
    stretch_of,
    told,
)
from service.http.house import House, house_of, key_of
from service.ids import new_id
from service.store.ports import KeyRecord
from specs.openai import assistants_threads as wire
from specs.openai.assistants_common import ListObjects
from specs.threads import Thread, ThreadMessage

_create = msgspec.json.Decoder(wire.NewThread)
_update = msgspec.json.Decoder(wire.UpdateThread)


class ReadThread(Struct, frozen=True):
    """A thread as it is asked for."""

    thread: Thread
    messages: tuple[ThreadMessage, ...]
    warnings: tuple[str, ...]


@post(
    "/threads",
    opt={**THREADS, "body": wire.NewThread, "answer": wire.ThreadObject},
    guards=[speaks_v2],
    status_code=200,
    operation_id="createThread",
    summary="Make a thread",
    tags=["Threads"],
)
async def create_thread(request: Request[Any, Any, Any]) -> ASGIApp:
    """Make a thread; `messages` are what it begins with."""
    house, key = house_of(request), key_of(request)
    read = await read_thread(house, key, await body_or(request, _create, wire.NewThread()))
    await house.threads.threads.create(read.thread, read.messages)
    return told(thread_to_wire(read.thread), read.warnings)


@get(
    "/threads",
    opt={**THREADS, "query": ListObjects, "answer": wire.ThreadList},
    guards=[speaks_v2],
    operation_id="listThreads",
    summary="List threads",
    tags=["Threads"],
)
async def list_threads(request: Request[Any, Any, Any]) -> ASGIApp:
    """The threads of the key's project, newest first unless asked otherwise; OpenAI's API has none such."""
    stretch = stretch_of(request)
    page = await house_of(request).threads.threads.page(key_of(request).project, stretch)
    if page is None:
        raise no_such_place(stretch)
    first, last = ends_of([thread.id for thread in page.data])
    return json_answer(wire.ThreadList(tuple(map(thread_to_wire, page.data)), first, last, page.has_more))


@get(
    "/threads/{thread_id:str}",
    opt={**THREADS, "answer": wire.ThreadObject},
    guards=[speaks_v2],
    operation_id="retrieveThread",
    summary="Show a thread",
    tags=["Threads"],
)
async def retrieve_thread(request: Request[Any, Any, Any], thread_id: str) -> ASGIApp:
    """A thread of the key's project, without its messages."""
    return json_answer(thread_to_wire(await find_thread(request, thread_id)))


@post(
    "/threads/{thread_id:str}",
    opt={**THREADS, "body": wire.UpdateThread, "answer": wire.ThreadObject},
    guards=[speaks_v2],
    status_code=200,
    operation_id="modifyThread",
    summary="Change a thread",
    tags=["Threads"],
)
async def modify_thread(request: Request[Any, Any, Any], thread_id: str) -> ASGIApp:
    """Replace the metadata of a thread, or what its tools work on. What is left out stays."""
    house, key = house_of(request), key_of(request)
    asked = await body_of(request, _update)
    found = await find_thread(request, thread_id)
    warnings: list[str] = []
    if not isinstance(asked.tool_resources, UnsetType):
        resources = read_resources(asked.tool_resources, warnings)
        await require_named_files(house, key, resources)
        await house.threads.threads.equip(found.project, found.id, resources)
    if not isinstance(asked.metadata, UnsetType):
        metadata = metadata_of(asked.metadata, found.metadata)
        await house.threads.threads.describe(found.project, found.id, metadata)
    return told(thread_to_wire(await find_thread(request, thread_id)), warnings)


@delete(
    "/threads/{thread_id:str}",
    opt={**THREADS, "answer": wire.ThreadDeleted},
    guards=[speaks_v2],
    status_code=200,
    operation_id="deleteThread",
    summary="Delete a thread",
    tags=["Threads"],
)
async def delete_thread(request: Request[Any, Any, Any], thread_id: str) -> ASGIApp:
    """Forget a thread with its messages, its runs and their steps. A run on it is stopped first."""
    if not await house_of(request).threads.delete(key_of(request).project, thread_id):
        raise thread_missing(thread_id)
    return json_answer(wire.ThreadDeleted(thread_id))


async def read_thread(house: House, key: KeyRecord, asked: wire.NewThread, *, at: str = "") -> ReadThread:
    """Read a thread to be made; `at` is where in the body it stands, with a dot behind it.

    Raises PermissionDenied, InvalidRequest, NotFound.
    """
    allow_storing(house, key)
    warnings: list[str] = []
    id, now = new_id("thread"), house.threads.now()
    metadata = checked_metadata(asked.metadata, param=f"{at}metadata")
    read = read_messages(asked.messages, thread=id, now=now, new_id=new_id, at=f"{at}messages")
    messages = tuple(each.message for each in read)
    resources = read_resources(asked.tool_resources, warnings)
    places = [place for each in read for place in each.files]
    await require_named_files(house, key, resources, places)
    resources = equipped(resources, messages, param=f"{at}messages")
    return ReadThread(Thread(id, key.project, metadata, resources, now), messages, tuple(warnings))
