"""The headers that tell of a run or a failure beside its body."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil
from typing import Any

from service.ledger.settling import Settlement
from specs.errors import Failure
from specs.events import Event, StepStarted, Warned
from specs.money import format_usd

MAX_WARNING_CHARACTERS = 1_000

Headers = list[tuple[bytes, bytes]]
_PRINTABLE = bytes(code if 32 <= code < 127 else 63 for code in range(256))
"""Any byte to what a header's value may hold."""


def header(scope: Any, name: bytes) -> str | None:
    """The value of a request's header, named in lower case; `scope` is ASGI's.

    For routes that are asked all the time: the framework's own headers are a multidict it has to make.
    """
    for known, value in scope["headers"]:
        if known == name:
            return value.decode("latin-1")
    return None


def failure_headers(failure: Failure) -> Headers:
    """`retry-after` where a retry can help, `x-should-retry: false` where it cannot."""
    if failure.retryable is False:
        return [(b"x-should-retry", b"false")]
    if failure.retry_after is not None:
        return [(b"retry-after", str(max(1, ceil(failure.retry_after))).encode())]
    return []


def run_headers(events: list[Event]) -> Headers:
    """Which model serves (`x-dragoman-model`), and what could not be honoured (`x-dragoman-warning`)."""
    headers: Headers = []
    told = [event for event in events if type(event) is StepStarted or type(event) is Warned]
    warnings: list[str] = []
    for event in told:
        if isinstance(event, Warned):
            warnings.append(event.message)
        else:
            headers = [(b"x-dragoman-model", _value(f"{event.provider}/{event.model}"))]
    if warnings:
        joined = "; ".join(warnings)[:MAX_WARNING_CHARACTERS]
        headers.append((b"x-dragoman-warning", _value(joined)))
    return headers


def paid_headers(settled: Sequence[Settlement]) -> Headers:
    """What a run cost its account (`x-dragoman-cost-usd`), and what that has left, unless it has no limit."""
    charged = sum([settlement.charged for settlement in settled])
    headers = [(b"x-dragoman-cost-usd", format_usd(charged).encode())]
    left = settled[-1].left if settled else None
    if left is not None and left.available is not None:
        headers.append((b"x-dragoman-balance-usd", format_usd(left.available).encode()))
    if left is not None and left.low:
        headers.append((b"x-dragoman-balance-low", b"true"))
    return headers


def _value(text: str) -> bytes:
    """A header's value: printable ASCII, the rest as `?`."""
    return text.encode("ascii", "replace").translate(_PRINTABLE)
