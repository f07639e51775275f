"""Cites the pages that a run's searches have found, where the model's text names them.

A part of text is looked at once, when it is whole: its citations come right before its end, and stand in
the part and in the item as well. A page that a provider has cited itself is left as it is.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from msgspec import structs

from specs.events import AnnotationAdded, Event, ItemEnded, PartEnded
from specs.items import HostedCall, Message, Source, Text, UrlCitation

MOST_TITLE = 300
"""Characters between the brackets of a link that is cited as a whole."""
_ADDRESS = re.compile(r"https?://[^\s<>\"'`|\\^{}\[\]]{1,2100}", re.IGNORECASE)
_CLOSING = re.compile(r"[ \t]{0,8}(?:\"[^\"\n]{0,200}\"[ \t]{0,8})?\)")
"""What ends a link: perhaps its title, and the bracket."""
_AFTER = ".,;:!?*_~)'\""
"""What may stand right behind an address without being of it."""


class Citations:
    """Rewrites the events of one run, from its first search on."""

    def __init__(self) -> None:
        self._sources: dict[str, Source] = {}
        self._ended: dict[tuple[int, int], Text] = {}
        """Parts of open items that have got citations."""

    def rewrite(self, batch: list[Event]) -> list[Event]:
        """The batch with citations in it; takes note of what is found."""
        if not any(isinstance(event, PartEnded | ItemEnded) for event in batch):
            return batch
        return [seen for event in batch for seen in self._rewrite(event)]

    def _rewrite(self, event: Event) -> Iterator[Event]:
        match event:
            case PartEnded(index, part, Text() as text) if self._sources:
                added = tuple(cited(text, self._sources))
                if added:
                    text = structs.replace(text, annotations=(*text.annotations, *added))
                    self._ended[index, part] = text
                yield from (AnnotationAdded(index, part, each) for each in added)
                yield PartEnded(index, part, text) if added else event
            case ItemEnded(index, Message() as message):
                yield ItemEnded(index, self._with_citations(index, message)) if self._ended else event
            case ItemEnded(item=HostedCall(sources=found)):
                self._sources |= {plain_address(source.url): source for source in found}
                yield event
            case _:
                yield event

    def _with_citations(self, index: int, message: Message) -> Message:
        content = tuple(
            self._ended.pop((index, position), part) for position, part in enumerate(message.content)
        )
        return structs.replace(message, content=content)


def cited(text: Text, sources: dict[str, Source]) -> Iterable[UrlCitation]:
    """The places of a text that name one of the sources, in order."""
    there = [(each.start, each.end) for each in text.annotations if isinstance(each, UrlCitation)]
    for found in _ADDRESS.finditer(text.text):
        named = _named(found.group(), sources)
        if named is None:
            continue
        address, source = named
        start, end = _place(text.text, found.start(), found.start() + len(address))
        if not any(start < other_end and other_start < end for other_start, other_end in there):
            yield UrlCitation(source.url, source.title, start, end)


def _named(written: str, sources: dict[str, Source]) -> tuple[str, Source] | None:
    """The source that an address names, and how much of what was written is the address."""
    address = _to_its_bracket(written)
    while True:
        source = sources.get(plain_address(address))
        if source is not None:
            return address, source
        if not address or address[-1] not in _AFTER:
            return None
        address = address[:-1]


def _to_its_bracket(written: str) -> str:
    """An address up to a bracket that was opened before it: `(see https://example.org/a_(b))`."""
    depth = 0
    for position, letter in enumerate(written):
        depth += (letter == "(") - (letter == ")")
        if depth < 0:
            return written[:position]
    return written


def _place(text: str, start: int, end: int) -> tuple[int, int]:
    """Where the whole link is, if the address stands in one."""
    if text[start - 2 : start] != "](":
        return start, end
    closing = _CLOSING.match(text, end)
    opening = _opening(text, start - 2)
    return (start, end) if closing is None or opening is None else (opening, closing.end())


def _opening(text: str, end: int) -> int | None:
    """Where the bracket opens that closes at `end`."""
    depth = 0
    for position in range(end, max(-1, end - MOST_TITLE - 2), -1):
        if text[position] == "\n":
            return None
        depth += (text[position] == "]") - (text[position] == "[")
        if not depth:
            return position
    return None


def plain_address(url: str) -> str:
    """An address as it is compared: its scheme and host in lower case, without a fragment or a slash at
    its end."""
    scheme, _, rest = url.partition("#")[0].partition("://")
    host, slash, path = rest.partition("/")
    return f"{scheme.lower()}://{host.lower()}{slash}{path}".rstrip("/")
