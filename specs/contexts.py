"""A context that grows: what was found of it once need not be looked for again when more follows.

A `Context` is a tuple of items like any other. What makes another tuple of it loses what was found, and so
never has what is not true of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Protocol, TypeVar

from msgspec import Struct

from specs.items import Item

T = TypeVar("T")


class Look(Protocol[T]):
    """Something to be found of items by looking at each of them, in order. Of every class of them a context
    remembers the last one that was asked for: what it depends on are its fields, by which it is compared."""

    def look(self, known: T | None, items: Sequence[Item]) -> T:
        """What is found of all items, when `known` was found of those before these."""
        ...


class Context(tuple[Item, ...]):
    """Items of which those of `before` are the first."""

    before: Context | None

    def __new__(cls, items: Iterable[Item], *, before: Context | None = None) -> Context:
        made = super().__new__(cls, items)
        made.before = before
        made._findings = {}
        return made

    _findings: dict[type[Look[Any]], tuple[Look[Any], Any]]

    def grown(self, more: tuple[Item, ...]) -> Context:
        """This and more."""
        return Context(self + more, before=self) if more else self

    def found(self, look: Look[T]) -> T:
        """What a look finds; of what was looked at before, only what has been added is looked at."""
        remembered = self._findings.get(type(look))
        if remembered is not None and remembered[0] == look:
            return remembered[1]
        before = self.before
        if before is None:
            finding = look.look(None, self)
        else:
            finding = look.look(before.found(look), self[len(before) :])
        self._findings[type(look)] = (look, finding)
        return finding


def grown(items: tuple[Item, ...], more: tuple[Item, ...]) -> tuple[Item, ...]:
    """The items and more; what was found of the items is still known."""
    return items.grown(more) if isinstance(items, Context) else items + more


def found_in(items: Sequence[Item], look: Look[T]) -> T:
    """What a look finds of any items."""
    return items.found(look) if isinstance(items, Context) else look.look(None, items)


class Kinds(Struct, frozen=True):
    """Which kinds of items there are."""

    def look(self, known: frozenset[type[Item]] | None, items: Sequence[Item]) -> frozenset[type[Item]]:
        """See `Look`."""
        kinds = frozenset(map(type, items))
        return kinds if known is None else known | kinds


KINDS = Kinds()
