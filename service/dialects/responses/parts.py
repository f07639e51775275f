"""Content of input items: strings and lists of parts, as neutral parts."""

from __future__ import annotations

from typing import assert_never

import msgspec
from msgspec import Raw

from service.dialects.responses.limits import MAX_FILE, MAX_IMAGE, MAX_TEXT
from service.dialects.validation import at_most
from specs.errors import InvalidRequest
from specs.items import Annotation, Audio, File, Image, MessagePart, Refusal, Text, Video
from specs.items import FileCitation as NeutralFileCitation
from specs.items import UrlCitation as NeutralUrlCitation
from specs.openai.response_items import Annotation as WireAnnotation
from specs.openai.response_items import (
    FileCitation,
    InputAudio,
    InputFile,
    InputImage,
    InputText,
    InputVideo,
    OutputTextParam,
    PartParam,
    PlainText,
    RefusalPart,
)
from specs.requests import FilePlace

_annotation = msgspec.json.Decoder(WireAnnotation)


def read_content(content: str | list[PartParam], *, param: str) -> tuple[MessagePart, ...]:
    """Read a string, which is one text, or parts."""
    if isinstance(content, str):
        at_most(content, MAX_TEXT, param=param)
        return (Text(content),)
    return tuple(_read_part(part, f"{param}[{index}]") for index, part in enumerate(content))


def _read_part(part: PartParam, param: str) -> MessagePart:
    match part:
        case InputText() | PlainText():
            return Text(_text(part.text, param))
        case OutputTextParam():
            return Text(_text(part.text, param), annotations=_annotations(part.annotations or []))
        case RefusalPart():
            return Refusal(part.refusal)
        case InputImage():
            return _read_image(part, param)
        case InputFile():
            return _read_file(part, param)
        case InputVideo():
            return Video(part.video_url)
        case InputAudio():
            return Audio(part.input_audio.data, part.input_audio.format)
        case _:
            assert_never(part)


def _text(text: str, param: str) -> str:
    return at_most(text, MAX_TEXT, param=f"{param}.text") or ""


def _read_image(part: InputImage, param: str) -> Image:
    if part.file_id is not None:
        _refuse_both(param, image_url=part.image_url)
        return Image(file_id=part.file_id, detail=part.detail)
    if not part.image_url:
        raise InvalidRequest(
            f"{param} needs image_url or file_id; it has neither.", param=f"{param}.image_url"
        )
    at_most(part.image_url, MAX_IMAGE, param=f"{param}.image_url")
    return Image(part.image_url, detail=part.detail)


def _read_file(part: InputFile, param: str) -> File:
    if part.file_id is not None:
        _refuse_both(param, file_data=part.file_data, file_url=part.file_url)
        return File(file_id=part.file_id, filename=part.filename)
    if not (part.file_data or part.file_url):
        raise InvalidRequest(
            f"{param} needs file_data, file_url or file_id; it has none.", param=f"{param}.file_data"
        )
    at_most(part.file_data, MAX_FILE, param=f"{param}.file_data")
    return File(part.file_data, part.file_url, filename=part.filename)


def _refuse_both(param: str, **others: str | None) -> None:
    """Refuse a stored file beside another."""
    for name, value in others.items():
        if value:
            raise InvalidRequest(f"{param}.{name}: send it or file_id, not both.", param=f"{param}.{name}")


def file_places(parts: tuple[MessagePart, ...], *, param: str) -> list[FilePlace]:
    """The stored files that parts name; `param` is where the parts stand."""
    if len(parts) == 1 and type(parts[0]) is Text:
        return []
    return [
        FilePlace(part.file_id, f"{param}[{index}].file_id")
        for index, part in enumerate(parts)
        if isinstance(part, Image | File) and part.file_id is not None
    ]


def _annotations(raws: list[Raw]) -> tuple[Annotation, ...]:
    """The citations we know; what else a client sends back here means nothing to a model."""
    return tuple(found for raw in raws if (found := _read_annotation(raw)) is not None)


def _read_annotation(raw: Raw) -> Annotation | None:
    try:
        wire = _annotation.decode(raw)
    except msgspec.DecodeError:
        return None
    if isinstance(wire, FileCitation):
        return NeutralFileCitation(wire.file_id, wire.filename, wire.index)
    return NeutralUrlCitation(wire.url, wire.title, wire.start_index, wire.end_index)
