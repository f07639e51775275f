"""The routes of the Messages API."""

from __future__ import annotations

from functools import partial
from typing import Any

import msgspec
from litestar import Request, post
from litestar.types import ASGIApp

from service.dialects.messages import read_request
from service.http.answers import JSONAnswer, answer, require_json
from service.http.input_tokens import count_reading
from service.http.reading import read_body
from service.http.wording import messages_dialect
from specs.anthropic.answers import MessageAnswer, MessageErrorBody, MessageTokens
from specs.anthropic.events import MessageStreamEvent
from specs.anthropic.messages import CreateMessage

_EXAMPLE = {
    "model": "agent_demo",
    "max_tokens": 1024,
    "messages": [{"role": "user", "content": "Hello!"}],
}


@post(
    "/messages",
    opt={
        "scope": "inference",
        "limit": "requests",
        "direct": True,
        "body": CreateMessage,
        "answer": MessageAnswer,
        "stream": (MessageStreamEvent,),
        "error": MessageErrorBody,
        "example": _EXAMPLE,
    },
    status_code=200,
    operation_id="createMessage",
    summary="Run an agent over Messages",
    tags=["Inference"],
)
async def create_message(request: Request[Any, Any, Any]) -> ASGIApp:
    """Answer a conversation; `model` is an agent's id or alias. The key may come as `x-api-key` too."""
    return await answer(request, messages_dialect())


@post(
    "/messages/count_tokens",
    opt={
        "scope": "inference",
        "limit": "requests",
        "body": CreateMessage,
        "answer": MessageTokens,
        "error": MessageErrorBody,
    },
    status_code=200,
    operation_id="countMessageTokens",
    summary="Count the tokens of a conversation",
    tags=["Inference"],
)
async def count_message_tokens(request: Request[Any, Any, Any]) -> ASGIApp:
    """The input tokens that a request to `POST /v1/messages` would have; `max_tokens` may be left out.
    Nothing runs or is charged."""
    require_json(request)
    reading = await read_body(await request.body(), partial(read_request, counts_only=True))
    counted, headers = await count_reading(request, reading)
    return JSONAnswer(msgspec.json.encode(MessageTokens(counted.tokens)), headers=headers)
