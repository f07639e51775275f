"""Answers of `generateContent` to test its adapter with: small ones from here, and those of real
exchanges where they lie beside the project."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from msgspec import Struct

from providers.base import Call
from providers.failures import CONTENT_EXCEPTIONS
from providers.google.decode import GeminiDecoder
from specs.errors import UpstreamError
from specs.events import Event
from specs.fold import fold
from specs.items import Item
from tests.support.frames import split

REAL = Path(__file__).resolve().parents[2] / ".." / "shared" / "recordings" / "google"
ORIGIN = "gemini:test"


class Recorded(Struct, frozen=True):
    """One real exchange."""

    path: str
    status: int
    chunks: list[dict[str, Any]]
    """One where it was answered whole."""
    streamed: bool
    method: str = "generateContent"
    request: dict[str, Any] | None = None


def recorded() -> Iterator[Recorded]:
    """Every recorded exchange, in the order of their paths."""
    for path in sorted(file for file in REAL.rglob("*") if file.is_file()):
        name, content = str(path.relative_to(REAL)), path.read_text()
        if path.suffix == ".txt":
            yield Recorded(name, 200, [json.loads(line) for line in content.splitlines() if line], True)
            continue
        found = json.loads(content)
        if "response" not in found:
            yield Recorded(name, 200, [found], False)
            continue
        body, asked = found["response"]["body"], found["request"]
        chunks = _chunks(body) if isinstance(body, str) else [body]
        method = asked["path"].rpartition(":")[2].partition("?")[0]
        yield Recorded(
            name, found["response"]["status"], chunks, isinstance(body, str), method, asked["body"]
        )


def _chunks(body: str) -> list[dict[str, Any]]:
    return [json.loads(line[6:]) for line in body.splitlines() if line.startswith("data: ")]


def sse(chunks: Iterable[dict[str, Any]]) -> bytes:
    """Write chunks as a stream."""
    return b"".join(b"data: " + json.dumps(chunk).encode() + b"\r\n\r\n" for chunk in chunks)


def chunk(*parts: dict[str, Any], finish: str | None = None, **fields: Any) -> dict[str, Any]:
    """One chunk of a stream; `fields` are the chunk's own."""
    candidate: dict[str, Any] = {"content": {"role": "model", "parts": list(parts)}, "index": 0}
    if finish is not None:
        candidate["finishReason"] = finish
    return {"candidates": [candidate], "modelVersion": "gemini-test", "responseId": "r1", **fields}


def counts(prompt: int, candidates: int, **more: Any) -> dict[str, Any]:
    """A `usageMetadata`."""
    return {
        "promptTokenCount": prompt,
        "candidatesTokenCount": candidates,
        "totalTokenCount": prompt + candidates + more.get("thoughtsTokenCount", 0),
        **more,
    }


def decoder(**changes: Any) -> GeminiDecoder:
    """A decoder whose ids count up."""
    numbers = itertools.count()
    call = Call(step=0, attempt=1, first_item=0, new_id=lambda prefix: f"{prefix}_{next(numbers)}")
    given = {"provider": "google", "model": "gemini-test", "origin": ORIGIN} | changes
    return GeminiDecoder(call, **given)


def streamed(chunks: Iterable[dict[str, Any]]) -> list[Event]:
    """What a stream of these chunks decodes to."""
    reading = decoder()
    for event, data in split(sse(chunks)):
        reading.feed(event, data)
    reading.finish()
    return reading.tracker.take()


def cut(chunks: Iterable[dict[str, Any]]) -> tuple[list[Event], Exception | None]:
    """What it decodes to when it fails, or ends too soon, after these chunks."""
    reading, failure = decoder(), None
    try:
        for one in chunks:
            reading.feed("", json.dumps(one).encode())
        reading.finish()
    except (UpstreamError, *CONTENT_EXCEPTIONS) as error:
        failure = error
        reading.tracker.end_step("error")
    return reading.tracker.take(), failure


def whole(answer: dict[str, Any]) -> list[Event]:
    """What a whole answer decodes to."""
    reading = decoder()
    reading.whole(json.dumps(answer).encode())
    return reading.tracker.take()


def events_of(answer: Recorded) -> list[Event]:
    """What a recorded answer decodes to."""
    return streamed(answer.chunks) if answer.streamed else whole(answer.chunks[0])


def items_of(events: list[Event]) -> tuple[Item, ...]:
    """The items of one call."""
    return fold(events).items
