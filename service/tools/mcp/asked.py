"""What servers ask of a model, between the protocol's words and ours.

As `wire`, this imports the library. Source: MCP 2025-11-25, "Sampling"; since 2026-07-28 such a question
comes as an answer to the call, which is then made again with the reply.
"""

from __future__ import annotations

import mcp_types as types
from mcp.client.session import SamplingFnT

from service.tools.mcp.connection import Ask
from service.tools.mcp.failures import ASKS_BACK, McpFailure
from service.tools.sampler import Question, Reply
from specs.events import Finish
from specs.items import Message, Text

REFUSED = -1
"""https://modelcontextprotocol.io/specification/2025-11-25/client/sampling#error-handling"""
_STOPPED: dict[Finish, types.StopReason] = {"stop": "endTurn", "length": "maxTokens"}


def callback(ask: Ask) -> SamplingFnT:
    """What the library calls when a server asks."""

    async def answer(
        context: object, params: types.CreateMessageRequestParams
    ) -> types.CreateMessageResult | types.ErrorData:
        try:
            return to_result(await ask(to_question(params)))
        except McpFailure as refused:
            return types.ErrorData(code=REFUSED, message=str(refused))

    return answer


async def replies(ask: Ask | None, required: types.InputRequiredResult) -> types.InputResponses:
    """The replies to what a call's answer asks for. Raises McpFailure where one cannot be given."""
    found: types.InputResponses = {}
    for key, request in (required.input_requests or {}).items():
        if ask is None or not isinstance(request, types.CreateMessageRequest):
            raise McpFailure(ASKS_BACK)
        found[key] = to_result(await ask(to_question(request.params)))
    return found


def to_question(params: types.CreateMessageRequestParams) -> Question:
    """What a server asks; the model and the context it wishes for are ours to choose.

    Raises McpFailure where it is more than text.
    """
    if params.tools or params.max_tokens < 1 or not params.messages:
        raise McpFailure("Only text can be asked for, without tools.")
    return Question(
        tuple(_message(message) for message in params.messages),
        max_output_tokens=params.max_tokens,
        instructions=params.system_prompt,
        temperature=params.temperature,
        stop=tuple(params.stop_sequences) if params.stop_sequences else None,
    )


def _message(message: types.SamplingMessage) -> Message:
    parts = tuple(Text(_text(block)) for block in message.content_as_list)
    return Message("", message.role, parts)


def _text(block: types.SamplingMessageContentBlock) -> str:
    if not isinstance(block, types.TextContent):
        raise McpFailure("Only text can be asked for, without tools.")
    return block.text


def to_result(reply: Reply) -> types.CreateMessageResult:
    """What the model said, for the server."""
    return types.CreateMessageResult(
        role="assistant",
        content=types.TextContent(type="text", text=reply.text),
        model=reply.model,
        stop_reason=_STOPPED.get(reply.finish),
    )
