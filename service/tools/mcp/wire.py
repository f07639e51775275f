"""Connects to servers by the protocol's library. Import this late: the library takes half a second.

Elicitation and roots are not offered, and sampling only to servers that may: another that asks for them is
refused by the library.
"""

from __future__ import annotations

import logging
import os
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any, TextIO

import httpx2
import mcp_types as types
from mcp import Client, StdioServerParameters, stdio_client
from mcp.client.session import IncomingMessage
from mcp.client.sse import sse_client
from mcp.client.streamable_http import streamable_http_client
from mcp.shared.message import SessionMessage

from service.egress import Door
from service.egress.httpx_transport import DoorTransport
from service.tools.mcp.asked import callback
from service.tools.mcp.connection import Heard
from service.tools.mcp.meter import MOST_BYTES, Meter, MeteredTransport
from service.tools.mcp.places import Endpoint
from service.tools.mcp.session import Session, to_failure
from service.tools.mcp.weight import cut_lists, is_light
from specs.mcp import Program

logging.getLogger("mcp").setLevel(logging.CRITICAL + 1)  # it writes down what servers send

CONNECT_SECONDS = 15.0
_ONLY_SSE = frozenset({400, 404, 405, 406, 410, 415, 501})
"""How a server answers that knows only the older transport.
https://modelcontextprotocol.io/specification/2025-06-18/basic/transports#backwards-compatibility"""
_US = types.Implementation(name="dragoman", version="1")


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
        given = {name: value.reveal() for name, value in at.headers.items()}
        headers = {"user-agent": "dragoman", **given, "accept-encoding": "identity"}
        return httpx2.AsyncClient(
            headers=httpx2.Headers(headers, encoding="utf-8"),
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

    with _nowhere() as nowhere:
        streams = stdio_client(server, errlog=nowhere)
        async with _session(streams, meter, heard, events=1) as session:
            yield session


@asynccontextmanager
async def _session(
    streams: AbstractAsyncContextManager[Any],
    meter: Meter,
    heard: Heard,
    *,
    events: int = 0,
) -> AsyncIterator[Session]:
    async def handle(message: IncomingMessage) -> None:
        if isinstance(message, types.ToolListChangedNotification):
            heard.changed()

    watched = _watched(streams, meter, heard.lost, events=events)
    sampling = None if heard.asks is None else callback(heard.asks)
    async with Client(
        watched, message_handler=handle, client_info=_US, cache=None, sampling_callback=sampling
    ) as client:
        yield Session(client, meter, asks=heard.asks)


@asynccontextmanager
async def _watched(
    streams: AbstractAsyncContextManager[Any], meter: Meter, lost: Callable[[], object], *, events: int
) -> AsyncIterator[tuple[Any, Any]]:
    async with streams as (incoming, outgoing):
        yield Watched(incoming, meter, lost, events=events), outgoing


class Watched:
    """A stream of messages that ends with the first that is too much, and tells when it has ended: nothing
    else says so while nobody waits. `events` is what each counts, where no transport counts them."""

    def __init__(self, stream: Any, meter: Meter, ended: Callable[[], object], *, events: int = 0) -> None:
        self._events = events
        self._stream = stream
        self._meter = meter
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
            item = await self._stream.__anext__()
            if isinstance(item, SessionMessage) and not _is_light(item.message):
                self._meter.overflown = True
            if not self._meter.take(events=self._events):
                raise StopAsyncIteration
            return item
        except StopAsyncIteration:
            self._ended()
            raise


def _is_light(message: types.JSONRPCMessage) -> bool:
    match message:
        case types.JSONRPCResponse(result=result):
            cut_lists(result)
            return is_light(result)
        case types.JSONRPCRequest(params=params) | types.JSONRPCNotification(params=params):
            return params is None or is_light(params)
        case _:
            return True


def _nowhere() -> TextIO:
    """Where a program's standard error goes: what it says there may hold anything."""
    return open(os.devnull, "w")
