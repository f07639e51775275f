"""Answers of the Chat Completions wire to test with: real ones where they lie, and small ones from here."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from msgspec import Struct

from providers.base import Call
from providers.openai_chat.decode import ChatDecoder
from providers.receiving import decode_frames
from providers.sse import SSESplitter
from specs.errors import UpstreamError
from specs.events import Event
from specs.fold import fold
from specs.items import Item

REAL = Path(__file__).resolve().parents[2] / ".." / "shared" / "recordings" / "openai_chat"
ORIGIN = "chat:test"
DONE = b"data: [DONE]\n\n"


class Recorded(Struct, frozen=True):
    """One real answer."""

    path: str
    host: str
    status: int
    body: bytes
    """The whole JSON, or the SSE text."""
    streamed: bool
    request: dict[str, Any] | None = None


def recorded_answers() -> Iterator[Recorded]:
    """Every recorded answer, in the order of their paths."""
    for path in sorted(file for file in REAL.rglob("*") if file.is_file()):
        yield _recorded(path)


def _recorded(path: Path) -> Recorded:
    name, host = str(path.relative_to(REAL)), path.parent.name
    if path.suffix == ".txt":
        return Recorded(name, host, 200, sse(path.read_bytes().splitlines()), True)
    content = json.loads(path.read_bytes())
    if "response" not in content:
        return Recorded(name, host, 200, path.read_bytes(), False)
    body, status = content["response"]["body"], content["response"]["status"]
    if isinstance(body, str):
        return Recorded(name, host, status, body.encode(), True, content["request"]["body"])
    return Recorded(name, host, status, json.dumps(body).encode(), False, content["request"]["body"])


def sse(chunks: Iterable[bytes | dict[str, Any]]) -> bytes:
    """Write chunks as a stream, `[DONE]` at its end."""
    datas = [chunk if isinstance(chunk, bytes) else json.dumps(chunk).encode() for chunk in chunks]
    return b"".join(b"data: " + data + b"\n\n" for data in datas if data.strip()) + DONE


def chunk(delta: dict[str, Any] | None = None, *, finish: str | None = None, **fields: Any) -> dict[str, Any]:
    """One chunk of a stream; `fields` are the chunk's own."""
    choice = {"index": 0, "delta": delta or {}, "finish_reason": finish}
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion.chunk",
        "model": "m-1",
        "choices": [choice],
        **fields,
    }


def call_delta(index: int | None = 0, *, id: str | None = None, **function: Any) -> dict[str, Any]:
    """A delta with one piece of a tool call."""
    call: dict[str, Any] = {"type": "function", "function": function}
    if index is not None:
        call["index"] = index
    if id is not None:
        call["id"] = id
    return {"tool_calls": [call]}


def decoder(*, think_tags: bool = False, warnings: tuple[tuple[str, str], ...] = ()) -> ChatDecoder:
    """A decoder whose ids count up."""
    numbers = itertools.count(1)
    call = Call(step=0, attempt=1, first_item=0, new_id=lambda prefix: f"{prefix}_{next(numbers)}")
    return ChatDecoder(
        call, provider="test", model="asked", origin=ORIGIN, think_tags=think_tags, warnings=warnings
    )


def stream_events(body: bytes, *, think_tags: bool = False, cuts: Iterable[int] = ()) -> list[Event]:
    """Decode a streamed body that arrives cut at these places."""
    reader, splitter = decoder(think_tags=think_tags), SSESplitter()
    bounds = [0, *sorted(cuts), len(body)]
    for start, end in itertools.pairwise(bounds):
        decode_frames(reader, splitter.feed(body[start:end]))
    decode_frames(reader, splitter.finish())
    reader.finish()
    return reader.tracker.take()


def whole_events(body: bytes | dict[str, Any], *, think_tags: bool = False) -> list[Event]:
    """Decode a whole answer."""
    reader = decoder(think_tags=think_tags)
    reader.whole(body if isinstance(body, bytes) else json.dumps(body).encode())
    return reader.tracker.take()


def events_of(recorded: Recorded) -> tuple[list[Event], UpstreamError | None]:
    """Decode a recorded answer; an error in the stream closes it as the transport's owner would."""
    reader = decoder()
    try:
        if recorded.streamed:
            splitter = SSESplitter()
            decode_frames(reader, splitter.feed(recorded.body) + splitter.finish())
            reader.finish()
        else:
            reader.whole(recorded.body)
    except UpstreamError as failure:
        reader.tracker.end_step("error")
        return reader.tracker.take(), failure
    return reader.tracker.take(), None


def streamed(*chunks: dict[str, Any], think_tags: bool = False) -> list[Event]:
    """Decode these chunks as a whole stream."""
    return stream_events(sse(chunks), think_tags=think_tags)


def items_of(events: list[Event]) -> tuple[Item, ...]:
    """The items a stream folds to."""
    return fold(events).items


def pieces(text: str, size: int) -> list[str]:
    """The text cut into pieces."""
    return [text[start : start + size] for start in range(0, len(text), size)]


def restreamed(answer: dict[str, Any], size: int = 7) -> bytes:
    """A whole answer as the server might have streamed it."""
    choice = answer["choices"][0]
    message = choice["message"]
    same = {"id": answer.get("id"), "model": answer.get("model")}
    deltas: list[dict[str, Any]] = [{"role": "assistant", "content": ""}]
    for name in ("reasoning_content", "reasoning", "content", "refusal"):
        if name == "content":
            deltas.extend(
                {"reasoning_details": [detail]} for detail in message.get("reasoning_details") or ()
            )
        if name == "reasoning" and message.get("reasoning_details"):
            continue
        value = message.get(name)
        deltas.extend({name: piece} for piece in pieces(value, size)) if isinstance(value, str) else None
        deltas.extend({name: [part]} for part in value) if isinstance(value, list) else None
    deltas.extend({"annotations": [one]} for one in message.get("annotations") or ())
    for index, call in enumerate(message.get("tool_calls") or ()):
        function = call["function"]
        deltas.append(call_delta(index, id=call["id"], name=function["name"], arguments=""))
        deltas.extend(call_delta(index, arguments=piece) for piece in pieces(function["arguments"], size))
    chunks = [chunk(delta, **same) for delta in deltas]
    usage = {"choices": [], "usage": answer.get("usage")}
    return sse([*chunks, chunk(finish=choice.get("finish_reason"), **same), usage])
