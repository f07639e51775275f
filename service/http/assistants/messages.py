"""The routes of a thread's messages."""

from __future__ import annotations

from typing import Any

import msgspec
from litestar import Request, delete, get, post
from litestar.types import ASGIApp
from msgspec import structs

from service.dialects.assistants.messages import equipped, message_to_wire, read_message
from service.dialects.assistants.objects import ends_of
from service.engine.threads import thread_missing
from service.http.answers import json_answer
from service.http.assistants.common import (
    MESSAGES,
    THREADS,
    allow_storing,
    body_of,
    find_thread,
    metadata_of,
    missing,
    no_such_place,
    require_named_files,
    speaks_v2,
    stretch_of,
)
from service.http.assistants.going import live_messages, message_page
from service.http.house import house_of, key_of
from service.ids import new_id
from specs.errors import InvalidRequest
from specs.openai import assistants_threads as wire
from specs.threads import ThreadMessage

_create = msgspec.json.Decoder(wire.NewMessage)
_update = msgspec.json.Decoder(wire.UpdateMetadata)


@post(
    "/threads/{thread_id:str}/messages",
    opt={**MESSAGES, "body": wire.NewMessage, "answer": wire.MessageObject},
    guards=[speaks_v2],
    status_code=200,
    operation_id="createThreadMessage",
    summary="Add a message to a thread",
    tags=["Threads"],
)
async def create_thread_message(request: Request[Any, Any, Any], thread_id: str) -> ASGIApp:
    """Add a message at the end of a thread; while a run is active on it that is refused."""
    house, key = house_of(request), key_of(request)
    asked = await body_of(request, _create)
    thread = await find_thread(request, thread_id)
    allow_storing(house, key)
    read = read_message(asked, thread=thread.id, now=house.threads.now(), new_id=new_id)
    await require_named_files(house, key, None, read.files)
    resources = equipped(thread.tool_resources, [read.message], param="attachments")
    changed = resources if resources != thread.tool_resources else None
    if not await house.threads.messages.add(key.project, read.message, changed):
        raise thread_missing(thread_id)
    return json_answer(message_to_wire(read.message))


@get(
    "/threads/{thread_id:str}/messages",
    opt={**THREADS, "query": wire.ListMessages, "answer": wire.MessageList},
    guards=[speaks_v2],
    operation_id="listThreadMessages",
    summary="List the messages of a thread",
    tags=["Threads"],
)
async def list_thread_messages(request: Request[Any, Any, Any], thread_id: str) -> ASGIApp:
    """The messages of a thread, newest first unless asked otherwise; `run_id` keeps to those of one run."""
    stretch = stretch_of(request)
    thread = await find_thread(request, thread_id)
    run = request.query_params.get("run_id") or None
    page = await message_page(house_of(request).threads, thread, stretch, run=run)
    if page is None:
        raise no_such_place(stretch)
    data = tuple(map(message_to_wire, page.data))
    first, last = ends_of([message.id for message in data])
    return json_answer(wire.MessageList(data, first, last, page.has_more))


@get(
    "/threads/{thread_id:str}/messages/{message_id:str}",
    opt={**THREADS, "answer": wire.MessageObject},
    guards=[speaks_v2],
    operation_id="retrieveThreadMessage",
    summary="Show a message of a thread",
    tags=["Threads"],
)
async def retrieve_thread_message(
    request: Request[Any, Any, Any], thread_id: str, message_id: str
) -> ASGIApp:
    """One message of a thread, also while a run writes it."""
    return json_answer(message_to_wire(await _find(request, thread_id, message_id)))


@post(
    "/threads/{thread_id:str}/messages/{message_id:str}",
    opt={**THREADS, "body": wire.UpdateMetadata, "answer": wire.MessageObject},
    guards=[speaks_v2],
    status_code=200,
    operation_id="modifyThreadMessage",
    summary="Change a message's metadata",
    tags=["Threads"],
)
async def modify_thread_message(request: Request[Any, Any, Any], thread_id: str, message_id: str) -> ASGIApp:
    """Replace the metadata of a message."""
    asked = await body_of(request, _update)
    found = await _find(request, thread_id, message_id)
    changed = structs.replace(found, metadata=metadata_of(asked.metadata, found.metadata))
    if found.ended_at is None:
        raise InvalidRequest("This message is still being written.", param="message_id")
    await house_of(request).threads.messages.describe(key_of(request).project, changed)
    return json_answer(message_to_wire(changed))


@delete(
    "/threads/{thread_id:str}/messages/{message_id:str}",
    opt={**THREADS, "answer": wire.MessageDeleted},
    guards=[speaks_v2],
    status_code=200,
    operation_id="deleteThreadMessage",
    summary="Delete a message of a thread",
    tags=["Threads"],
)
async def delete_thread_message(request: Request[Any, Any, Any], thread_id: str, message_id: str) -> ASGIApp:
    """Take a message out of a thread; while a run is active on it that is refused."""
    desk = house_of(request).threads
    found = await find_thread(request, thread_id)
    if not await desk.messages.delete(found.project, thread_id, message_id, now=desk.now()):
        raise missing("message", message_id, param="message_id")
    return json_answer(wire.MessageDeleted(message_id))


async def _find(request: Request[Any, Any, Any], thread_id: str, message_id: str) -> ThreadMessage:
    thread = await find_thread(request, thread_id)
    desk = house_of(request).threads
    found = await desk.messages.get(thread.project, thread.id, message_id)
    if found is None:
        going = await live_messages(desk, thread)
        found = next((message for message in going if message.item.id == message_id), None)
    if found is None:
        raise missing("message", message_id, param="message_id")
    return found
