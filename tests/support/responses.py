"""The wire of the Responses API in tests: a request's body, a rendered stream, and its grammar."""

from __future__ import annotations

import json
import re
from typing import Any

import msgspec

from service.dialects.responses import ResponsesDialect
from specs.events import Event
from tests.support.events import counting_ids

Wire = dict[str, Any]
DIALECT = ResponsesDialect()

_CONTENT = (
    "content_part.added (?:output_text.delta )*(?:output_text.annotation.added )*"
    "output_text.done content_part.done "
)
_REFUSAL = "content_part.added (?:refusal.delta )*refusal.done content_part.done "
_SUMMARY = (
    "reasoning_summary_part.added (?:reasoning_summary_text.delta )*"
    "reasoning_summary_text.done reasoning_summary_part.done "
)
_INNER = {
    "message": f"(?:{_CONTENT}|{_REFUSAL})*",
    "reasoning": f"(?:{_SUMMARY})*",
    "function_call": "(?:function_call_arguments.delta )*function_call_arguments.done ",
    "custom_tool_call": "(?:custom_tool_call_input.delta )*custom_tool_call_input.done ",
    "mcp_call": (
        "mcp_call.in_progress (?:mcp_call_arguments.delta )*mcp_call_arguments.done "
        "(?:mcp_call.completed|mcp_call.failed) "
    ),
    "function_call_output": "",
}
_TERMINAL = ("response.completed", "response.incomplete", "response.failed")


def body(**fields: Any) -> bytes:
    """A request's body: the least that is valid, with these fields."""
    return json.dumps({"model": "agent_demo", "input": "Hello", **fields}).encode()


def rendered(
    events: list[Event], dialect: ResponsesDialect = DIALECT, **fields: Any
) -> tuple[list[Wire], Wire]:
    """The stream and the whole answer, as JSON, of a run that this request asked for."""
    reading = dialect.read(body(**fields), counting_ids())
    renderer = dialect.renderer(reading, counting_ids())
    stream = [as_json(event) for event in renderer.feed(events)]
    return stream, as_json(renderer.whole())


def as_json(value: object) -> Any:
    """What a client parses."""
    return json.loads(msgspec.json.encode(value))


def as_sse(stream: list[Wire]) -> bytes:
    """The frames a client reads."""
    frames = [f"event: {event['type']}\ndata: {json.dumps(event)}\n\n" for event in stream]
    return "".join([*frames, "data: [DONE]\n\n"]).encode()


def check_grammar(stream: list[Wire]) -> None:
    """Hold a stream to the grammar of the digest: order, nesting, numbers, one terminal event."""
    assert [event["sequence_number"] for event in stream] == list(range(len(stream)))
    kinds = [event["type"] for event in stream]
    assert kinds[:2] == ["response.created", "response.in_progress"]
    assert [kind for kind in kinds if kind in _TERMINAL] == kinds[-1:]
    for index, events in _by_item(stream).items():
        kind = events[0]["item"]["type"]
        words = "".join(f"{event['type'].removeprefix('response.')} " for event in events)
        assert re.fullmatch(f"output_item.added {_INNER[kind]}output_item.done ", words), words
        _check_item(events, stream[-1]["response"]["output"][index])


def _by_item(stream: list[Wire]) -> dict[int, list[Wire]]:
    items: dict[int, list[Wire]] = {}
    for event in stream[2:-1]:
        items.setdefault(event["output_index"], []).append(event)
    assert list(items) == list(range(len(stream[-1]["response"]["output"])))
    return items


def _check_item(events: list[Wire], final: Wire) -> None:
    """One id throughout; what streamed is what the item and the response end with."""
    assert events[-1]["item"] == final
    assert {event.get("item_id", final["id"]) for event in events} == {final["id"]}
    assert events[0]["item"]["id"] == final["id"]
    match final["type"]:
        case "message":
            streamed = _streamed(events, "content_index", ("text", "refusal"))
            assert streamed == [part.get("text", part.get("refusal")) for part in final["content"]]
        case "reasoning":
            streamed = _streamed(events, "summary_index", ("text",))
            assert streamed == [part["text"] for part in final["summary"]]
        case "function_call" | "mcp_call":
            assert _joined(events) == final["arguments"]
            assert [event["arguments"] for event in events if "arguments" in event] == [final["arguments"]]


def _streamed(events: list[Wire], index: str, fields: tuple[str, ...]) -> list[str]:
    """The text of each part, by its deltas; its `done` and its part have to say the same."""
    texts = []
    parts: dict[int, list[Wire]] = {}
    for event in events:
        if index in event:
            parts.setdefault(event[index], []).append(event)
    assert list(parts) == list(range(len(parts)))
    for own in parts.values():
        done = [event[field] for event in own for field in fields if field in event]
        whole = [own[-1]["part"].get(field) for field in fields if field in own[-1]["part"]]
        assert [_joined(own)] == done == whole
        texts += done
    return texts


def _joined(events: list[Wire]) -> str:
    return "".join(event["delta"] for event in events if "delta" in event)
