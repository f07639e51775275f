"""OpenAI Responses: the full event grammar.

https://platform.openai.com/docs/api-reference/responses-streaming
"""

from __future__ import annotations

from typing import Any, TypeAlias

from tests.support.answers import Answer
from tests.support.script import ErrorBody, ToolCall
from tests.support.wires.frames import Frame, Tokens, encode, in_turn, named_frame

CREATED = 1_700_000_000
REASONS = {"length": "max_output_tokens", "content_filter": "content_filter"}

Event: TypeAlias = dict[str, Any]
Entry: TypeAlias = tuple[Event, str]
"""An event and the text it carries."""


def stream(answer: Answer, body: dict[str, Any]) -> list[Frame]:
    """The answer in events; only the terminal one carries usage."""
    opened = _response(answer, status="in_progress", output=[])
    items = _items(answer)
    blocks = [_block(answer, index, item) for index, item in enumerate(items)]
    calls_from = len(blocks) - len(answer.calls)
    entries: list[Entry] = [
        ({"type": "response.created", "response": opened}, ""),
        ({"type": "response.in_progress", "response": opened}, ""),
        *in_turn(blocks[:calls_from], interleaved=False),
        *in_turn(blocks[calls_from:], interleaved=answer.interleaved),
    ]
    frames = [_frame(number, *entry) for number, entry in enumerate(entries)]
    return [*frames, *_terminals(answer, number=len(frames))]


def whole(answer: Answer) -> Frame:
    """The answer as one JSON body."""
    tokens = answer.tokens if answer.usage_times else None
    return Frame(encode(_finished(answer)), tokens, "".join(answer.text))


def failure(error: ErrorBody) -> Frame:
    """An error inside a stream that has begun."""
    details = {"code": error.code or error.type, "message": error.message}
    response = {"id": "resp_failed", "object": "response", "status": "failed", "output": [], "error": details}
    return _frame(0, {"type": "response.failed", "response": response}, "")


def error_body(error: ErrorBody) -> bytes:
    """An error instead of an answer."""
    return encode({"error": error})


def usage(tokens: Tokens) -> dict[str, Any]:
    """Tokens in this wire's words."""
    written = tokens.cache_write + tokens.cache_write_1h
    return {
        "input_tokens": tokens.input,
        "input_tokens_details": {"cached_tokens": tokens.cached, "cache_write_tokens": written},
        "output_tokens": tokens.output,
        "output_tokens_details": {"reasoning_tokens": tokens.reasoning},
        "total_tokens": tokens.input + tokens.output,
    }


def _frame(number: int, event: Event, text: str, *, tokens: Tokens | None = None) -> Frame:
    return named_frame({**event, "sequence_number": number}, text=text, tokens=tokens)


def _response(answer: Answer, *, status: str, output: list[Event]) -> Event:
    return {
        "id": answer.id("resp"),
        "object": "response",
        "created_at": CREATED,
        "status": status,
        "error": None,
        "incomplete_details": None,
        "model": answer.model,
        "output": output,
        "parallel_tool_calls": True,
        "tool_choice": "auto",
        "tools": [],
        "metadata": {},
        "usage": None,
    }


def _finished(answer: Answer) -> Event:
    reason = REASONS.get(answer.finish)
    response = _response(answer, status="incomplete" if reason else "completed", output=_items(answer))
    if reason:
        response["incomplete_details"] = {"reason": reason}
    if answer.usage_times:
        response["usage"] = usage(answer.tokens)
    return response


def _terminals(answer: Answer, *, number: int) -> list[Frame]:
    response = _finished(answer)
    event = {"type": f"response.{response['status']}", "response": response}
    tokens = answer.tokens if answer.usage_times else None
    return [_frame(number + at, event, "", tokens=tokens) for at in range(max(1, answer.usage_times))]


