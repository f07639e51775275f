"""Lets a library that speaks httpx go out by the same door: its requests are made by the door's sessions.

Not a second policy: what may be reached is decided where the sessions make their sockets.
"""

from __future__ import annotations

from collections.abc import AsyncIterator

import aiohttp
import httpx2

from service.egress.door import Door, to_failure
from service.egress.errors import EgressError, TimedOut

_OURS = frozenset({"host", "content-length", "transfer-encoding", "connection"})
"""Headers of the connection, which belong to who makes it."""


class DoorTransport(httpx2.AsyncBaseTransport):
    """A transport for `httpx2.AsyncClient(transport=…)`; the door stays its owner's to close."""

    def __init__(self, door: Door) -> None:
        self._door = door

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """Send one request. Redirects come back as answers; a client that follows them comes here again.

        Raises httpx2.TransportError.
        """
        try:
            response = await self._send(request)
        except (EgressError, aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
            raise _to_httpx(error, request) from error
        return httpx2.Response(
            response.status,
            headers=list(response.raw_headers),
            stream=_Body(response, request),
            request=request,
        )

    async def _send(self, request: httpx2.Request) -> aiohttp.ClientResponse:
        url = str(request.url)
        body = await request.aread()
        return await self._door.session(url).request(
            request.method,
            url,
            headers=[(name, value) for name, value in request.headers.multi_items() if name not in _OURS],
            data=body or None,
            allow_redirects=False,
            timeout=_timeout(request),
        )


class _Body(httpx2.AsyncByteStream):
    def __init__(self, response: aiohttp.ClientResponse, request: httpx2.Request) -> None:
        self._response = response
        self._request = request

    async def __aiter__(self) -> AsyncIterator[bytes]:
        try:
            async for piece in self._response.content.iter_any():
                yield piece
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise _to_httpx(error, self._request) from error

    async def aclose(self) -> None:
        self._response.close()


def _timeout(request: httpx2.Request) -> aiohttp.ClientTimeout:
    wanted = request.extensions.get("timeout", {})
    return aiohttp.ClientTimeout(total=None, connect=wanted.get("connect"), sock_read=wanted.get("read"))


def _to_httpx(error: BaseException, request: httpx2.Request) -> httpx2.TransportError:
    failure = error if isinstance(error, EgressError) else to_failure(error)
    kind = httpx2.ReadTimeout if isinstance(failure, TimedOut) else httpx2.ConnectError
    return kind(str(failure), request=request)
