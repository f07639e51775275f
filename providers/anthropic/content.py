"""Message parts as content blocks. What the API cannot take is left out and told of."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Iterable, Sequence
from typing import TypeAlias, assert_never

from msgspec.structs import replace

from providers.anthropic.body import (
    Base64Source,
    CitationsConfig,
    DocumentBlock,
    ImageBlock,
    ResultBlock,
    TextBlock,
    TextSource,
    UrlSource,
)
from providers.anthropic.marks import last_mark, mark
from providers.media import PDF, InlineMedia, media_of_file, media_of_url
from specs.items import Audio, File, Image, MessagePart, Refusal, Text, Video

Warn: TypeAlias = Callable[[str, str], None]
"""Takes a field and what could not be honoured."""

IMAGE_TYPES = frozenset({"image/jpeg", "image/png", "image/gif", "image/webp"})


def user_blocks(parts: Iterable[MessagePart], warn: Warn) -> list[ResultBlock]:
    """The blocks of a user message or a tool's result; blank text is no block (the API refuses it)."""
    found = (_user_block(part, warn) for part in parts)
    return [block for block in found if block is not None]


def assistant_blocks(parts: Sequence[MessagePart], warn: Warn) -> list[TextBlock]:
    """The block of an assistant's message: its text, whose parts may be blank where the whole is not."""
    texts = []
    for part in parts:
        if isinstance(part, Text | Refusal):
            texts.append(part.text)
        else:
            warn("input", f"An assistant message can hold only text; its {_kind(part)} is left out.")
    text = "".join(texts)
    return [TextBlock(text, last_mark(parts))] if text.strip() else []


def _user_block(part: MessagePart, warn: Warn) -> ResultBlock | None:
    match part:
        case Text():
            return TextBlock(part.text, mark(part.cache)) if part.text.strip() else None
        case Refusal():
            return TextBlock(part.text) if part.text.strip() else None
        case Image():
            return _marked(_image(part, warn), part)
        case File():
            return _marked(_cited(_file(part, warn), part), part)
        case Audio() | Video():
            warn("input", f"The model takes no {_kind(part)}; it is left out.")
            return None
        case _:
            assert_never(part)


def _marked(
    block: DocumentBlock | ImageBlock | None, part: Image | File
) -> DocumentBlock | ImageBlock | None:
    if block is None or part.cache is None:
        return block
    return replace(block, cache_control=mark(part.cache))


def _cited(block: DocumentBlock | ImageBlock | None, file: File) -> DocumentBlock | ImageBlock | None:
    """A document whose use the answer is to tell; of an image there is nothing to cite."""
    if file.cited and isinstance(block, DocumentBlock):
        return replace(block, citations=CitationsConfig(enabled=True))
    return block


def _image(image: Image, warn: Warn) -> ImageBlock | None:
    if image.url is None:
        warn("input", "An image by file id is unknown to the provider; it is left out.")
        return None
    if not image.url.startswith("data:"):
        return ImageBlock(UrlSource(image.url))
    return _inline_image(media_of_url(image.url), warn)


def _inline_image(data: InlineMedia | None, warn: Warn) -> ImageBlock | None:
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
    data = media_of_file(given)
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


def _text(data: InlineMedia | None) -> str | None:
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
