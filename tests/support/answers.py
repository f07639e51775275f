"""From a request and a script to the answer every wire renders. Deterministic: no clock, no chance."""

from __future__ import annotations

from typing import Any

from msgspec import Struct

from tests.support.script import ErrorBody, Finish, Script, ToolCall
from tests.support.wires.frames import Tokens

ERROR_TYPES = {
    400: "invalid_request_error",
    401: "authentication_error",
    403: "permission_error",
    404: "not_found_error",
    413: "request_too_large",
    429: "rate_limit_error",
    529: "overloaded_error",
}
CAPS = ("max_completion_tokens", "max_tokens", "max_output_tokens")


class Answer(Struct, frozen=True, kw_only=True):
    """What is said, with every default filled in."""

    number: int
    """Which request of this upstream it answers; ids are made from it."""
    model: str
    text: tuple[str, ...]
    refusal: tuple[str, ...]
    reasoning: tuple[str, ...]
    signature: str
    calls: tuple[ToolCall, ...]
    interleaved: bool
    finish: Finish
    tokens: Tokens
    usage_times: int
    done: bool
    error: ErrorBody

    def id(self, prefix: str, position: int = 0) -> str:
        """An id of something in this answer."""
        return f"{prefix}_up{self.number:06d}x{position:02d}"


def answer_of(script: Script, body: dict[str, Any], *, number: int) -> Answer:
    """Fill in what the script leaves open."""
    text, finish = _text_and_finish(script, body)
    calls = tuple(_with_id(call, number=number, position=at) for at, call in enumerate(script.calls))
    return Answer(
        number=number,
        model=str(body.get("model", "")),
        text=text,
        refusal=script.refusal,
        reasoning=script.reasoning,
        signature=script.signature,
        calls=calls,
        interleaved=script.interleaved,
        finish=finish,
        tokens=script.usage or _counted(script, text, body),
        usage_times=script.usage_times,
        done=script.done,
        error=error_of(script),
    )


def error_of(script: Script) -> ErrorBody:
    """The error it gives, of the type that belongs to its status when none is written."""
    if isinstance(script.error, ErrorBody):
        return script.error
    return ErrorBody(type=ERROR_TYPES.get(script.status, "server_error"))


def spoken(body: dict[str, Any]) -> tuple[str, ...]:
    """The default answer: the last words of the request, said back word by word."""
    heard = texts(body.get("messages") or body.get("input"))
    words = f"You said: {heard[-1] if heard else 'nothing'}".split()
    return (words[0], *(f" {word}" for word in words[1:]))


def texts(value: Any) -> list[str]:
    """Every text in messages or items, in order, whatever the wire."""
    match value:
        case str():
            return [value]
        case list():
            return [text for entry in value for text in texts(entry)]
        case {"text": str(text)}:
            return [text]
        case {"content": content}:
            return texts(content)
        case {"output": output}:
            return texts(output)
        case _:
            return []


def cap_of(body: dict[str, Any]) -> int | None:
    """The most output tokens the request allows."""
    return next((body[name] for name in CAPS if isinstance(body.get(name), int)), None)


def _text_and_finish(script: Script, body: dict[str, Any]) -> tuple[tuple[str, ...], Finish]:
    fallback: Finish = "tool_calls" if script.calls else "stop"
    if script.text is not None or script.calls or script.refusal:
        return script.text or (), script.finish or fallback
    whole, cap = spoken(body), cap_of(body)
    if cap is not None and cap < len(whole):
        return whole[:cap], script.finish or "length"
    return whole, script.finish or fallback


def _with_id(call: ToolCall, *, number: int, position: int) -> ToolCall:
    return ToolCall(call.name, call.arguments, call.id or f"call_up{number:06d}x{position:02d}")


def _counted(script: Script, text: tuple[str, ...], body: dict[str, Any]) -> Tokens:
    prompt = texts([body.get("system"), body.get("instructions"), body.get("messages"), body.get("input")])
    said = len(text) + len(script.refusal) + sum(1 + len(call.arguments) for call in script.calls)
    thought = len(script.reasoning)
    words = sum(len(part.split()) for part in prompt)
    return Tokens(input=max(1, words), output=said + thought, reasoning=thought)
