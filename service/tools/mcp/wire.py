"""The protocol's library, and all that is known of it here. Import this late: it takes half a second.

Sampling, elicitation and roots are not offered: a server that asks for them is refused by the library.
"""

from __future__ import annotations

import logging
import os
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any, TextIO

import httpx2
import mcp_types as types
import msgspec
from mcp import Client, MCPError, StdioServerParameters, stdio_client
from mcp.client.session import IncomingMessage
from mcp.client.sse import sse_client
from mcp.client.streamable_http import streamable_http_client
from pydantic import TypeAdapter, ValidationError

from service.egress import Door
from service.egress.httpx_transport import DoorTransport
from service.tools.mcp import failures
from service.tools.mcp.connection import Heard
from service.tools.mcp.failures import ConnectionLost, McpFailure, NotDelivered
from service.tools.mcp.listing import Page, Told
from service.tools.mcp.meter import MOST_BYTES, Meter, MeteredTransport
from service.tools.mcp.places import Endpoint
from service.tools.mcp.results import Answer, Blob, Link, Piece, Words
from specs.mcp import Program

logging.getLogger("mcp").setLevel(logging.CRITICAL + 1)  # it writes down what servers send

CONNECT_SECONDS = 15.0
_ONLY_SSE = frozenset({400, 404, 405, 406, 410, 415, 501})
"""How a server answers that knows only the older transport.
https://modelcontextprotocol.io/specification/2025-06-18/basic/transports#backwards-compatibility"""
_US = types.Implementation(name="dragoman", version="1")
_called = TypeAdapter[types.CallToolResult | types.InputRequiredResult](
    types.CallToolResult | types.InputRequiredResult
)


class Session:
    """An open connection to a server."""

    def __init__(self, client: Client, meter: Meter) -> None:
        self._client = client
        self._meter = meter

    async def page(self, cursor: str | None) -> Page:
        """Some of the tools. Raises McpFailure."""
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
            result = await self._send(types.CallToolRequest(params=params))
            if isinstance(result, types.InputRequiredResult):
                raise McpFailure(failures.ASKS_BACK)
            return _answer(result)
        except Exception as error:  # as above
            raise to_call_failure(error, self._meter) from None

    async def _send(self, request: types.CallToolRequest) -> types.CallToolResult | types.InputRequiredResult:
        # Not `call_tool`: it would check results against the server's own patterns, on the event loop.
        try:
            return await self._client.session.send_request(request, _called)
        except MCPError as error:
            if error.code != types.HEADER_MISMATCH:
                raise
        await self._client.session.list_tools()  # where it learns which arguments are headers, too
        return await self._client.session.send_request(request, _called)


@asynccontextmanager
async def connect(at: Endpoint | Program, door: Door, heard: Heard) -> AsyncIterator[Session]:
    """Connect to a server. Raises McpFailure where that fails; what ends it later is raised as it is."""
    meter = Meter()
    opened = False
    connecting = (
        _connect_http(at, door, meter, heard)
        if isinstance(at, Endpoint)
        else _connect_program(at, meter, heard)
    )
    try:
        async with connecting as session:
            opened = True
            yield session
    except Exception as error:  # whatever a hostile answer makes the library raise
        if opened:
            raise
        raise to_failure(error, meter) from None


@asynccontextmanager
async def _connect_http(at: Endpoint, door: Door, meter: Meter, heard: Heard) -> AsyncIterator[Session]:
    """Over Streamable HTTP, or over SSE where the server only speaks that."""

    def client(*_: object, **__: object) -> httpx2.AsyncClient:
        headers = {name: value.reveal() for name, value in at.headers.items()}
        return httpx2.AsyncClient(
            headers={"user-agent": "dragoman", **headers, "accept-encoding": "identity"},
            timeout=httpx2.Timeout(None, connect=CONNECT_SECONDS),
            transport=MeteredTransport(DoorTransport(door), meter),
            trust_env=False,
        )

    opened = False
    try:
        async with client() as http:
            streams = streamable_http_client(at.url, http_client=http, max_sse_event_size=MOST_BYTES)
            async with _session(streams, meter, heard) as session:
                opened = True
                yield session
                return
    except Exception:
        if opened or meter.status not in _ONLY_SSE:
            raise
    meter.status = 0
    async with _session(sse_client(at.url, httpx_client_factory=client), meter, heard) as session:
        yield session


@asynccontextmanager
async def _connect_program(program: Program, meter: Meter, heard: Heard) -> AsyncIterator[Session]:
    """Start a program and speak with it; it is ended when the block is left."""
    server = StdioServerParameters(
        command=program.command,
        args=list(program.args),
        env={name: value.reveal() for name, value in program.env.items()},
        cwd=program.folder,
        encoding_error_handler="replace",
    )

    def count() -> None:
        if not meter.take(events=1):
            heard.lost()

    with _nowhere() as nowhere:
        streams = stdio_client(server, errlog=nowhere)
        async with _session(streams, meter, heard, count=count) as session:
            yield session


@asynccontextmanager
async def _session(
    streams: AbstractAsyncContextManager[Any],
    meter: Meter,
    heard: Heard,
    *,
    count: Callable[[], object] = lambda: None,
) -> AsyncIterator[Session]:
    async def handle(message: IncomingMessage) -> None:
        count()
        if isinstance(message, types.ToolListChangedNotification):
            heard.changed()

    watched = _watched(streams, heard.lost)
    async with Client(watched, message_handler=handle, client_info=_US, cache=None) as client:
        yield Session(client, meter)


@asynccontextmanager
async def _watched(
    streams: AbstractAsyncContextManager[Any], lost: Callable[[], object]
) -> AsyncIterator[tuple[Any, Any]]:
    async with streams as (incoming, outgoing):
        yield Watched(incoming, lost), outgoing


class Watched:
    """A stream of messages that tells when it has ended: nothing else says so while nobody waits."""

    def __init__(self, stream: Any, ended: Callable[[], object]) -> None:
        self._stream = stream
        self._ended = ended

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    async def __aenter__(self) -> Watched:
        await self._stream.__aenter__()
        return self

    async def __aexit__(self, *raised: Any) -> None:
        self._ended()
        await self._stream.__aexit__(*raised)

    def __aiter__(self) -> Watched:
        return self

    async def __anext__(self) -> Any:
        try:
            return await self._stream.__anext__()
        except StopAsyncIteration:
            self._ended()
            raise


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


def _nowhere() -> TextIO:
    """Where a program's standard error goes: what it says there may hold anything."""
    return open(os.devnull, "w")
