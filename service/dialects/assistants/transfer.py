"""A thread from JSON Lines: what was exported here, or kept of another service."""

from __future__ import annotations

import msgspec
from msgspec import Struct, structs

from service.dialects.assistants.messages import ReadMessage, read_message
from service.dialects.assistants.tools import read_resources
from service.dialects.base import NewId
from service.dialects.validation import checked_metadata, decode
from specs.agents import ToolResources
from specs.errors import InvalidRequest
from specs.openai import assistants_threads as wire
from specs.requests import FilePlace
from specs.threads import ThreadMessage

JSON_LINES = "application/jsonl"
MOST_LINES = 20_000

_line = msgspec.json.Decoder(wire.ImportedLine)


class ReadLines(Struct, frozen=True):
    """A thread that was read."""

    metadata: dict[str, str]
    resources: ToolResources | None
    messages: tuple[ThreadMessage, ...]
    files: tuple[FilePlace, ...]


def read_lines(body: bytes, *, thread: str, now: int, new_id: NewId) -> ReadLines:
    """Read a thread; what is wrong is named by its line.

    Raises InvalidRequest.
    """
    lines = [line for line in body.split(b"\n") if line.strip()]
    if not 1 <= len(lines) <= MOST_LINES:
        raise InvalidRequest(f"The body must have from 1 to {MOST_LINES:,} lines; it has {len(lines)}.")
    metadata: dict[str, str] = {}
    resources: ToolResources | None = None
    messages: list[ThreadMessage] = []
    files: list[FilePlace] = []
    for number, line in enumerate(lines, 1):
        try:
            read = decode(line, _line)
            if number == 1 and read.object == "thread":
                metadata = checked_metadata(read.metadata)
                resources = read_resources(read.tool_resources, [])
                continue
            message = _message(read, number, thread=thread, now=now, new_id=new_id)
        except InvalidRequest as error:
            raise InvalidRequest(f"line {number}: {error.message}", param=f"line {number}") from error
        messages.append(message.message)
        files += message.files
    return ReadLines(metadata, resources, tuple(messages), tuple(files))


def _message(read: wire.ImportedLine, number: int, *, thread: str, now: int, new_id: NewId) -> ReadMessage:
    if read.role is None or read.content is None:
        raise InvalidRequest("expected a message with 'role' and 'content'.")
    asked = wire.NewMessage(read.role, _content(read.content), read.attachments, read.metadata)
    found = read_message(asked, thread=thread, now=now, new_id=new_id)
    at = now if read.created_at is None else min(read.created_at, now)
    assistant = read.assistant_id if isinstance(read.assistant_id, str) else None
    message = structs.replace(found.message, created_at=at, ended_at=at, assistant=assistant)
    files = tuple(FilePlace(place.id, f"line {number}: {place.param}") for place in found.files)
    return ReadMessage(message, files)


def _content(content: str | list[wire.ImportedPart]) -> str | list[wire.NewPart]:
    if isinstance(content, str):
        return content
    return [_part(part) for part in content]


def _part(part: wire.ImportedPart) -> wire.NewPart:
    """A part as it is sent, of one as it is shown: a text is an object there."""
    match part:
        case wire.ImportedText(text=wire.ImportedValue(value=text)) | wire.ImportedText(text=str(text)):
            return wire.NewText(text)
        case wire.RefusalContent(refusal=text):
            return wire.NewText(text)
        case _:
            return part  # type: ignore[return-value]
