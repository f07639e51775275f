"""What a request to a provider begins with: its line and headers, worked out once for all that go there."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from functools import lru_cache

import aiohttp
from yarl import URL

from providers.exchange import Exchange

LARGE_BODY = 2**20
"""A request of more bytes is written piece by piece, so that the event loop turns meanwhile."""
_PIECE = 2**18
_DEFAULT_HEADERS = {
    "content-type": "application/json",
    "accept": "text/event-stream, application/json",
    # A compressed stream arrives late: the compressor waits for a block's worth.
    "accept-encoding": "identity",
}
_BREAKS = ("\r", "\n", "\0")


class Destination:
    """A base URL and the headers that go to it. Made on the event loop that will use it.

    Raises aiohttp.InvalidURL, aiohttp.NonHttpUrlClientError; ValueError for a header that cannot be sent.
    """

    def __init__(self, base_url: str, headers: Mapping[str, str]) -> None:
        self._base_url = base_url
        self.request = _request(base_url, _DEFAULT_HEADERS | _lowered(headers))
        """What a connector makes a connection for; it is never sent itself."""
        self.headers = _lowered(self.request.headers)
        """All but the length."""
        del self.headers["content-length"]
        self._lines = _lines(self.headers)

    def head(self, path: str, *, length: int, headers: Mapping[str, str] | None = None) -> bytes:
        """A request's line and headers, these before the usual ones.

        Raises ValueError for a header that cannot be sent.
        """
        lines = _lines(self.headers | _lowered(headers)) if headers else self._lines
        target = _target(self._base_url + path)
        return b"POST %b HTTP/1.1\r\n%bcontent-length: %d\r\n\r\n" % (target, lines, length)


async def write(exchange: Exchange, head: bytes, body: bytes) -> None:
    """Write a request. What a server does not want to read any more is not written."""
    transport = exchange.transport
    if len(body) <= LARGE_BODY:
        transport.writelines((head, body))
        return
    transport.write(head)
    for start in range(0, len(body), _PIECE):
        if transport.is_closing():
            return
        transport.write(body[start : start + _PIECE])
        await asyncio.sleep(0)


def _request(base_url: str, headers: Mapping[str, str]) -> aiohttp.ClientRequest:
    try:
        url = URL(base_url)
    except ValueError as error:
        raise aiohttp.InvalidURL(base_url) from error
    if url.scheme not in ("http", "https"):
        raise aiohttp.NonHttpUrlClientError(url)
    return aiohttp.ClientRequest("POST", url, headers=headers, loop=asyncio.get_running_loop())


@lru_cache(maxsize=1024)
def _target(url: str) -> bytes:
    """What follows the host, quoted: a path can hold the name of a model."""
    return URL(url).raw_path_qs.encode()


def _lowered(headers: Mapping[str, str]) -> dict[str, str]:
    return {name.lower(): value for name, value in headers.items()}


def _lines(headers: Mapping[str, str]) -> bytes:
    for name, value in headers.items():
        if any(each in name or each in value for each in _BREAKS):
            raise ValueError(f"the header {name!r} has a line break in it")
    return "".join(f"{name}: {value}\r\n" for name, value in headers.items()).encode()
