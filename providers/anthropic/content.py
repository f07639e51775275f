"""Message parts as content blocks. What the API cannot take is left out and told of."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Iterable
from typing import TypeAlias, assert_never
from urllib.parse import unquote_to_bytes

from msgspec import Struct

from providers.anthropic.body import (
    Base64Source,
    DocumentBlock,
    ImageBlock,
    ResultBlock,
    TextBlock,
    TextSource,
    UrlSource,
)
from specs.items import Audio, File, Image, MessagePart, Refusal, Text, Video

Warn: TypeAlias = Callable[[str, str], None]
"""Takes a field and what could not be honoured."""

IMAGE_TYPES = frozenset({"image/jpeg", "image/png", "image/gif", "image/webp"})
PDF = "application/pdf"


class _Data(Struct, frozen=True):
    media_type: str
    base64: str


def user_blocks(parts: Iterable[MessagePart], warn: Warn) -> list[ResultBlock]:
    """The blocks of a user message or a tool's result; blank text is no block (the API refuses it)."""
    found = (_user_block(part, warn) for part in parts)
    return [block for block in found if block is not None]


def assistant_blocks(parts: Iterable[MessagePart], warn: Warn) -> list[TextBlock]:
    """The block of an assistant's message: its text, whose parts may be blank where the whole is not."""
    texts = []
    for part in parts:
        if isinstance(part, Text | Refusal):
            texts.append(part.text)
        else:
            warn("input", f"An assistant message can hold only text; its {_kind(part)} is left out.")
    text = "".join(texts)
    return [TextBlock(text)] if text.strip() else []


def _user_block(part: MessagePart, warn: Warn) -> ResultBlock | None:
    match part:
        case Text() | Refusal():
            return TextBlock(part.text) if part.text.strip() else None
        case Image():
            return _image(part, warn)
        case File():
            return _file(part, warn)
        case Audio() | Video():
            warn("input", f"The model takes no {_kind(part)}; it is left out.")
            return None
        case _:
            assert_never(part)


def _image(image: Image, warn: Warn) -> ImageBlock | None:
    if image.url is None:
        warn("input", "An image by file id is unknown to the provider; it is left out.")
        return None
    if not image.url.startswith("data:"):
        return ImageBlock(UrlSource(image.url))
    return _inline_image(_data_of_url(image.url), warn)


def _inline_image(data: _Data | None, warn: Warn) -> ImageBlock | None:
    if data is None or data.media_type not in IMAGE_TYPES:
        given = "unreadable" if data is None else repr(data.media_type)
        warn("input", f"An image must be JPEG, PNG, GIF or WebP; one that is {given} is left out.")
        return None
    return ImageBlock(Base64Source(data.media_type, data.base64))


def _file(file: File, warn: Warn) -> DocumentBlock | ImageBlock | None:
    if file.data is not None:
        return _inline_file(file, file.data, warn)
    if file.url is not None:
        return DocumentBlock(UrlSource(file.url), file.filename)
    warn("input", "A file by file id is unknown to the provider; it is left out.")
    return None


def _inline_file(file: File, given: str, warn: Warn) -> DocumentBlock | ImageBlock | None:
    data = _data_of_url(given) if given.startswith("data:") else _bare(given)
    media_type = data.media_type if data is not None else ""
    if data is not None and media_type == PDF:
        return DocumentBlock(Base64Source(PDF, data.base64), file.filename)
    if media_type in IMAGE_TYPES:
        return _inline_image(data, warn)
    text = _text(data)
    if text is None:
        warn(
            "input",
            f"A file must be a PDF, text or an image; {file.filename or 'one that is not'} is left out.",
        )
        return None
    return DocumentBlock(TextSource(text), file.filename) if text.strip() else None


def _data_of_url(url: str) -> _Data | None:
    """Read a `data:` URL (RFC 2397); None when it is malformed."""
    head, comma, payload = url.removeprefix("data:").partition(",")
    media_type, *parameters = head.split(";")
    if not comma:
        return None
    media_type = media_type.strip().lower() or "text/plain"
    if "base64" in (each.strip().lower() for each in parameters):
        return _Data(media_type, payload)
    return _Data(media_type, base64.b64encode(unquote_to_bytes(payload)).decode())


def _bare(data: str) -> _Data:
    """Bare base64 says nothing of its type: a PDF begins with `%PDF-`, which is `JVBERi0` in base64."""
    return _Data(PDF if data.startswith("JVBERi0") else "text/plain", data)


def _text(data: _Data | None) -> str | None:
    """The text of a file, whatever type it claims, if it is UTF-8."""
    if data is None:
        return None
    try:
        text = base64.b64decode(data.base64, validate=True).decode()
    except (binascii.Error, ValueError):
        return None
    return None if "\0" in text else text


def _kind(part: MessagePart) -> str:
    return type(part).__name__.lower()
