"""Deltas of one part that came together are rendered together: a read of the upstream brings many."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import groupby
from operator import attrgetter
from typing import cast

from msgspec import Struct

from specs.events import Delta, Event

_place = attrgetter("index", "part")


class Deltas(Struct, gc=False):
    """Neighbouring deltas of one part."""

    index: int
    part: int
    deltas: list[Delta]


def gathered(events: Iterable[Event]) -> Iterator[Event | Deltas]:
    """The events in their order, neighbouring deltas of one part as one."""
    for kind, alike in groupby(events, type):
        if kind is not Delta:
            yield from alike
        else:
            for (index, part), deltas in groupby(cast("Iterator[Delta]", alike), _place):
                yield Deltas(index, part, list(deltas))
