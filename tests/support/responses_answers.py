"""The Responses API in tests: answers built by hand or recorded, decoded; requests encoded."""

from __future__ import annotations

import itertools
import json
from pathlib import Path
from typing import Any, NamedTuple

from providers.base import Call
from providers.openai_responses.decode import ResponsesDecoder
from providers.openai_responses.encode import encode
from providers.openai_responses.profile import ResponsesProfile
from specs.errors import UpstreamError
from specs.events import Event
from specs.fold import Fold, fold
from specs.items import Item
from specs.requests import ModelRequest

RECORDINGS = Path(__file__).resolve().parents[2] / ".." / "shared" / "recordings" / "openai_responses"
ORIGIN = "responses:api.openai.com"

JSON = dict[str, Any]
USAGE: JSON = {
    "input_tokens": 30,
    "input_tokens_details": {"cached_tokens": 20, "cache_write_tokens": 4},
    "output_tokens": 12,
    "output_tokens_details": {"reasoning_tokens": 5},
    "total_tokens": 42,
}


class Decoded(NamedTuple):
    """What a decoder made of an answer, ended as the transport ends it."""

    events: list[Event]
    error: UpstreamError | None

    @property
    def folded(self) -> Fold:
        """The events, folded."""
        return fold(self.events)


def decoder(*, first_item: int = 0, warnings: tuple[tuple[str, str], ...] = ()) -> ResponsesDecoder:
    """A decoder whose ids are counted."""
    numbers = itertools.count()
    call = Call(step=1, attempt=1, first_item=first_item, new_id=lambda prefix: f"{prefix}_{next(numbers)}")
    return ResponsesDecoder(call, provider="openai", model="asked", origin=ORIGIN, warnings=warnings)


def decode_stream(frames: list[JSON] | list[bytes], reader: ResponsesDecoder | None = None) -> Decoded:
    """Decode a stream of frames, as objects or as their bytes."""
    reader = reader or decoder()
    error = None
    try:
        for frame in frames:
            reader.feed("", frame if isinstance(frame, bytes) else json.dumps(frame).encode())
        reader.finish()
    except UpstreamError as raised:
        error = raised
        reader.tracker.end_step("error")
    return Decoded(reader.tracker.take(), error)


def decode_whole(body: JSON) -> Decoded:
    """Decode a whole answer."""
    reader = decoder()
    error = None
    try:
        reader.whole(json.dumps(body).encode())
    except UpstreamError as raised:
        error = raised
        reader.tracker.end_step("error")
    return Decoded(reader.tracker.take(), error)


def created(**fields: Any) -> JSON:
    """`response.created`."""
    response = {"id": "resp_1", "model": "gpt-serving", "status": "in_progress", "output": [], **fields}
    return {"type": "response.created", "response": response}


def terminal(status: str = "completed", output: list[JSON] | None = None, **fields: Any) -> JSON:
    """The terminal event of a status."""
    return {"type": f"response.{status}", "response": response(status, output, **fields)}


def response(status: str = "completed", output: list[JSON] | None = None, **fields: Any) -> JSON:
    """A response that is over."""
    body = {"id": "resp_1", "model": "gpt-serving", "status": status, "output": output or [], "usage": USAGE}
    return {**body, **fields}


def added(index: int, item: JSON) -> JSON:
    """`response.output_item.added`."""
    return {"type": "response.output_item.added", "output_index": index, "item": item}


def done(index: int, item: JSON) -> JSON:
    """`response.output_item.done`."""
    return {"type": "response.output_item.done", "output_index": index, "item": item}


def delta(index: int, data: str, kind: str = "output_text", **fields: Any) -> JSON:
    """A delta, of text unless another kind is named."""
    return {"type": f"response.{kind}.delta", "output_index": index, "delta": data, **fields}


def message(*texts: str, item_id: str = "msg_up", **fields: Any) -> JSON:
    """A message item of these texts."""
    content = [{"type": "output_text", "text": text, "annotations": [], "logprobs": []} for text in texts]
    item = {"id": item_id, "type": "message", "role": "assistant", "status": "completed", "content": content}
    return {**item, **fields}


def function_call(name: str, arguments: str, *, call_id: str | None = None, **fields: Any) -> JSON:
    """A function call item."""
    item = {"id": f"fc_{name}", "type": "function_call", "status": "completed", "name": name}
    return {**item, "call_id": call_id or f"call_{name}", "arguments": arguments, **fields}


def reasoning(*summaries: str, sealed: str | None = None, item_id: str = "rs_up", **fields: Any) -> JSON:
    """A reasoning item."""
    summary = [{"type": "summary_text", "text": text} for text in summaries]
    item = {"id": item_id, "type": "reasoning", "summary": summary, "encrypted_content": sealed}
    return {**item, **fields}


def encode_request(
    *items: Item, profile: ResponsesProfile | None = None, **fields: Any
) -> tuple[JSON, list[str]]:
    """The body of a request for these items, and the fields that were warned about."""
    request = ModelRequest(model="gpt-5", items=items, **fields)
    encoded = encode(request, profile=profile or ResponsesProfile(), origin=ORIGIN)
    return json.loads(encoded.body), [field for field, _ in encoded.warnings]


class Recording(NamedTuple):
    """One recorded file: what was asked, and the answer, whole or as streams."""

    name: str
    path: str
    status: int
    request: JSON
    body: JSON
    streams: list[list[bytes]]


def recordings() -> list[Recording]:
    """Every recorded file, in order; none where the folder is absent."""
    return [_recording(path) for path in sorted(RECORDINGS.glob("*/*"))]


def _recording(path: Path) -> Recording:
    name, text = f"{path.parent.name}/{path.name}", path.read_text()
    if path.suffix == ".txt":
        return Recording(name, "/v1/responses", 200, {}, {}, _streams(text.splitlines()))
    exchange = json.loads(text)
    if "host" not in exchange:
        status = 400 if "error" in exchange and "output" not in exchange else 200
        return Recording(name, "/v1/responses", status, {}, exchange, [])
    request, answer = exchange["request"], exchange["response"]
    body, streams = answer["body"], []
    if isinstance(body, str):
        lines = [line[5:] for line in body.splitlines() if line.startswith("data:")]
        body, streams = {}, _streams(lines)
    return Recording(name, request["path"], answer["status"], request.get("body") or {}, body, streams)


def _streams(lines: list[str]) -> list[list[bytes]]:
    """The data of frames, cut where another response begins: one file may hold several."""
    streams: list[list[bytes]] = []
    for line in filter(None, map(str.strip, lines)):
        if not streams or '"type":"response.created"' in line.replace(" ", ""):
            streams.append([])
        streams[-1].append(line.encode())
    return streams
