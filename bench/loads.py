"""What is asked: one request in each API's words, short, or heavy in one of three ways."""

from __future__ import annotations

from typing import Any

PROMPT = "Say a hundred words that mean nothing, and number every one of them."
ANSWER = "".join(f"w{number:03d} " for number in range(100))
"""As long as the mock's."""
SENTENCE = "The river that runs past the old mill is never the same colour twice in one week. "
"""Some 20 tokens."""
HEAVY = ("prompt", "history", "tools")
"""A prompt of 50,000 tokens; a history of 200 messages; 25 tools with a schema of 1.5 kB each. Besides there
is `after-N`: what the upstream gets of a conversation after N turns."""
APIS = {
    "chat": "/v1/chat/completions",
    "responses": "/v1/responses",
    "turns": "/v1/responses",
    "conversation": "/v1/responses",
    "websocket": "/v1/responses",
}
"""What is asked, and where: one request of each API, both stored as by default; a turn that goes on from a
stored one, or in a stored conversation; a turn of a WebSocket of which nothing is stored."""


def body_of(
    api: str, *, model: str, stream: bool, load: str = "short", previous: str | None = None
) -> dict[str, Any]:
    """One request of an API. `previous` is the response or the conversation it goes on from."""
    said = _messages(load)
    asked = {
        "chat": {"messages": said},
        "responses": {"input": said},
        "turns": {"input": said, "previous_response_id": previous},
        "conversation": {"input": said, "conversation": previous},
        "websocket": {"type": "response.create", "input": said, "store": False},
    }[api]
    return {"model": model, "stream": stream, **asked, **_tools(api, load)}


def _messages(load: str) -> list[dict[str, str]]:
    if load == "prompt":
        return [{"role": "user", "content": SENTENCE * 2_500}]
    if load == "history":
        before = [{"role": ("assistant", "user")[at % 2], "content": SENTENCE * 6} for at in range(199)]
        return [*before, {"role": "user", "content": PROMPT}]
    if load.startswith("after-"):
        turn = [{"role": "user", "content": PROMPT}, {"role": "assistant", "content": ANSWER}]
        return [*turn * int(load.removeprefix("after-")), {"role": "user", "content": PROMPT}]
    return [{"role": "user", "content": PROMPT}]


def _tools(api: str, load: str) -> dict[str, Any]:
    if load != "tools":
        return {}
    functions = [_function(number) for number in range(25)]
    if api == "chat":
        return {"tools": [{"type": "function", "function": function} for function in functions]}
    return {"tools": [{"type": "function", **function} for function in functions]}


def _function(number: int) -> dict[str, Any]:
    fields = {
        f"field_{at}": {"type": "string", "description": SENTENCE, "enum": ["low", "middle", "high"]}
        for at in range(9)
    }
    schema = {"type": "object", "properties": fields, "required": ["field_0"], "additionalProperties": False}
    return {"name": f"tool_{number}", "description": SENTENCE * 2, "parameters": schema}
