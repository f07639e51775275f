"""The headers that tell of a run or a failure beside its body."""

from __future__ import annotations

from math import ceil
from typing import Any

from specs.errors import Failure
from specs.events import Event, StepStarted, Warned

MAX_WARNING_CHARACTERS = 1_000

Headers = list[tuple[bytes, bytes]]


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
    served = [event for event in events if type(event) is StepStarted]
    if served:
        headers.append((b"x-dragoman-model", _value(f"{served[-1].provider}/{served[-1].model}")))
    warnings = "; ".join(event.message for event in events if type(event) is Warned)
    if warnings:
        headers.append((b"x-dragoman-warning", _value(warnings[:MAX_WARNING_CHARACTERS])))
    return headers


def _value(text: str) -> bytes:
    """A header's value: printable ASCII, the rest as `?`."""
    return bytes(code if 32 <= code < 127 else 63 for code in text.encode("ascii", "replace"))
