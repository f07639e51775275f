"""HTTP to a provider: one request, its refusals mapped, its answer handed to whoever receives it.

Retries and money are not here.
"""

from __future__ import annotations

import asyncio
import io
from collections.abc import Awaitable, Callable, Mapping
from typing import TypeAlias

import aiohttp
from msgspec import Struct

from providers.failures import TRANSPORT_EXCEPTIONS, failure_from_exception, failure_from_response
from providers.receiving import MAX_ERROR_BODY, Decoder, HTTPModelStream, read_body, set_read_timeout
from providers.scrubbing import scrubbed
from specs.errors import UpstreamError, UpstreamGarbled

__all__ = ["Authorize", "HTTPModelStream", "Timeouts", "Upstream"]

READ_BUFFER = 2**16
"""Bytes aiohttp holds of an answer before it stops reading the socket (at twice this)."""
LARGE_BODY = 2**20
"""A request of more bytes is written piece by piece, so that the event loop turns meanwhile."""

Authorize: TypeAlias = Callable[[], Awaitable[Mapping[str, str]]]
"""Gives the headers of a credential that does not last. Raises UpstreamError."""


class Timeouts(Struct, frozen=True):
    """Seconds."""

    connect: float = 5
    """To a connection, name lookup and TLS included."""
    first_byte: float = 120
    """From there to the first byte of the answer's body."""
    idle: float = 60
    """Between two reads of the body."""


class Upstream:
    """One provider's endpoint: a shared HTTP session, where to, and with which headers."""

    def __init__(
        self,
        session: aiohttp.ClientSession,
        base_url: str,
        headers: Mapping[str, str],
        timeouts: Timeouts,
        error_code: Callable[[bytes], str] | None = None,
        authorize: Authorize | None = None,
    ) -> None:
        self.base_url = base_url.rstrip("/")
        self._session = session
        self._headers = _DEFAULT_HEADERS | {name.lower(): value for name, value in headers.items()}
        self._timeouts = timeouts
        self._timeout = aiohttp.ClientTimeout(connect=timeouts.connect, sock_read=timeouts.first_byte)
        self._error_code = error_code
        self._authorize = authorize

    async def open(
        self, path: str, body: bytes, decoder: Decoder, *, headers: Mapping[str, str] | None = None
    ) -> HTTPModelStream:
        """Post the body and wait for the answer's headers.

        Raises UpstreamError when the upstream cannot be reached or refuses.
        """
        loop = asyncio.get_running_loop()
        deadline = loop.time() + self._timeouts.connect + self._timeouts.first_byte
        try:
            async with asyncio.timeout_at(deadline):
                response = await self._post(path, body, headers or {})
                if 200 <= response.status < 300:
                    _check_content_type(response)
                    set_read_timeout(response, deadline - loop.time())
                    return HTTPModelStream(response, decoder, idle=self._timeouts.idle)
                refusal = await _error_body(response)
        except TRANSPORT_EXCEPTIONS as error:
            raise failure_from_exception(error) from error
        raise self._refused(response, refusal)

    async def ask(self, path: str, body: bytes) -> bytes:
        """Post the body and read a small JSON answer whole.

        Raises UpstreamError when the upstream cannot be reached or refuses.
        """
        try:
            async with asyncio.timeout(self._timeouts.connect + self._timeouts.idle):
                response = await self._post(path, body, {})
                answer = await _error_body(response)
        except TRANSPORT_EXCEPTIONS as error:
            raise failure_from_exception(error) from error
        if 200 <= response.status < 300:
            return answer
        raise self._refused(response, answer)

    def _refused(self, response: aiohttp.ClientResponse, body: bytes) -> UpstreamError:
        failure = failure_from_response(response.status, response.headers, body, error_code=self._error_code)
        return scrubbed(failure, response.request_info.headers)

    async def _post(self, path: str, body: bytes, headers: Mapping[str, str]) -> aiohttp.ClientResponse:
        if self._authorize is not None:
            headers = {**headers, **await self._authorize()}
        return await self._session.post(
            self.base_url + path,
            data=io.BytesIO(body) if len(body) > LARGE_BODY else body,
            headers={**self._headers, **headers},
            timeout=self._timeout,
            allow_redirects=False,
            read_bufsize=READ_BUFFER,
        )


_DEFAULT_HEADERS = {
    "content-type": "application/json",
    "accept": "text/event-stream, application/json",
    # A compressed stream arrives late: the compressor waits for a block's worth.
    "accept-encoding": "identity",
}


def _check_content_type(response: aiohttp.ClientResponse) -> None:
    """A page instead of an answer is a wrong base URL or a proxy's login; say so before the stream starts."""
    if response.content_type == "text/html":
        response.close()
        raise UpstreamGarbled


async def _error_body(response: aiohttp.ClientResponse) -> bytes:
    """What can be had of a refusal's body; its status tells enough if it is cut."""
    try:
        return (await read_body(response.content, MAX_ERROR_BODY))[:MAX_ERROR_BODY]
    except aiohttp.ClientError:
        return b""
    finally:
        response.release()
