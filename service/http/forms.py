"""`multipart/form-data`, read as it arrives: the one field with bytes is handed on piece by piece, the
others are short texts. The body is never whole in memory.

https://www.rfc-editor.org/rfc/rfc7578
"""

from __future__ import annotations

import unicodedata
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

from litestar import Request
from litestar.exceptions import InternalServerException
from msgspec import Struct

# The library of that name; another one installs a folder of the same name, which hands on to it as it is
# imported, but which is all that a type checker sees.
from multipart import (
    MultipartError,  # pyright: ignore[reportAttributeAccessIssue]
    MultipartSegment,  # pyright: ignore[reportAttributeAccessIssue]
    ParserLimitReached,  # pyright: ignore[reportAttributeAccessIssue]
    PushMultipartParser,  # pyright: ignore[reportAttributeAccessIssue]
    parse_options_header,  # pyright: ignore[reportAttributeAccessIssue]
)

from specs.errors import BodyTooLarge, ClientGone, InvalidRequest, UnsupportedMediaType

MAX_FIELDS = 32
MAX_TEXT_BYTES = 64 * 1024
"""What a field without a file may have."""
MAX_FRAME_BYTES = 4 * 1024 * 1024
"""What a body may have beyond the bytes of its file."""
MAX_NAME = 255
"""Characters of a file's name."""

Take = Callable[[bytes], Awaitable[None]]
"""Takes the next bytes of the file."""


class Sent(Struct, frozen=True):
    """The field with bytes."""

    filename: str | None
    """As the caller wrote it; None where the field has none."""
    media_type: str | None
    bytes: int


class Form(Struct, frozen=True):
    """A form that has arrived."""

    file: Sent
    texts: dict[str, str]


async def read_form(request: Request[Any, Any, Any], field: str, take: Take) -> Form:
    """Read a form, handing the bytes of `field` on.

    Raises UnsupportedMediaType, InvalidRequest whose `param` names the field at fault, and what `take`
    raises.
    """
    reader = _Reader(field, take)
    parser = PushMultipartParser(
        _boundary(request), max_segment_count=MAX_FIELDS, max_header_size=16 * 1024, header_charset="utf8"
    )
    async for chunk in _body(request):
        if not parser.closed:
            await _feed(parser, chunk, reader)
        reader.count(len(chunk))
    await _feed(parser, b"", reader)
    if reader.file is None:
        raise InvalidRequest(f"Missing required field {field!r}.", param=field)
    return Form(reader.file, reader.texts)


class _Reader:
    """Sorts what the parser finds."""

    def __init__(self, field: str, take: Take) -> None:
        self.texts: dict[str, str] = {}
        self.file: Sent | None = None
        self.bytes_read = 0
        self.at = field
        """The field that is being read, or that is waited for."""
        self._field = field
        self._take = take
        self._segment: MultipartSegment | None = None
        self._text = bytearray()
        self._file_bytes = 0

    def count(self, size: int) -> None:
        """Note the bytes of a body. Raises BodyTooLarge where it is mostly not the file."""
        self.bytes_read += size
        if self.bytes_read - self._file_bytes > MAX_FRAME_BYTES:
            raise BodyTooLarge

    async def add(self, found: MultipartSegment | bytes | bytearray | None) -> None:
        """Take a field's head, a piece of it, or its end."""
        if isinstance(found, MultipartSegment):
            self._begin(found)
        elif found is None:
            self._end()
        elif self.at == self._field:
            self._file_bytes += len(found)
            await self._take(bytes(found))
        else:
            self._text += found
            if len(self._text) > MAX_TEXT_BYTES:
                raise InvalidRequest(f"{self.at} may have at most {MAX_TEXT_BYTES} bytes.", param=self.at)

    def _begin(self, segment: MultipartSegment) -> None:
        self._segment = segment
        self._text = bytearray()
        self.at = (segment.name or "")[:100]
        if self.at in self.texts or (self.at == self._field and self.file is not None):
            raise InvalidRequest(f"{self.at} may be given once.", param=self.at)

    def _end(self) -> None:
        segment = self._segment
        assert segment is not None
        if self.at == self._field:
            self.file = Sent(segment.filename, segment.content_type, segment.bytes_received)
        else:
            try:
                self.texts[self.at] = self._text.decode()
            except UnicodeDecodeError as error:
                raise InvalidRequest(f"{self.at} is not valid UTF-8.", param=self.at) from error
        self._segment = None
        self.at = self._field


async def _feed(parser: PushMultipartParser, chunk: bytes, reader: _Reader) -> None:
    """Parse some bytes, or none at the end."""
    try:
        for found in parser.parse(chunk) if chunk or not parser.closed else ():
            await reader.add(found)
    except ParserLimitReached as error:
        raise InvalidRequest(
            f"The form has more than {MAX_FIELDS} fields, or too long a head.", param=reader.at
        ) from error
    except MultipartError as error:
        what = "it ends too early" if not chunk else "it is not valid multipart/form-data"
        raise InvalidRequest(f"The form cannot be read at {reader.at!r}: {what}.", param=reader.at) from error


def _boundary(request: Request[Any, Any, Any]) -> str:
    content_type = request.headers.get("content-type", "")
    media_type, options = parse_options_header(content_type)
    if media_type != "multipart/form-data":
        raise UnsupportedMediaType(
            f"Content-Type: expected 'multipart/form-data', got {content_type[:100]!r}", param="Content-Type"
        )
    boundary = options.get("boundary", "")
    if not (0 < len(boundary) <= 200 and boundary.isascii() and boundary.isprintable()):
        raise InvalidRequest("Content-Type: 'multipart/form-data' needs a boundary.", param="Content-Type")
    return boundary


async def _body(request: Request[Any, Any, Any]) -> AsyncIterator[bytes]:
    try:
        async for chunk in request.stream():
            if chunk:
                yield chunk
    except InternalServerException as error:
        raise ClientGone from error


def display_name(name: str | None, *, param: str) -> str:
    """The last step of whatever path a caller sent as a file's name, fit to be shown.

    Raises InvalidRequest where nothing of it is left.
    """
    last = (name or "").replace("\\", "/").rstrip("/").rpartition("/")[2]
    shown = "".join(letter for letter in last if unicodedata.category(letter)[0] != "C").strip()
    if shown in ("", ".", ".."):
        raise InvalidRequest(f"{param}: the file needs a name.", param=param)
    if len(shown) > MAX_NAME:
        stem, dot, ending = shown.rpartition(".")
        shown = shown[:MAX_NAME] if len(ending) > 16 or not dot else stem[: MAX_NAME - 17] + dot + ending
    return shown
