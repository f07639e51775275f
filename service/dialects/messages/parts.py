"""Blocks that are content, read into parts: text, images, documents and search results."""

from __future__ import annotations

from base64 import b64encode
from typing import Any, TypeAlias

import msgspec
from msgspec import Raw, Struct

from service.dialects.validation import decode_part, one_of, shown
from specs.anthropic.blocks import (
    Base64Source,
    CacheControl,
    ContentSource,
    DocumentBlock,
    FileSource,
    ImageBlock,
    SearchResultBlock,
    TextBlock,
    TextSource,
    UrlSource,
)
from specs.errors import InvalidRequest
from specs.items import Annotation, File, FileCitation, Image, Lifetime, MessagePart, Text, UrlCitation
from specs.requests import FilePlace

ContentBlock: TypeAlias = TextBlock | ImageBlock | DocumentBlock | SearchResultBlock

IMAGE_TYPES = ("image/jpeg", "image/png", "image/gif", "image/webp")
PDF = "application/pdf"
_URL_SCHEMES = ("https://", "http://", "data:")


class _Citation(Struct, frozen=True):
    """Whichever kind it is, what of it an annotation holds."""

    url: str | None = None
    source: str | None = None
    title: str | None = None
    document_title: str | None = None
    file_id: str | None = None


_citation = msgspec.json.Decoder(_Citation)
_DECODERS: dict[str, msgspec.json.Decoder[Any]] = {
    "text": msgspec.json.Decoder(TextBlock),
    "image": msgspec.json.Decoder(ImageBlock),
    "document": msgspec.json.Decoder(DocumentBlock),
    "search_result": msgspec.json.Decoder(SearchResultBlock),
}
CONTENT = tuple(_DECODERS)
"""The types of block read here."""
DOCUMENT_CONTENT = ("text", "image")


def lifetime(mark: CacheControl | None) -> Lifetime | None:
    """How long a mark wants to be cached; five minutes unless it says so."""
    return None if mark is None else mark.ttl or "5m"


class PartReader:
    """Reads content blocks; notes what has to be left out, and the stored files they name."""

    def __init__(self, warnings: list[str], files: list[FilePlace]) -> None:
        self._warnings = warnings
        self._files = files

    def read(self, kind: str, raw: Raw, at: str) -> list[MessagePart]:
        """The parts of one block of a type in `CONTENT`, which stands at the path `at`."""
        block: ContentBlock = decode_part(raw, _DECODERS[kind], param=at)
        match block:
            case TextBlock():
                return [Text(block.text, _annotations(block, at), cache=lifetime(block.cache_control))]
            case ImageBlock():
                return [self._image(block, at)]
            case DocumentBlock():
                return self._document(block, at)
            case SearchResultBlock():
                return [self._found(block, at)]

    def _image(self, block: ImageBlock, at: str) -> Image:
        if not isinstance(block.transformations, msgspec.UnsetType):
            self._warnings.append(f"{at}.transformations is not supported and was left out.")
        cache = lifetime(block.cache_control)
        match block.source:
            case Base64Source(media_type, data):
                one_of(media_type, IMAGE_TYPES, param=f"{at}.source.media_type")
                return Image(f"data:{media_type};base64,{data}", cache=cache)
            case UrlSource(url):
                return Image(_url(url, f"{at}.source.url"), cache=cache)
            case FileSource(file_id):
                self._files.append(FilePlace(file_id, f"{at}.source.file_id"))
                return Image(file_id=file_id, cache=cache)

    def _document(self, block: DocumentBlock, at: str) -> list[MessagePart]:
        cache, cited = lifetime(block.cache_control), bool(block.citations and block.citations.enabled)
        before = [Text(f"About the document that follows: {block.context}")] if block.context else []
        match block.source:
            case Base64Source(media_type, data):
                one_of(media_type, (PDF,), param=f"{at}.source.media_type")
                file = File(f"data:{PDF};base64,{data}", filename=block.title)
            case UrlSource(url):
                file = File(url=_url(url, f"{at}.source.url"), filename=block.title)
            case FileSource(file_id):
                self._files.append(FilePlace(file_id, f"{at}.source.file_id"))
                file = File(file_id=file_id, filename=block.title)
            case TextSource(data):
                file = _text_file(data, block.title)
            case ContentSource(str() as text):
                file = _text_file(text, block.title)
            case ContentSource(content):
                if cited:
                    self._warnings.append(f"{at}.citations was left out: its content is given as it is.")
                return [*before, *self._pieces(block, content, at)]
        return [*before, msgspec.structs.replace(file, cited=cited, cache=cache)]

    def _pieces(self, block: DocumentBlock, content: list[Raw] | str, at: str) -> list[MessagePart]:
        """The parts of a document that is made of blocks, with its title before them."""
        parts: list[MessagePart] = [Text(f"Document {block.title!r}:")] if block.title else []
        for index, raw in enumerate(content):
            place = f"{at}.source.content[{index}]"
            assert isinstance(raw, Raw)
            kind = one_of(kind_of(raw, place), DOCUMENT_CONTENT, param=f"{place}.type")
            parts += self.read(kind, raw, place)
        return _marked(parts, lifetime(block.cache_control))

    def _found(self, block: SearchResultBlock, at: str) -> Text:
        if block.citations is not None and block.citations.enabled:
            self._warnings.append(f"{at}.citations was left out: a search result is given as text.")
        text = "\n".join(piece.text for piece in block.content)
        return Text(f"{block.title}\n{block.source}\n\n{text}", cache=lifetime(block.cache_control))


class _Kind(Struct, frozen=True):
    type: str


_kind = msgspec.json.Decoder(_Kind)


def kind_of(raw: Raw, at: str) -> str:
    """The `type` of a block, which it must have."""
    return decode_part(raw, _kind, param=at).type


def _marked(parts: list[MessagePart], cache: Lifetime | None) -> list[MessagePart]:
    if cache is not None and parts and isinstance(last := parts[-1], Text | Image | File):
        return [*parts[:-1], msgspec.structs.replace(last, cache=cache)]
    return parts


def _text_file(text: str, title: str | None) -> File:
    data = b64encode(text.encode()).decode()
    return File(f"data:text/plain;base64,{data}", filename=title)


def _annotations(block: TextBlock, at: str) -> tuple[Annotation, ...]:
    """What an earlier answer cited."""
    found = [
        _annotation(decode_part(raw, _citation, param=f"{at}.citations[{index}]"), len(block.text))
        for index, raw in enumerate(block.citations or ())
    ]
    return tuple(each for each in found if each is not None)


def _annotation(cited: _Citation, length: int) -> Annotation | None:
    url = cited.url or cited.source
    if url is not None:
        return UrlCitation(url, cited.title or "", 0, length)
    if cited.file_id is None and cited.document_title is None:
        return None
    return FileCitation(cited.file_id or "", cited.document_title or "", length)


def _url(url: str, at: str) -> str:
    if not url.lower().startswith(_URL_SCHEMES):
        raise InvalidRequest(f"{at} must be an http(s) or data: URL; got {shown(url)}.", param=at)
    return url
