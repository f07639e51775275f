"""Chat Completions, as OpenAI and those who follow it send it.

https://platform.openai.com/docs/api-reference/chat/streaming
"""

from __future__ import annotations

from typing import Any

from tests.support.answers import Answer
from tests.support.script import ErrorBody
from tests.support.wires.frames import Frame, Tokens, data_frame, encode, in_turn

CREATED = 1_700_000_000


def stream(answer: Answer, body: dict[str, Any]) -> list[Frame]:
    """The answer in chunks; usage last, only where the request asks for it."""
    asked = bool((body.get("stream_options") or {}).get("include_usage"))
    frames = [_chunk(answer, {"role": "assistant", "content": ""})]
    frames += [_chunk(answer, {"reasoning_content": piece}, text=piece) for piece in answer.reasoning]
    frames += [_chunk(answer, {"content": piece}, text=piece) for piece in answer.text]
    frames += [_chunk(answer, {"refusal": piece}, text=piece) for piece in answer.refusal]
    calls = [_call_chunks(answer, position) for position in range(len(answer.calls))]
    frames += in_turn(calls, interleaved=answer.interleaved)
    frames.append(_chunk(answer, {}, finish=answer.finish))
    frames += [_usage_chunk(answer)] * (answer.usage_times if asked else 0)
    return [*frames, Frame(b"data: [DONE]\n\n")] if answer.done else frames


def whole(answer: Answer) -> Frame:
    """The answer as one JSON body."""
    body: dict[str, Any] = {
        "id": answer.id("chatcmpl"),
        "object": "chat.completion",
        "created": CREATED,
        "model": answer.model,
        "choices": [
            {"index": 0, "message": _message(answer), "logprobs": None, "finish_reason": answer.finish}
        ],
    }
    if not answer.usage_times:
        return Frame(encode(body), text="".join(answer.text))
    body["usage"] = usage(answer.tokens)
    return Frame(encode(body), answer.tokens, "".join(answer.text))


def failure(error: ErrorBody) -> Frame:
    """An error inside a stream that has begun."""
    return data_frame({"error": error})


def error_body(error: ErrorBody) -> bytes:
    """An error instead of an answer."""
    return encode({"error": error})


def usage(tokens: Tokens) -> dict[str, Any]:
    """Tokens in this wire's words."""
    return {
        "prompt_tokens": tokens.input,
        "completion_tokens": tokens.output,
        "total_tokens": tokens.input + tokens.output,
        "prompt_tokens_details": {"cached_tokens": tokens.cached},
        "completion_tokens_details": {"reasoning_tokens": tokens.reasoning},
    }


def _message(answer: Answer) -> dict[str, Any]:
    text = "".join(answer.text)
    message: dict[str, Any] = {
        "role": "assistant",
        "content": None if not text and (answer.calls or answer.refusal) else text,
        "refusal": "".join(answer.refusal) or None,
    }
    if answer.reasoning:
        message["reasoning_content"] = "".join(answer.reasoning)
    if answer.calls:
        message["tool_calls"] = [
            {
                "id": call.id,
                "type": "function",
                "function": {"name": call.name, "arguments": "".join(call.arguments)},
            }
            for call in answer.calls
        ]
    return message


def _call_chunks(answer: Answer, position: int) -> list[Frame]:
    call = answer.calls[position]
    head = {
        "index": position,
        "id": call.id,
        "type": "function",
        "function": {"name": call.name, "arguments": ""},
    }
    return [
        _chunk(answer, {"tool_calls": [head]}),
        *(
            _chunk(
                answer,
                {"tool_calls": [{"index": position, "function": {"arguments": piece}}]},
                text=piece,
            )
            for piece in call.arguments
        ),
    ]


def _chunk(answer: Answer, delta: dict[str, Any], *, finish: str | None = None, text: str = "") -> Frame:
    choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}
    return data_frame({**_head(answer), "choices": [choice]}, text=text)


def _usage_chunk(answer: Answer) -> Frame:
    chunk = {**_head(answer), "choices": [], "usage": usage(answer.tokens)}
    return data_frame(chunk, tokens=answer.tokens)


def _head(answer: Answer) -> dict[str, Any]:
    return {
        "id": answer.id("chatcmpl"),
        "object": "chat.completion.chunk",
        "created": CREATED,
        "model": answer.model,
    }
