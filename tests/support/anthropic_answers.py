"""Answers of the Messages API to test its adapter with: our own recordings, written after the published
documentation, and those of real exchanges where they lie beside the project.
"""

from __future__ import annotations

import itertools
import json
from pathlib import Path
from typing import Any

from msgspec import Struct

from providers.anthropic.decode import MessagesDecoder
from providers.base import Call
from providers.failures import CONTENT_EXCEPTIONS
from providers.receiving import decode_frames
from specs.errors import UpstreamError
from specs.events import Event
from tests.support.frames import split, text_of

Frame = tuple[str, bytes]
ORIGIN = "anthropic:test"
OWN = Path(__file__).parent / "recordings" / "anthropic"
REAL = Path(__file__).resolve().parents[2] / ".." / "shared" / "recordings" / "anthropic"


def decoder(**changes: Any) -> MessagesDecoder:
    """A decoder whose ids count up."""
    numbers = itertools.count()
    call = Call(step=0, attempt=1, first_item=0, new_id=lambda prefix: f"{prefix}_{next(numbers)}")
    given = {"provider": "anthropic", "model": "claude-test", "origin": ORIGIN} | changes
    return MessagesDecoder(call, **given)


def own(name: str) -> list[Frame]:
    """The frames of one of our own recordings."""
    return split((OWN / f"{name}.sse").read_bytes())


OWN_NAMES = sorted(path.stem for path in OWN.glob("*.sse"))
COMPLETE = [name for name in OWN_NAMES if not name.startswith("error_")]


def streamed(frames: list[Frame]) -> list[Event]:
    """What a stream decodes to when it ends after these frames."""
    reading = decoder()
    decode_frames(reading, text_of(frames))
    reading.finish()
    return reading.tracker.take()


def cut(frames: list[Frame]) -> list[Event]:
    """What it decodes to when it fails, or ends too soon, after these frames; a last one may be cut."""
    reading = decoder()
    try:
        decode_frames(reading, text_of(frames))
        reading.finish()
    except (UpstreamError, *CONTENT_EXCEPTIONS):
        reading.tracker.end_step("error")
    return reading.tracker.take()


def whole(data: bytes) -> list[Event]:
    """What a whole answer decodes to."""
    reading = decoder()
    reading.whole(data)
    return reading.tracker.take()


class Answer(Struct):
    """One recorded answer: its frames, or its whole body."""

    name: str
    frames: list[Frame] | None = None
    body: bytes = b""
    status: int = 200

    @property
    def messages(self) -> list[dict[str, Any]]:
        """Its JSON documents."""
        documents = [self.body] if self.frames is None else [data for _, data in self.frames]
        return [json.loads(document) for document in documents]


def real_answers() -> list[Answer]:
    """Every answer of the real exchanges; a file that holds several streams gives several."""
    return [answer for path in sorted(REAL.glob("*/*")) for answer in _answers_of(path)]


def real_requests() -> list[tuple[str, dict[str, Any]]]:
    """(path, body) of every request of the real exchanges."""
    exchanges = [json.loads(path.read_text()) for path in sorted((REAL / "anthropic").glob("*.json"))]
    return [(each["request"]["path"], each["request"]["body"]) for each in exchanges]


def _answers_of(path: Path) -> list[Answer]:
    if path.name.endswith(".chunks.txt"):
        return _streams_of(path)
    document = json.loads(path.read_text())
    status = document["response"]["status"] if "request" in document else 200
    body = document["response"]["body"] if "request" in document else document
    if isinstance(body, str):
        return [Answer(path.name, split(body.encode()), status=status)]
    return [Answer(path.name, body=json.dumps(body).encode(), status=status)]


def _streams_of(path: Path) -> list[Answer]:
    """Each line is the data of one event; `message_stop` ends a stream."""
    answers: list[Answer] = []
    frames: list[Frame] = []
    for line in path.read_bytes().splitlines():
        if line.strip():
            frames.append(("", line))
        if b'"message_stop"' in line:
            answers.append(Answer(f"{path.name}#{len(answers)}", frames))
            frames = []
    assert not frames, f"{path.name} has frames after its last message_stop"
    return answers
