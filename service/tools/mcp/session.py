"""An open connection to a server, and what the protocol's library says and raises in our words.

As `wire`, this imports the library.
"""

from __future__ import annotations

import asyncio
from typing import Any

import httpx2
import mcp_types as types
import msgspec
from mcp import Client, MCPError
from pydantic import TypeAdapter, ValidationError

from service.tools.mcp import asked, failures
from service.tools.mcp.connection import Ask
from service.tools.mcp.failures import ConnectionLost, McpFailure, NotDelivered
from service.tools.mcp.listing import Page, Told
from service.tools.mcp.meter import Meter
from service.tools.mcp.results import Answer, Blob, Link, Piece, Words

_called = TypeAdapter[types.CallToolResult | types.InputRequiredResult](
    types.CallToolResult | types.InputRequiredResult
)

MOST_ROUNDS = 10
"""How often a call is made again because its answer asks for something."""
PAUSE_SECONDS = 0.5
"""Before it is made again for an answer that asks for nothing but that."""


class Session:
    """An open connection to a server."""

    def __init__(self, client: Client, meter: Meter, *, asks: Ask | None = None) -> None:
        self._client = client
        self._meter = meter
        self._asks = asks

    async def page(self, cursor: str | None) -> Page:
        """Some of the tools. Raises McpFailure."""
        if cursor is None:
            self._meter.refill()
        try:
            found = await self._client.session.list_tools(
                params=types.PaginatedRequestParams(cursor=cursor) if cursor is not None else None
            )
            return Page(tuple(map(_told, found.tools)), found.next_cursor)
        except Exception as error:  # whatever a hostile answer makes the library raise
            raise to_failure(error, self._meter) from None

    async def call(self, name: str, arguments: dict[str, Any]) -> Answer:
        """Call a tool. Raises McpFailure."""
        self._meter.refill()
        params = types.CallToolRequestParams(name=name, arguments=arguments)
        try:
            for _ in range(MOST_ROUNDS):
                result = await self._send(types.CallToolRequest(params=params))
                if isinstance(result, types.CallToolResult):
                    return _answer(result)
                params = await self._answered(params, result)
            raise McpFailure(failures.ASKS_BACK)
        except Exception as error:  # as above
            raise to_call_failure(error, self._meter) from None

    async def _answered(
        self, params: types.CallToolRequestParams, required: types.InputRequiredResult
    ) -> types.CallToolRequestParams:
        """The call once more, with what its answer asks for."""
        if not required.input_requests:
            await asyncio.sleep(PAUSE_SECONDS)
        given = await asked.replies(self._asks, required)
        state = required.request_state
        return params.model_copy(update={"input_responses": given or None, "request_state": state})

    async def _send(self, request: types.CallToolRequest) -> types.CallToolResult | types.InputRequiredResult:
        # Not `call_tool`: it would check results against the server's own patterns, on the event loop.
        try:
            return await self._client.session.send_request(request, _called)
        except MCPError as error:
            if error.code != types.HEADER_MISMATCH:
                raise
        await self._client.session.list_tools()  # where it learns which arguments are headers, too
        return await self._client.session.send_request(request, _called)


def to_failure(error: BaseException, meter: Meter) -> McpFailure:
    """What a failure of the library's is in our words."""
    if isinstance(error, McpFailure):
        return error
    if (told := meter.told()) is not None:
        return McpFailure(told)
    match _first(error):
        case TimeoutError():
            return McpFailure(failures.SILENT)
        case MCPError(code=types.REQUEST_TIMEOUT):
            return McpFailure(failures.SILENT)
        case MCPError(code=types.CONNECTION_CLOSED):
            return ConnectionLost(failures.LOST)
        case MCPError(code=types.PARSE_ERROR) | ValidationError() | RecursionError():
            return McpFailure(failures.GARBLED)
        case MCPError(code=code):
            return McpFailure(f"The server answered with the error {code}.")
        case FileNotFoundError() | PermissionError():
            return McpFailure(failures.NOT_STARTED)
        case httpx2.HTTPStatusError(response=response):
            return McpFailure(failures.status_told(response.status_code))
        case OSError() | httpx2.TransportError():
            return McpFailure(failures.UNREACHABLE)
        case _:
            return McpFailure(failures.GARBLED)


def to_call_failure(error: BaseException, meter: Meter) -> McpFailure:
    """The same for a call, which the server may have something to say about to the model."""
    if not isinstance(error, MCPError) or meter.overflown:
        return to_failure(error, meter)
    if error.code == types.CONNECTION_CLOSED:
        return ConnectionLost(meter.told() or failures.MAYBE_DONE)
    if meter.status >= 300 and error.code in (types.INVALID_REQUEST, types.INTERNAL_ERROR):
        kind = NotDelivered if meter.status == 404 else McpFailure
        return kind(failures.status_told(meter.status))
    if error.code in (types.PARSE_ERROR, types.REQUEST_TIMEOUT):
        return to_failure(error, meter)
    return McpFailure(f"The server refused the call ({error.code}): {error.error.message[:500]}")


def _first(error: BaseException) -> BaseException:
    """The first failure of a group of them."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error


def _told(tool: types.Tool) -> Told:
    hints = tool.annotations
    return Told(
        name=tool.name,
        description=tool.description or tool.title or (hints.title if hints else None),
        schema=msgspec.json.encode(tool.input_schema),
        annotations=hints and hints.model_dump_json(by_alias=True, exclude_none=True).encode(),
        read_only=hints is not None and hints.read_only_hint is True,
        idempotent=hints is not None and (hints.idempotent_hint is True or hints.read_only_hint is True),
    )


def _answer(result: types.CallToolResult) -> Answer:
    structured = result.structured_content
    return Answer(
        tuple(map(_piece, result.content)),
        None if structured is None else msgspec.json.encode(structured).decode(),
        result.is_error,
    )


def _piece(block: types.ContentBlock) -> Piece:
    match block:
        case types.TextContent(text=text):
            return Words(text)
        case types.ImageContent() | types.AudioContent():
            return Blob(block.type, block.mime_type, len(block.data))
        case types.ResourceLink():
            return Link(block.uri, block.title or block.name, block.description or "", block.mime_type or "")
        case types.EmbeddedResource(resource=resource):
            if isinstance(resource, types.TextResourceContents):
                return Words(resource.text)
            return Blob("resource", resource.mime_type or "", len(resource.blob), resource.uri)
