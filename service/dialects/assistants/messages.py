"""Messages of threads, from the wire and to it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import assert_never

from msgspec import Struct

from service.dialects.agents.tools import check_ids
from service.dialects.base import NewId
from service.dialects.validation import at_most, checked_metadata, shown
from specs.agents import ToolResources
from specs.errors import InvalidRequest
from specs.items import (
    Annotation,
    Audio,
    File,
    FileCitation,
    Image,
    Message,
    MessagePart,
    Refusal,
    Text,
    UrlCitation,
    Video,
)
from specs.openai import assistants_threads as wire
from specs.openai.agents import MAX_FILES
from specs.requests import FilePlace
from specs.threads import Attachment, ThreadMessage

_SCHEMES = ("https://", "http://", "data:")


class ReadMessage(Struct, frozen=True):
    """A message that was read, and the stored files it names."""

    message: ThreadMessage
    files: tuple[FilePlace, ...]


def read_message(
    asked: wire.NewMessage, *, thread: str, now: int, new_id: NewId, at: str = ""
) -> ReadMessage:
    """Read one message; `at` is where in the body it stands, with a dot behind it.

    Raises InvalidRequest naming the field at fault.
    """
    content, places = _content(asked.content, at)
    attachments = tuple(
        _attachment(attachment, f"{at}attachments[{index}]")
        for index, attachment in enumerate(asked.attachments or ())
    )
    if len(attachments) > wire.MOST_ATTACHMENTS:
        raise InvalidRequest(
            f"{at}attachments may have at most {wire.MOST_ATTACHMENTS} entries.", param=f"{at}attachments"
        )
    places += [
        FilePlace(attachment.file_id, f"{at}attachments[{index}].file_id")
        for index, attachment in enumerate(attachments)
    ]
    message = ThreadMessage(
        thread=thread,
        item=Message(new_id("msg"), asked.role, content),
        created_at=now,
        ended_at=now,
        attachments=attachments or None,
        metadata=checked_metadata(asked.metadata, param=f"{at}metadata"),
    )
    return ReadMessage(message, tuple(places))


def read_messages(
    asked: Sequence[wire.NewMessage] | None, *, thread: str, now: int, new_id: NewId, at: str
) -> list[ReadMessage]:
    """Read the messages of a list that stands at `at`.

    Raises InvalidRequest naming the field at fault.
    """
    if len(asked or ()) > wire.MOST_NEW_MESSAGES:
        raise InvalidRequest(
            f"{at} may have at most {wire.MOST_NEW_MESSAGES} entries; it has {len(asked or ())}.", param=at
        )
    return [
        read_message(each, thread=thread, now=now, new_id=new_id, at=f"{at}[{index}].")
        for index, each in enumerate(asked or ())
    ]


def _content(asked: str | list[wire.NewPart], at: str) -> tuple[tuple[MessagePart, ...], list[FilePlace]]:
    if isinstance(asked, str):
        return (_text(asked, f"{at}content"),), []
    if not 1 <= len(asked) <= wire.MOST_PARTS:
        raise InvalidRequest(
            f"{at}content must have from 1 to {wire.MOST_PARTS} parts; it has {len(asked)}.",
            param=f"{at}content",
        )
    places: list[FilePlace] = []
    parts = tuple(_part(part, f"{at}content[{index}]", places) for index, part in enumerate(asked))
    return parts, places


def _text(text: str, at: str) -> Text:
    if not text:
        raise InvalidRequest(f"{at}: message content must be non-empty.", param=at)
    at_most(text, 256_000, param=at)
    return Text(text)


def _part(part: wire.NewPart, at: str, places: list[FilePlace]) -> MessagePart:
    match part:
        case wire.NewText():
            return _text(part.text, f"{at}.text")
        case wire.ImageFilePart(image_file=image):
            check_ids((image.file_id,), 1, param=f"{at}.image_file.file_id")
            places.append(FilePlace(image.file_id, f"{at}.image_file.file_id"))
            return Image(file_id=image.file_id, detail=image.detail)
        case wire.ImageUrlPart(image_url=image):
            at = f"{at}.image_url.url"
            if not image.url.startswith(_SCHEMES):
                found = shown(image.url)
                raise InvalidRequest(f"{at} must be an http(s) or data: URL; got {found}.", param=at)
            return Image(image.url, detail=image.detail)
        case _:
            assert_never(part)


def _attachment(asked: wire.MessageAttachment, at: str) -> Attachment:
    check_ids((asked.file_id,), 1, param=f"{at}.file_id")
    tools = dict.fromkeys(
        "code_interpreter" if isinstance(tool, wire.ToCodeInterpreter) else "file_search"
        for tool in asked.tools or ()
    )
    return Attachment(asked.file_id, tuple(tools))  # type: ignore[arg-type]


def equipped(
    resources: ToolResources | None, messages: Sequence[ThreadMessage], *, param: str
) -> ToolResources | None:
    """What a thread's tools work on with the files of these messages: the code interpreter gets those that
    are for it.

    Raises InvalidRequest where those are too many.
    """
    had = (resources.file_ids if resources is not None else None) or ()
    files = dict.fromkeys(had)
    for message in messages:
        for attachment in message.attachments or ():
            if "code_interpreter" in attachment.tools:
                files[attachment.file_id] = None
    if len(files) == len(had):
        return resources
    if len(files) > MAX_FILES:
        raise InvalidRequest(
            f"{param}: the code interpreter of a thread may have at most {MAX_FILES} files.", param=param
        )
    stores = None if resources is None else resources.vector_store_ids
    return ToolResources(tuple(files), stores)


def message_to_wire(message: ThreadMessage) -> wire.MessageObject:
    """A message as this API shows it."""
    item = message.item
    status = item.status if item.status in ("in_progress", "completed") else "incomplete"
    if message.ended_at is None:
        status = "in_progress"
    whole = status == "completed"
    return wire.MessageObject(
        id=item.id,
        created_at=message.created_at,
        thread_id=message.thread,
        status=status,  # type: ignore[arg-type]
        incomplete_details=_incomplete(message) if status == "incomplete" else None,
        completed_at=message.ended_at if whole else None,
        incomplete_at=message.ended_at if status == "incomplete" else None,
        role="assistant" if item.role == "assistant" else "user",
        content=tuple(each for part in item.content if (each := part_to_wire(part)) is not None),
        assistant_id=message.assistant,
        run_id=message.run,
        attachments=_attachments(message.attachments),
        metadata=message.metadata,
    )


def part_to_wire(part: MessagePart) -> wire.MessageContent | None:
    """A part of a message; None for what this API has no form for."""
    match part:
        case Text():
            marks = (mark_to_wire(annotation, part.text) for annotation in part.annotations)
            return wire.TextContent(wire.MessageText(part.text, tuple(mark for mark in marks if mark)))
        case Refusal():
            return wire.RefusalContent(part.text)
        case Image(file_id=str(id)):
            return wire.ImageFilePart(wire.ImageFileRef(id, _detail(part.detail)))
        case Image(url=str(url)):
            return wire.ImageUrlPart(wire.ImageUrlRef(url, _detail(part.detail)))
        case Image() | File() | Audio() | Video():
            return None
        case _:
            assert_never(part)


def mark_to_wire(annotation: Annotation, text: str | None) -> wire.FileCitationMark | None:
    """An annotation of a text, where that is known whole; this API knows none of the web."""
    match annotation:
        case FileCitation():
            at = annotation.index if text is None else min(annotation.index, len(text))
            return wire.FileCitationMark("", wire.FileRef(annotation.file_id), at, at)
        case UrlCitation():
            return None
        case _:
            assert_never(annotation)


def _detail(detail: str | None) -> wire.Detail:
    return detail if detail in ("low", "high") else "auto"  # type: ignore[return-value]


def _incomplete(message: ThreadMessage) -> wire.MessageIncomplete:
    return wire.MessageIncomplete(message.reason or "run_failed")


def _attachments(attachments: Sequence[Attachment] | None) -> tuple[wire.MessageAttachment, ...] | None:
    if attachments is None:
        return None
    kinds: dict[str, Callable[[], wire.ToCodeInterpreter | wire.ToFileSearch]] = {
        "code_interpreter": wire.ToCodeInterpreter,
        "file_search": wire.ToFileSearch,
    }
    return tuple(
        wire.MessageAttachment(each.file_id, [kinds[tool]() for tool in each.tools]) for each in attachments
    )
