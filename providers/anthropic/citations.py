"""Citations of the Messages API as annotations. Source: https://platform.claude.com/docs/en/build-with-claude/citations"""

from __future__ import annotations

import msgspec
from msgspec import Raw

from providers.anthropic.wire import Citation
from specs.items import Annotation, FileCitation, UrlCitation

_citation = msgspec.json.Decoder(Citation)


def annotation(given: Raw, length: int) -> Annotation | None:
    """The annotation of a text of this length; None where the citation names neither page nor file."""
    citation = _citation.decode(given)
    match citation.type:
        case "web_search_result_location":
            return _of_page(citation.url, citation, given, length)
        case "search_result_location":
            return _of_page(citation.source, citation, given, length)
        case "char_location" | "page_location" | "content_block_location":
            return _of_file(citation, given, length)
        case _:
            return None


def kind(given: Raw) -> str:
    """The type of a citation."""
    return _citation.decode(given).type


def _of_page(url: str | None, citation: Citation, given: Raw, length: int) -> UrlCitation | None:
    if not url or not url.startswith(("https://", "http://")):
        return None
    return UrlCitation(url, citation.title or "", 0, length, _text(given))


def _of_file(citation: Citation, given: Raw, length: int) -> FileCitation | None:
    """A document sent inline has no id; its title, else its place in the request, names it."""
    if citation.file_id is None and citation.document_title is None and citation.document_index is None:
        return None
    name = citation.document_title or f"document {citation.document_index or 0}"
    return FileCitation(citation.file_id or "", name, length, _text(given))


def _text(given: Raw) -> str:
    """The same however it was written: a stream and a whole answer differ in spaces and escapes."""
    return msgspec.json.encode(msgspec.json.decode(given), order="sorted").decode()
