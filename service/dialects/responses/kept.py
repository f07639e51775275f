"""What is kept, as this API shows it again: responses, and the items they were given."""

from __future__ import annotations

from collections.abc import Sequence
from typing import assert_never, cast

import msgspec
from msgspec import UNSET, structs

from service.dialects.responses.echo import Echo
from service.dialects.responses.output import Show, item_status, output_item, output_part
from service.dialects.responses.response import first_response, last_response
from service.dialects.responses.settings import SEARCH_RESULTS, SEARCH_SOURCES
from service.dialects.responses.spelling import PLAIN, Spelling
from specs.events import RunCreated, RunEnded
from specs.items import (
    Audio,
    File,
    FunctionResult,
    Image,
    Item,
    Message,
    MessagePart,
    Refusal,
    Text,
    Video,
)
from specs.openai import stored as wire
from specs.openai.response_items import AudioData, InputText
from specs.openai.responses import Response, ResponseStatus
from specs.usage import Usage

SEALED = "reasoning.encrypted_content"

_created = msgspec.json.Decoder(RunCreated)
_ended = msgspec.json.Decoder(RunEnded)
_echo = msgspec.json.Decoder(Echo)


def kept_response(
    *,
    began: str,
    ended: str | None,
    echo: str,
    status: ResponseStatus,
    output: Sequence[Item],
    usage: Usage,
    include: frozenset[str],
    spelling: Spelling = PLAIN,
) -> Response:
    """Write a response again: the same object that its terminal event carried, and what else is asked for.
    One that goes on is written with its output so far."""
    created, said = _created.decode(began), _echo.decode(echo)
    begun = structs.replace(first_response(created, said), status=status)
    thoughts = created.request.settings.reasoning_summary is not None
    show = Show(
        thoughts,
        said.sealed or SEALED in include,
        spelling.raw_reasoning,
        said.sources or SEARCH_SOURCES in include,
        said.results or SEARCH_RESULTS in include,
    )
    items = tuple(output_item(item, show) for item in output)
    if ended is None:
        return spelling.response(structs.replace(begun, output=items))
    whole = last_response(begun, items, structs.replace(_ended.decode(ended), usage=usage))
    return spelling.response(whole)


def kept_items(
    items: Sequence[Item], *, include: frozenset[str], has_more: bool, spelling: Spelling = PLAIN
) -> wire.ItemList:
    """Write a page of items."""
    data = tuple(spelling.item(kept_item(item, include=include)) for item in items)
    first, last = (items[0].id, items[-1].id) if items else ("", "")
    return wire.ItemList(data, first, last, has_more)


def kept_item(item: Item, *, include: frozenset[str]) -> wire.KeptItem:
    """Write an item as it was given, by a caller or by a model."""
    match item:
        case Message(role="assistant"):
            return _message(item, tuple(map(_said_part, item.content)))
        case Message():
            return _message(item, tuple(map(_given_part, item.content)))
        case FunctionResult(custom=False):
            return wire.KeptFunctionOutput(item.id, item.call_id, _result(item), item_status(item.status))
        case _:  # as in an answer
            return cast("wire.KeptItem", output_item(item, _show(include)))


def _show(include: frozenset[str]) -> Show:
    return Show(
        sealed=SEALED in include, sources=SEARCH_SOURCES in include, results=SEARCH_RESULTS in include
    )


def _message(item: Message, content: tuple[wire.KeptPart, ...]) -> wire.KeptMessage:
    return wire.KeptMessage(item.id, item_status(item.status), item.role, content, item.phase or UNSET)


def _result(item: FunctionResult) -> str | tuple[wire.KeptPart, ...]:
    match item.output:
        case (Text(text=text),):
            return text
        case parts:
            return tuple(map(_given_part, parts))


def _said_part(part: MessagePart) -> wire.KeptPart:
    """A part of what a model said."""
    return output_part(part) or _given_part(part)


def _given_part(part: MessagePart) -> wire.KeptPart:
    """A part of what a model was given."""
    match part:
        case Text():
            return InputText(part.text)
        case Refusal():
            return InputText(part.text)
        case Image():
            return wire.KeptImage(part.detail or "auto", part.url or UNSET, part.file_id or UNSET)
        case File():
            return wire.KeptFile(
                part.data or UNSET, part.url or UNSET, part.file_id or UNSET, part.filename or UNSET
            )
        case Video():
            return wire.KeptVideo(part.url)
        case Audio():
            return wire.KeptAudio(AudioData(part.data, part.format))
        case _:
            assert_never(part)
