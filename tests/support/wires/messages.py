"""Anthropic Messages. Its input count leaves out what the cache read and wrote.

https://docs.anthropic.com/en/api/messages-streaming
"""

from __future__ import annotations

from typing import Any

from msgspec import Raw
from msgspec.structs import replace

from tests.support.answers import Answer
from tests.support.script import ErrorBody
from tests.support.wires.frames import Frame, Tokens, encode, in_turn, named_frame

STOP_REASONS = {
    "stop": "end_turn",
    "length": "max_tokens",
    "tool_calls": "tool_use",
    "content_filter": "refusal",
}


def stream(answer: Answer, body: dict[str, Any]) -> list[Frame]:
    """The answer in events: the input's usage first, the output's in the last but one."""
    blocks = _blocks(answer)
    texts = [_block_frames(at, *block) for at, block in enumerate(blocks) if block[0]["type"] != "tool_use"]
    calls = [_block_frames(at, *block) for at, block in enumerate(blocks) if block[0]["type"] == "tool_use"]
    return [
        _started(answer),
        named_frame({"type": "ping"}),
        *in_turn(texts, interleaved=False),
        *in_turn(calls, interleaved=answer.interleaved),
        *[_stopped(answer)] * max(1, answer.usage_times),
        named_frame({"type": "message_stop"}),
    ]


def whole(answer: Answer) -> Frame:
    """The answer as one JSON body."""
    message = _message(answer)
    message["content"] = [_whole_block(start, deltas) for start, deltas in _blocks(answer)]
    message["stop_reason"] = STOP_REASONS[answer.finish]
    if not answer.usage_times:
        return Frame(encode(message), text="".join(answer.text))
    message["usage"] = usage(answer.tokens)
    return Frame(encode(message), answer.tokens, "".join(answer.text))


def failure(error: ErrorBody) -> Frame:
    """An error inside a stream that has begun."""
    return named_frame({"type": "error", "error": {"type": error.type, "message": error.message}})


def error_body(error: ErrorBody) -> bytes:
    """An error instead of an answer."""
    details = {"type": error.type, "message": error.message}
    return encode({"type": "error", "error": details, "request_id": "req_upstream"})


def usage(tokens: Tokens) -> dict[str, Any]:
    """Tokens in this wire's words: `input_tokens` is what no cache had a part in."""
    written = tokens.cache_write + tokens.cache_write_1h
    return {
        "input_tokens": tokens.input - tokens.cached - written,
        "cache_read_input_tokens": tokens.cached,
        "cache_creation_input_tokens": written,
        "cache_creation": {
            "ephemeral_5m_input_tokens": tokens.cache_write,
            "ephemeral_1h_input_tokens": tokens.cache_write_1h,
        },
        "output_tokens": tokens.output,
    }


def _message(answer: Answer) -> dict[str, Any]:
    return {
        "id": answer.id("msg"),
        "type": "message",
        "role": "assistant",
        "model": answer.model,
        "content": [],
        "stop_reason": None,
        "stop_sequence": None,
    }


def _started(answer: Answer) -> Frame:
    message = _message(answer)
    if not answer.usage_times:
        return named_frame({"type": "message_start", "message": message})
    told = replace(answer.tokens, output=min(1, answer.tokens.output), reasoning=0)
    message["usage"] = usage(told)
    return named_frame({"type": "message_start", "message": message}, tokens=told)


def _stopped(answer: Answer) -> Frame:
    delta = {"stop_reason": STOP_REASONS[answer.finish], "stop_sequence": None}
    event: dict[str, Any] = {"type": "message_delta", "delta": delta}
    if not answer.usage_times:
        return named_frame(event)
    return named_frame({**event, "usage": usage(answer.tokens)}, tokens=answer.tokens)


Delta = dict[str, Any]


def _blocks(answer: Answer) -> list[tuple[Delta, list[Delta]]]:
    """Each content block as it starts, and the deltas that fill it."""
    blocks: list[tuple[Delta, list[Delta]]] = []
    if answer.reasoning:
        deltas = [{"type": "thinking_delta", "thinking": piece} for piece in answer.reasoning]
        seal = {"type": "signature_delta", "signature": answer.signature}
        blocks.append(({"type": "thinking", "thinking": "", "signature": ""}, [*deltas, seal]))
    said = (*answer.text, *answer.refusal)
    if said:
        blocks.append(({"type": "text", "text": ""}, [{"type": "text_delta", "text": it} for it in said]))
    for call in answer.calls:
        deltas = [{"type": "input_json_delta", "partial_json": piece} for piece in call.arguments]
        blocks.append(({"type": "tool_use", "id": call.id, "name": call.name, "input": {}}, deltas))
    return blocks


def _block_frames(index: int, start: Delta, deltas: list[Delta]) -> list[Frame]:
    return [
        named_frame({"type": "content_block_start", "index": index, "content_block": start}),
        *(
            named_frame({"type": "content_block_delta", "index": index, "delta": delta}, text=_carried(delta))
            for delta in deltas
        ),
        named_frame({"type": "content_block_stop", "index": index}),
    ]


def _carried(delta: Delta) -> str:
    return next((delta[name] for name in ("text", "thinking", "partial_json") if name in delta), "")


def _whole_block(start: Delta, deltas: list[Delta]) -> Delta:
    match start:
        case {"type": "tool_use"}:
            return {**start, "input": Raw("".join(map(_carried, deltas)).encode() or b"{}")}
        case {"type": "thinking"}:
            return {**start, "thinking": "".join(map(_carried, deltas)), "signature": deltas[-1]["signature"]}
        case _:
            return {**start, "text": "".join(map(_carried, deltas))}
