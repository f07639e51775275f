"""What goes before a message is written for a wire once, and not anew for each turn that follows it."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from typing import TypeAlias, cast

from msgspec import Struct

from specs.contexts import Context
from specs.items import ContextItem, Item, Message

Warnings: TypeAlias = list[tuple[str, str]]
"""(field, what could not be honoured and why), collected while encoding."""


class Written(Struct, frozen=True):
    """Items in the words of a wire, as far as nothing that follows can change them."""

    json: tuple[bytes, ...] = ()
    """Entries of the wire's list, each one or several with commas between them."""
    warnings: tuple[tuple[str, str], ...] = ()
    items: int = 0
    """How many items these are."""
    rest: tuple[ContextItem, ...] = ()
    """The items after them."""


class Writing(Struct, frozen=True):
    """Writes a context up to the last message that is not the assistant's. It is for wires where nothing
    before such a message is joined with it or with what follows. What it writes depends on its fields and
    the items alone."""

    def look(self, known: Written | None, items: Sequence[Item]) -> Written:
        """See `Look`."""
        known = known or Written()
        added = (*known.rest, *cast("Sequence[ContextItem]", items))
        heard = [place for place, item in enumerate(added) if type(item) is Message and item.role in _HEARD]
        if not heard:
            return Written(known.json, known.warnings, known.items, added)
        done, rest = added[: heard[-1]], added[heard[-1] :]
        warnings: Warnings = []
        json = self.write(done, warnings, after=known.items)
        return Written(
            (*known.json, json) if json else known.json,
            (*known.warnings, *warnings),
            known.items + len(done),
            rest,
        )

    @abstractmethod
    def write(self, items: Sequence[ContextItem], warnings: Warnings, *, after: int) -> bytes:
        """The entries for these items, with commas between them. `after` so many others."""
        ...


_HEARD = ("system", "developer", "user")


def write_all(
    items: tuple[ContextItem, ...], writing: Writing, warnings: Warnings, *, first: bytes = b""
) -> list[bytes]:
    """The entries for all items, behind the `first`."""
    known = Written()
    if isinstance(items, Context) and items.before is not None:
        known = items.before.found(writing)
        items = (*known.rest, *items[len(items.before) :])
    warnings += known.warnings
    last = writing.write(items, warnings, after=known.items)
    return [entries for entries in (first, *known.json, last) if entries]


def with_entries(body: bytes, name: bytes, entries: list[bytes]) -> bytes:
    """A body whose list of this name, the first there is, is empty, with these entries in it. In the texts
    before it the quotes of a name have backslashes."""
    begin = b'"%b":[' % name
    if not entries:
        return body
    before, after = body.split(begin, 1)
    first, *others = entries
    pieces = [b"".join((before, begin, first)), *others]  # what is long is copied once
    pieces[-1] += after
    return b",".join(pieces)