def _items(answer: Answer) -> list[Event]:
    """The output items, whole, in order; the calls are the last."""
    items: list[Event] = []
    if answer.reasoning:
        items.append(_reasoning_item(answer))
    if answer.text or answer.refusal:
        items.append(_message_item(answer))
    return [*items, *(_call_item(answer, position, call) for position, call in enumerate(answer.calls))]


def _reasoning_item(answer: Answer) -> Event:
    summary = [{"type": "summary_text", "text": "".join(answer.reasoning)}]
    item = {"type": "reasoning", "id": answer.id("rs"), "summary": summary}
    return {**item, "encrypted_content": answer.signature}


def _message_item(answer: Answer) -> Event:
    content: list[Event] = []
    if answer.text:
        text = {"type": "output_text", "text": "".join(answer.text), "annotations": [], "logprobs": []}
        content.append(text)
    if answer.refusal:
        content.append({"type": "refusal", "refusal": "".join(answer.refusal)})
    item = {"type": "message", "id": answer.id("msg"), "status": "completed", "role": "assistant"}
    return {**item, "content": content}


def _call_item(answer: Answer, position: int, call: ToolCall) -> Event:
    return {
        "type": "function_call",
        "id": answer.id("fc", position),
        "call_id": call.id,
        "name": call.name,
        "arguments": "".join(call.arguments),
        "status": "completed",
    }


def _block(answer: Answer, index: int, item: Event) -> list[Entry]:
    """An item's events, from `output_item.added` to `output_item.done`."""
    at = {"item_id": item["id"], "output_index": index}
    match item["type"]:
        case "reasoning":
            opened = {"type": "reasoning", "id": item["id"], "summary": []}
            inner = _reasoning_events(answer, {**at, "summary_index": 0}, item["summary"][0])
        case "message":
            opened = {**item, "status": "in_progress", "content": []}
            inner = _message_events(answer, at, item["content"])
        case _:
            opened = {**item, "status": "in_progress", "arguments": ""}
            call = answer.calls[index - len(_items(answer))]
            inner = _call_events(call, at)
    return [
        ({"type": "response.output_item.added", "output_index": index, "item": opened}, ""),
        *inner,
        ({"type": "response.output_item.done", "output_index": index, "item": item}, ""),
    ]


def _reasoning_events(answer: Answer, at: Event, part: Event) -> list[Entry]:
    kind = "response.reasoning_summary"
    return [
        ({"type": f"{kind}_part.added", **at, "part": {**part, "text": ""}}, ""),
        *(({"type": f"{kind}_text.delta", **at, "delta": piece}, piece) for piece in answer.reasoning),
        ({"type": f"{kind}_text.done", **at, "text": part["text"]}, ""),
        ({"type": f"{kind}_part.done", **at, "part": part}, ""),
    ]


def _message_events(answer: Answer, at: Event, content: list[Event]) -> list[Entry]:
    entries: list[Entry] = []
    for position, part in enumerate(content):
        here = {**at, "content_index": position}
        kind = f"response.{part['type']}"
        text = part["type"] == "output_text"
        field, pieces, more = (
            ("text", answer.text, {"logprobs": []}) if text else ("refusal", answer.refusal, {})
        )
        entries += [
            ({"type": "response.content_part.added", **here, "part": {**part, field: ""}}, ""),
            *(({"type": f"{kind}.delta", **here, "delta": piece, **more}, piece) for piece in pieces),
            ({"type": f"{kind}.done", **here, field: part[field], **more}, ""),
            ({"type": "response.content_part.done", **here, "part": part}, ""),
        ]
    return entries


def _call_events(call: ToolCall, at: Event) -> list[Entry]:
    kind = "response.function_call_arguments"
    done = {"type": f"{kind}.done", **at, "name": call.name, "arguments": "".join(call.arguments)}
    return [
        *(({"type": f"{kind}.delta", **at, "delta": piece}, piece) for piece in call.arguments),
        (done, ""),
    ]
