"""Citations of the Messages API as annotations. Source: https://platform.claude.com/docs/en/build-with-claude/citations"""

from __future__ import annotations

from providers.anthropic.wire import Citation
from specs.items import Annotation, FileCitation, UrlCitation


def annotation(citation: Citation, length: int) -> Annotation | None:
    """The annotation of a text of this length; None where the citation names neither page nor file."""
    match citation.type:
        case "web_search_result_location":
            return _of_page(citation.url, citation, length)
        case "search_result_location":
            return _of_page(citation.source, citation, length)
        case "char_location" | "page_location" | "content_block_location":
            return _of_file(citation, length)
        case _:
            return None


def _of_page(url: str | None, citation: Citation, length: int) -> UrlCitation | None:
    if not url or not url.startswith(("https://", "http://")):
        return None
    return UrlCitation(url, citation.title or "", 0, length)


def _of_file(citation: Citation, length: int) -> FileCitation | None:
    """A document sent inline has no id; its title, else its place in the request, names it."""
    if citation.file_id is None and citation.document_title is None and citation.document_index is None:
        return None
    name = citation.document_title or f"document {citation.document_index or 0}"
    return FileCitation(citation.file_id or "", name, length)
