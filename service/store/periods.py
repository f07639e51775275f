"""Days, months and refills on the calendar of UTC: when a period began and when the next one begins."""

from __future__ import annotations

from calendar import monthrange
from datetime import UTC, datetime
from typing import Literal, TypeAlias, get_args

DAY = 86_400
Unit: TypeAlias = Literal["second", "minute", "hour", "day", "week", "month"]
UNITS: tuple[Unit, ...] = get_args(Unit)
_SECONDS = {"second": 1, "minute": 60, "hour": 3_600, "day": DAY, "week": 7 * DAY}


def day_begins(now: int) -> int:
    """The midnight a moment's day began with."""
    return now - now % DAY


def day_ends(now: int) -> int:
    """The midnight the next day begins with."""
    return day_begins(now) + DAY


def month_begins(now: int) -> int:
    """The midnight a moment's month began with."""
    when = datetime.fromtimestamp(now, UTC)
    return int(datetime(when.year, when.month, 1, tzinfo=UTC).timestamp())


def month_ends(now: int) -> int:
    """The midnight the next month begins with."""
    return _months_after(month_begins(now), 1)


def next_due(anchor: int, every: int, unit: Unit, *, now: int) -> int:
    """The first moment after `now` that lies whole periods after the anchor.

    Months keep the anchor's day and hour; where a month is too short it is its last day.
    """
    if unit != "month":
        length = every * _SECONDS[unit]
        return anchor + max(1, (now - anchor) // length + 1) * length
    first, then = datetime.fromtimestamp(anchor, UTC), datetime.fromtimestamp(now, UTC)
    months = (then.year - first.year) * 12 + then.month - first.month
    count = max(1, months // every)
    while _months_after(anchor, count * every) <= now:
        count += 1
    return _months_after(anchor, count * every)


def _months_after(moment: int, months: int) -> int:
    when = datetime.fromtimestamp(moment, UTC)
    year, month = divmod(when.year * 12 + when.month - 1 + months, 12)
    day = min(when.day, monthrange(year, month + 1)[1])
    return int(when.replace(year=year, month=month + 1, day=day).timestamp())
