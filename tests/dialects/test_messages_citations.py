"""Citations on their way through the Messages API: a provider that has the same words keeps them all."""

from __future__ import annotations

import json

import msgspec
import pytest
from msgspec import Raw

from providers.anthropic.citations import annotation
from service.dialects.messages.answer import citation
from specs.items import FileCitation, UrlCitation

DOCUMENT = {
    "cited_text": "The door is green.",
    "document_index": 1,
    "document_title": "Notes",
    "file_id": None,
}
GIVEN = [
    {"type": "char_location", "start_char_index": 3, "end_char_index": 9, **DOCUMENT},
    {"type": "page_location", "start_page_number": 2, "end_page_number": 3, **DOCUMENT},
    {"type": "content_block_location", "start_block_index": 0, "end_block_index": 1, **DOCUMENT},
    {
        "type": "web_search_result_location",
        "url": "https://example.org/",
        "title": "T",
        "cited_text": "x",
        "encrypted_index": "zzz",
    },
    {
        "type": "search_result_location",
        "source": "https://example.org/",
        "title": None,
        "cited_text": "x",
        "search_result_index": 0,
        "start_block_index": 0,
        "end_block_index": 1,
    },
]


@pytest.mark.parametrize("given", GIVEN, ids=[each["type"] for each in GIVEN])
def test_a_citation_of_the_same_wire_is_told_whole(given):
    found = annotation(Raw(json.dumps(given).encode()), 5)
    assert found is not None
    assert json.loads(msgspec.json.encode(citation(found))) == given


@pytest.mark.parametrize("raw", ["{}", '{"type":"url_citation"}', "no JSON"])
def test_words_of_another_wire_are_not_passed_on(raw):
    told = citation(UrlCitation("https://example.org/", "T", 0, 2, raw))
    assert msgspec.to_builtins(told) == {
        "type": "web_search_result_location",
        "url": "https://example.org/",
        "title": "T",
        "cited_text": "",
        "encrypted_index": "",
    }


def test_a_file_is_named_where_its_place_is_not_known():
    told = msgspec.to_builtins(citation(FileCitation("file_1", "notes.txt", 2)))
    assert (told["type"], told["file_id"], told["document_title"]) == ("char_location", "file_1", "notes.txt")
