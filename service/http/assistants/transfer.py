"""Threads as JSON Lines, out and in: the thread on the first line, then a message a line, oldest first."""

from __future__ import annotations

from typing import Any

import msgspec
from litestar import Request, get, post
from litestar.types import ASGIApp

from service.dialects.assistants.messages import equipped, message_to_wire
from service.dialects.assistants.objects import thread_to_wire
from service.dialects.assistants.transfer import JSON_LINES, read_lines
from service.http.answers import JSONAnswer, json_answer
from service.http.assistants.common import (
    THREADS,
    allow_storing,
    find_thread,
    require_named_files,
    speaks_v2,
)
from service.http.house import house_of, key_of
from service.ids import new_id
from service.store.thread_ports import Stretch
from specs.errors import UnsupportedMediaType
from specs.openai import assistants_threads as wire
from specs.threads import Thread

PAGE = 100
_encoder = msgspec.json.Encoder()


class LinesAnswer(JSONAnswer):
    """An ASGI answer with a JSON value a line."""

    def __init__(self, body: bytes) -> None:
        super().__init__(body)
        self.headers = [(b"content-type", JSON_LINES.encode()), *self.headers[1:]]


@get(
    "/threads/{thread_id:str}/export",
    opt={**THREADS, "answer": bytes},
    guards=[speaks_v2],
    operation_id="exportThread",
    summary="Export a thread as JSON Lines",
    tags=["Threads"],
)
async def export_thread(request: Request[Any, Any, Any], thread_id: str) -> ASGIApp:
    """The thread on the first line, then its messages, oldest first."""
    thread = await find_thread(request, thread_id)
    messages = house_of(request).threads.messages
    lines = [_encoder.encode(thread_to_wire(thread))]
    after: str | None = None
    while True:
        page = await messages.page(thread.project, thread.id, Stretch("asc", PAGE, after), run=None)
        if page is None or not page.data:
            break
        lines += [_encoder.encode(message_to_wire(message)) for message in page.data]
        after = page.data[-1].item.id
    return LinesAnswer(b"\n".join(lines) + b"\n")


@post(
    "/threads/import",
    opt={**THREADS, "body": wire.ImportedLine, "answer": wire.ThreadObject},
    guards=[speaks_v2],
    status_code=200,
    operation_id="importThread",
    summary="Import a thread from JSON Lines",
    tags=["Threads"],
)
async def import_thread(request: Request[Any, Any, Any]) -> ASGIApp:
    """Make a thread of an export's JSON Lines, under ids of its own: the first line may be the thread, every
    other is a message, oldest first. Times stay as they are; files have to be here."""
    house, key = house_of(request), key_of(request)
    allow_storing(house, key)
    _require_lines(request)
    id, now = new_id("thread"), house.threads.now()
    read = read_lines(await request.body(), thread=id, now=now, new_id=new_id)
    await require_named_files(house, key, read.resources, read.files)
    resources = equipped(read.resources, read.messages, param="attachments")
    thread = Thread(id, key.project, read.metadata, resources, now)
    await house.threads.threads.create(thread, read.messages)
    return json_answer(thread_to_wire(thread))


def _require_lines(request: Request[Any, Any, Any]) -> None:
    content_type = request.headers.get("content-type", "")
    media_type = content_type.partition(";")[0].strip().lower()
    if media_type not in (JSON_LINES, "application/x-ndjson", "application/x-jsonlines", "application/json"):
        raise UnsupportedMediaType(
            f"Content-Type: expected {JSON_LINES!r}, got {content_type[:100]!r}", param="Content-Type"
        )
