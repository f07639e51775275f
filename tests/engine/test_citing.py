"""Pages that were found are cited where the text names them, with exact places, in every event alike."""

from __future__ import annotations

import pytest

from service.engine.citing import Citations, cited, plain_address
from specs.events import AnnotationAdded, Delta, Event, ItemEnded, ItemStarted, PartEnded, PartStarted
from specs.fold import Fold
from specs.items import HostedCall, Message, Source, Text, UrlCitation

A = Source("https://a.example/page", "A page")
WIKI = Source("https://w.example/wiki/Bridge_(dental)", "Bridge")
SOURCES = {plain_address(source.url): source for source in (A, WIKI)}
SEARCH = HostedCall("ws_1", "c", "web_search", "web_search", kind="web_search", sources=(A, WIKI))


def places(text: str, sources: dict[str, Source] | None = None) -> list[str]:
    found = list(cited(Text(text), SOURCES if sources is None else sources))
    return [text[each.start : each.end] for each in found]


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("See https://a.example/page.", "https://a.example/page"),
        ("See https://a.example/page/, it says", "https://a.example/page/"),
        ("HTTPS://A.Example/page", "HTTPS://A.Example/page"),
        ("<https://a.example/page>", "https://a.example/page"),
        ("**https://a.example/page**", "https://a.example/page"),
        ("(https://a.example/page)", "https://a.example/page"),
        ("https://a.example/page#part", "https://a.example/page#part"),
        ("As [A](https://a.example/page) says", "[A](https://a.example/page)"),
        ("As ([A [1]](https://a.example/page)).", "[A [1]](https://a.example/page)"),
        ('[A](https://a.example/page "Title")', '[A](https://a.example/page "Title")'),
        ("[](https://a.example/page)", "[](https://a.example/page)"),
        ("😀 é [A](https://a.example/page)", "[A](https://a.example/page)"),
        ("[A](https://a.example/page", "https://a.example/page"),
        ("[B](https://w.example/wiki/Bridge_(dental))", "[B](https://w.example/wiki/Bridge_(dental))"),
        ("(https://w.example/wiki/Bridge_(dental)).", "https://w.example/wiki/Bridge_(dental)"),
    ],
)
def test_a_source_is_cited_where_it_is_named(text: str, place: str) -> None:
    assert places(text) == [place]


@pytest.mark.parametrize(
    "text",
    [
        *("nothing", "a.example/page", "https://a.example/pages", "https://a.example/page/2"),
        *("https://a.example/page?x=1", "https://a.example", "https://evil.example/?https://a.example/page"),
        *("https://a.example.evil.example/page", "ftp://a.example/page", "https://A.example/PAGE"),
    ],
)
def test_other_addresses_are_not_cited(text: str) -> None:
    assert places(text) == []


def test_each_mention_is_cited_with_the_pages_title() -> None:
    text = "https://a.example/page and https://a.example/page"
    assert list(cited(Text(text), SOURCES)) == [
        UrlCitation(A.url, "A page", 0, 22),
        UrlCitation(A.url, "A page", 27, 49),
    ]


def test_what_a_provider_has_cited_is_left_to_it() -> None:
    text = Text("https://a.example/page", (UrlCitation(A.url, "Its title", 0, 22),))
    assert list(cited(text, SOURCES)) == []


def test_long_text_of_brackets_is_no_trouble() -> None:
    assert places("[" * 50_000 + "https://a.example/page") == ["https://a.example/page"]
    assert places("](https://a.example/page" * 2_000) == ["https://a.example/page"] * 2_000


def answer(text: str) -> list[Event]:
    message = Message("msg_1", "assistant", (Text(text),))
    return [
        ItemStarted(1, Message("msg_1", "assistant", status="in_progress")),
        PartStarted(1, 0, Text()),
        Delta(1, 0, text[:9]),
        Delta(1, 0, text[9:]),
        PartEnded(1, 0, Text(text)),
        ItemEnded(1, message),
    ]


def test_a_citation_comes_before_the_parts_end_and_stands_in_the_whole() -> None:
    citations = Citations()
    searched = [ItemStarted(0, SEARCH), ItemEnded(0, SEARCH)]
    events = [*citations.rewrite(searched), *citations.rewrite(answer("See https://a.example/page."))]
    citation = UrlCitation(A.url, "A page", 4, 26)
    assert events[-3:-1] == [
        AnnotationAdded(1, 0, citation),
        PartEnded(1, 0, Text("See https://a.example/page.", (citation,))),
    ]
    fold = Fold()
    fold.feed(events)
    message = fold.items[1]
    assert isinstance(message, Message)
    assert message.content == (Text("See https://a.example/page.", (citation,)),)


def test_without_a_search_nothing_changes() -> None:
    events = answer("See https://a.example/page.")
    assert Citations().rewrite(events) == events


def test_a_text_before_the_search_is_not_cited() -> None:
    citations = Citations()
    assert citations.rewrite(answer("See https://a.example/page.")) == answer("See https://a.example/page.")
    citations.rewrite([ItemEnded(0, SEARCH)])
    assert citations.rewrite(answer("No source.")) == answer("No source.")
