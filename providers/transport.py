"""HTTP to a provider: one request, its refusals mapped, its answer handed to whoever receives it.

Retries and money are not here.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import TypeAlias

import aiohttp
from aiohttp.connector import Connection
from msgspec import Struct

from providers.exchange import Exchange
from providers.failures import TRANSPORT_EXCEPTIONS, failure_from_exception, failure_from_response
from providers.receiving import MAX_ERROR_BODY, Decoder, HTTPModelStream, body_of, read_body
from providers.scrubbing import scrubbed
from providers.sending import Destination, write
from specs.errors import UpstreamError, UpstreamGarbled

__all__ = ["Authorize", "HTTPModelStream", "Timeouts", "Upstream"]

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
    """One provider's endpoint: the connections of a shared session, where to, and with which headers."""

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
        self._headers = headers
        self._timeouts = timeouts
        self._connecting = aiohttp.ClientTimeout(connect=timeouts.connect)
        self._error_code = error_code
        self._authorize = authorize
        self._known: Destination | None = None

    async def open(
        self, path: str, body: bytes, decoder: Decoder, *, headers: Mapping[str, str] | None = None
    ) -> HTTPModelStream:
        """Post the body and wait for the answer's headers.

        Raises UpstreamError when the upstream cannot be reached or refuses.
        """
        if self._authorize is not None:
            headers = {**(headers or {}), **await self._authorize()}
        try:
            exchange = await self._post(path, body, headers, patience=self._timeouts.first_byte)
            if 200 <= exchange.status < 300:
                _check_content_type(exchange)
                return HTTPModelStream(exchange, decoder, sent=self._sent(headers))
            refusal = await self._whole_body(exchange)
        except TRANSPORT_EXCEPTIONS as error:
            raise failure_from_exception(error) from error
        raise self._refused(exchange, refusal, headers)

    async def ask(self, path: str, body: bytes) -> bytes:
        """Post the body and read a small JSON answer whole.

        Raises UpstreamError when the upstream cannot be reached or refuses.
        """
        headers = None if self._authorize is None else await self._authorize()
        try:
            exchange = await self._post(path, body, headers, patience=self._timeouts.idle)
            answer = await self._whole_body(exchange)
        except TRANSPORT_EXCEPTIONS as error:
            raise failure_from_exception(error) from error
        if 200 <= exchange.status < 300:
            return answer
        raise self._refused(exchange, answer, headers)

    def _refused(self, exchange: Exchange, body: bytes, headers: Mapping[str, str] | None) -> UpstreamError:
        failure = failure_from_response(exchange.status, exchange.headers, body, error_code=self._error_code)
        return scrubbed(failure, self._sent(headers))

    async def _whole_body(self, exchange: Exchange) -> bytes:
        """What can be had of a small body; a refusal's status tells enough if it is cut."""
        try:
            async with asyncio.timeout(self._timeouts.idle):
                return (await read_body(body_of(exchange), MAX_ERROR_BODY))[:MAX_ERROR_BODY]
        except aiohttp.ClientError:
            return b""
        finally:
            exchange.close()

    async def _post(
        self, path: str, body: bytes, headers: Mapping[str, str] | None, *, patience: float
    ) -> Exchange:
        """Write the request and wait for the answer's headers."""
        there = self._destination()
        head = there.head(path, length=len(body), headers=headers)
        exchange = Exchange(await self._connect(there), patience=patience, idle=self._timeouts.idle)
        try:
            await write(exchange, head, body)
            await exchange.head()
        except BaseException:
            exchange.close()
            raise
        return exchange

    async def _connect(self, there: Destination) -> Connection:
        connector = self._session.connector
        if connector is None:
            raise aiohttp.ClientConnectionError("the session is closed")
        try:
            return await connector.connect(there.request, [], self._connecting)
        except TimeoutError as error:
            raise aiohttp.ConnectionTimeoutError from error

    def _destination(self) -> Destination:
        if self._known is None:
            self._known = Destination(self.base_url, self._headers)
        return self._known

    def _sent(self, headers: Mapping[str, str] | None) -> Mapping[str, str]:
        """The headers a request went out with."""
        usual = self._destination().headers
        return {**usual, **headers} if headers else usual


def _check_content_type(exchange: Exchange) -> None:
    """A page instead of an answer is a wrong base URL or a proxy's login; say so before the stream starts."""
    if exchange.content_type == "text/html":
        exchange.close()
        raise UpstreamGarbled
