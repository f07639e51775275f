"""Buckets of usage: which stretch of time a request asks for, and what falls into each bucket of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from litestar import Request
from msgspec import Struct, structs

from service.http.house import house_of
from service.http.organization.common import now, texts_of
from service.http.organization.queries import integer_of, text_of
from service.store.entry_records import Grouping, UsageBucket
from specs.errors import InvalidRequest

DIMENSIONS = {"project_id": "project", "user_id": "user", "api_key_id": "key"}
"""What both reports can be grouped and filtered by, and its name in the store."""
_PAGE = "page_"


class Window(Struct, frozen=True):
    """A page of buckets."""

    since: int
    """Included; the first bucket may have begun before."""
    until: int
    """Not included."""
    width: int
    page_ends: int
    """Where this page's last bucket ends."""

    @property
    def starts(self) -> range:
        """The moments its buckets begin."""
        return range(self.since - self.since % self.width, min(self.until, self.page_ends), self.width)

    @property
    def next_page(self) -> str | None:
        """What the following page is asked for by; None where this is the last."""
        return f"{_PAGE}{self.page_ends}" if self.page_ends < self.until else None


def window_of(request: Request[Any, Any, Any], *, width: int, default: int, most: int) -> Window:
    """The page that is asked for. Raises InvalidRequest naming the parameter."""
    if text_of(request, "start_time") is None:
        raise InvalidRequest("start_time: required, in Unix seconds.", param="start_time")
    limit = integer_of(request, "limit", default=default)
    if not 1 <= limit <= most:
        raise InvalidRequest(f"limit must be from 1 to {most}; got {limit}.", param="limit")
    since = max(integer_of(request, "start_time", default=0), _page_start(request))
    until = integer_of(request, "end_time", default=now() + 1)
    return Window(since, until, width, since - since % width + limit * width)


def _page_start(request: Request[Any, Any, Any]) -> int:
    text = text_of(request, "page")
    if text is None:
        return 0
    number = text.removeprefix(_PAGE)
    if not text.startswith(_PAGE) or not (number.isascii() and number.isdigit() and len(number) < 14):
        raise InvalidRequest(f"page: {text[:80]!r} is no next_page of ours.", param="page")
    return int(number)


def groups_of(request: Request[Any, Any, Any], allowed: Sequence[str]) -> frozenset[str]:
    """What is asked to be grouped by. Raises InvalidRequest naming what cannot be."""
    asked = texts_of(request, "group_by")
    for name in asked:
        if name not in allowed:
            words = ", ".join(allowed)
            raise InvalidRequest(
                f"group_by: {name[:80]!r} is not recorded; there are: {words}.", param="group_by"
            )
    return frozenset(asked)


async def sums_of(
    request: Request[Any, Any, Any],
    window: Window,
    *,
    dimensions: Mapping[str, str],
    groups: frozenset[str],
    filters: Mapping[str, Sequence[str]],
) -> dict[int, list[UsageBucket]]:
    """The sums of a page by the start of their bucket: read as fine as they are filtered, added up as they
    are grouped. `dimensions` are the names a request has for those of the store."""
    wanted = {dimensions[name] for name in groups if name in dimensions}
    kept = {dimensions[name]: frozenset(values) for name, values in filters.items() if values}
    grouping = Grouping(**dict.fromkeys(wanted | kept.keys(), True))
    until = min(window.until, window.page_ends)
    rows = await house_of(request).desk.entries.buckets(
        since=window.since, until=until, width=window.width, grouping=grouping
    )
    fits = (row for row in rows if all(getattr(row, name) in values for name, values in kept.items()))
    return _added(fits, forgotten=kept.keys() - wanted)


_GROUP = ("start", "project", "key", "user", "model")
_COUNTS = tuple(name for name in UsageBucket.__struct_fields__ if name not in _GROUP)


def _added(rows: Iterable[UsageBucket], *, forgotten: Iterable[str]) -> dict[int, list[UsageBucket]]:
    """Add up what differs only in what it is not grouped by."""
    nothing = dict.fromkeys(forgotten)
    sums: dict[tuple[object, ...], UsageBucket] = {}
    for row in rows:
        row = structs.replace(row, **nothing)
        group = tuple(getattr(row, name) for name in _GROUP)
        before = sums.get(group)
        sums[group] = row if before is None else _both(before, row)
    found: dict[int, list[UsageBucket]] = {}
    for row in sums.values():
        found.setdefault(row.start, []).append(row)
    return found


def _both(one: UsageBucket, other: UsageBucket) -> UsageBucket:
    counts = {name: getattr(one, name) + getattr(other, name) for name in _COUNTS}
    return structs.replace(one, **counts)
