"""The routes that run agents."""

from __future__ import annotations

from functools import partial
from typing import Any

from litestar import Request, post
from litestar.types import ASGIApp

from service.dialects.chat import chat
from service.http.answers import answer
from service.http.background import begin_in_background
from service.http.spellings import responses_dialect
from specs.openai.chat import ChatRequest, Chunk, Completion
from specs.openai.common import ErrorBody
from specs.openai.response_events import ResponseStreamEvent
from specs.openai.responses import CreateResponse, Response


@post(
    "/chat/completions",
    opt={
        "scope": "inference",
        "limit": "requests",
        "direct": True,
        "body": ChatRequest,
        "answer": Completion,
        "stream": (Chunk, ErrorBody),
        "example": {"model": "agent_demo", "messages": [{"role": "user", "content": "Hello!"}]},
    },
    status_code=200,
    operation_id="createChatCompletion",
    summary="Run an agent over Chat Completions",
    tags=["Inference"],
)
async def create_chat_completion(request: Request[Any, Any, Any]) -> ASGIApp:
    """Answer a conversation; `model` is an agent's id or alias."""
    return await answer(request, chat)


@post(
    "/responses",
    opt={
        "scope": "inference",
        "limit": "requests",
        "direct": True,
        "body": CreateResponse,
        "answer": Response,
        "stream": (ResponseStreamEvent,),
        "example": {"model": "agent_demo", "input": "Hello!"},
    },
    status_code=200,
    operation_id="createResponse",
    summary="Run an agent over Open Responses",
    tags=["Inference"],
)
async def create_response(request: Request[Any, Any, Any]) -> ASGIApp:
    """Answer an input; `model` is an agent's id or alias.

    With the header `OpenResponses-Version` names are spelled as that specification has them.
    """
    dialect = responses_dialect(request)
    return await answer(request, dialect, in_background=partial(begin_in_background, dialect=dialect))
