"""What options are written as: money, moments, spans."""

from __future__ import annotations

import re
import time
from datetime import UTC, datetime, timedelta

import click

from specs.money import parse_usd

_SPAN = re.compile(r"(\d+)([smhdw])")
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
MOST_SECONDS = 10 * 366 * 86_400


class Amount(click.ParamType):
    """Dollars as a decimal string; nano-dollars inside."""

    name = "usd"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Read the dollars."""
        try:
            return parse_usd(value)
        except ValueError as error:
            self.fail(str(error), param, ctx)


class Span(click.ParamType):
    """`30d` or `12h`; seconds inside."""

    name = "span"

    def convert(self, value: str | int, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Read how long it is."""
        if isinstance(value, int):
            return value
        span = read_span(value)
        if span is None or span > MOST_SECONDS:
            self.fail(f"{value!r} is no span (30d, 12h, 0s)", param, ctx)
        return span


class Expiry(click.ParamType):
    """`30d`, `12h` or a date; Unix seconds inside."""

    name = "when"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Read when it is."""
        try:
            expires = read_expiry(value, now=datetime.now(UTC))
        except (ValueError, OverflowError):
            self.fail(f"{value!r} is no span (30d, 12h) and no date (2026-12-31)", param, ctx)
        if expires <= time.time():
            self.fail(f"{value!r} is in the past", param, ctx)
        return expires


def read_span(text: str) -> int | None:
    """The seconds a span has; None where it is none."""
    span = _SPAN.fullmatch(text.strip())
    if span is None:
        return None
    try:
        return int(timedelta(**{_UNITS[span[2]]: int(span[1])}).total_seconds())
    except OverflowError:
        return None


def read_expiry(text: str, *, now: datetime) -> int:
    """The moment a span or date means; a bare date is good to its end, in UTC. Raises ValueError."""
    if span := _SPAN.fullmatch(text.strip()):
        return int((now + timedelta(**{_UNITS[span[2]]: int(span[1])})).timestamp())
    when = datetime.fromisoformat(text.strip())
    if len(text.strip()) <= len("2026-12-31"):
        when += timedelta(days=1)
    return int((when if when.tzinfo else when.replace(tzinfo=UTC)).timestamp())
