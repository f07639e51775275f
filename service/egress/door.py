"""Goes out: HTTP sessions whose sockets obey the address policy, and whole small answers within bounds.

Two sessions: one makes sockets only to addresses the policy opens; the other reaches hosts that the
operator named, wherever their names lead, and nothing else. Every request of either, each hop of a
redirect included, passes the same look at its URL.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

import aiohttp
from aiohttp.abc import AbstractResolver
from aiohttp.client_middlewares import ClientHandlerType
from msgspec import Struct
from yarl import URL

from service.egress.errors import EgressError, Forbidden, TimedOut, TooLarge, Unreachable
from service.egress.targets import check, check_url
from specs.addresses import AddressPolicy

REDIRECTS = frozenset({301, 302, 303, 307, 308})
_KEPT_ACROSS_HOSTS = frozenset({"accept", "accept-language", "user-agent"})
"""What a redirect may take to another host; anything else may be a credential."""


class Bounds(Struct, frozen=True):
    """What one call may take."""

    seconds: float = 30.0
    """From the first look-up to the last byte."""
    bytes: int = 4 * 2**20
    redirects: int = 0
    """Hops followed, each checked anew; only GET and HEAD are."""


USUAL = Bounds()


class Fetched(Struct, frozen=True):
    """A whole answer."""

    url: str
    """Where it came from, after redirects."""
    status: int
    headers: Mapping[str, str]
    body: bytes


class Door:
    """See the module. Make it on the event loop that will use it, and `aclose` it."""

    def __init__(self, policy: AddressPolicy, *, resolver: AbstractResolver | None = None) -> None:
        self.policy = policy
        self._resolver = resolver
        self._guarded: aiohttp.ClientSession | None = None
        self._trusted: aiohttp.ClientSession | None = None

    def session(self, url: str) -> aiohttp.ClientSession:
        """The session for this URL's host; it refuses other hosts than the policy has open.

        Raises Forbidden.
        """
        return self._session(check_url(url, self.policy))

    @asynccontextmanager
    async def open(
        self,
        url: str,
        *,
        method: str = "GET",
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
        seconds: float = USUAL.seconds,
        redirects: int = 0,
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        """Send a request; the answer is open inside the block, which ends after `seconds`.

        Raises Forbidden, Unreachable, TimedOut.
        """
        async with _told():
            async with asyncio.timeout(seconds):
                response = await self._follow(check_url(url, self.policy), method, headers, body, redirects)
                try:
                    yield response
                finally:
                    response.close()

    async def fetch(
        self,
        url: str,
        *,
        method: str = "GET",
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
        bounds: Bounds = USUAL,
    ) -> Fetched:
        """Send a request and read its answer whole.

        Raises Forbidden, Unreachable, TimedOut, TooLarge.
        """
        opening = self.open(
            url, method=method, headers=headers, body=body, seconds=bounds.seconds, redirects=bounds.redirects
        )
        async with opening as response:
            if response.headers.get("content-encoding", "identity") != "identity":
                raise Unreachable("the answer is compressed, which was not asked for")
            content = await _read(response.content, bounds.bytes)
            return Fetched(str(response.url), response.status, response.headers.copy(), content)

    async def __aenter__(self) -> Door:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Let go of every connection."""
        for session in (self._guarded, self._trusted):
            if session is not None:
                await session.close()
        self._guarded = self._trusted = None

    async def _follow(
        self, url: URL, method: str, headers: Mapping[str, str] | None, body: bytes | None, redirects: int
    ) -> aiohttp.ClientResponse:
        sent = {"accept-encoding": "identity", **(headers or {})}
        while True:
            try:
                response = await self._session(url).request(
                    method, url, headers=sent, data=body, allow_redirects=False
                )
            except ValueError as error:  # a header's value with a line break, a host that is no name
                raise to_failure(error) from error
            target = response.headers.get("location")
            followed = redirects > 0 and method in ("GET", "HEAD")
            if not followed or response.status not in REDIRECTS or target is None:
                return response
            response.close()
            redirects -= 1
            hop = _next(url, target, self.policy)
            if hop.origin() != url.origin():
                sent = {name: value for name, value in sent.items() if name.lower() in _KEPT_ACROSS_HOSTS}
                sent["accept-encoding"] = "identity"
            url = hop

    def _session(self, url: URL) -> aiohttp.ClientSession:
        if self.policy.trusts(url.raw_host or "", url.port or 0):
            if self._trusted is None:
                self._trusted = self._make(only_trusted=True)
            return self._trusted
        if self._guarded is None:
            self._guarded = self._make(only_trusted=False)
        return self._guarded

    def _make(self, *, only_trusted: bool) -> aiohttp.ClientSession:
        policy = self.policy

        async def look(request: aiohttp.ClientRequest, handler: ClientHandlerType) -> aiohttp.ClientResponse:
            check(request.url, policy)
            if only_trusted and not policy.trusts(request.url.raw_host or "", request.url.port or 0):
                raise Forbidden
            return await handler(request)

        connector = aiohttp.TCPConnector(
            limit=0,
            limit_per_host=64,
            keepalive_timeout=30,
            resolver=self._resolver,
            use_dns_cache=False,
            socket_factory=None if only_trusted else self._make_socket,
        )
        return aiohttp.ClientSession(
            connector=connector,
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,
            timeout=aiohttp.ClientTimeout(total=None),
            trust_env=False,
            middlewares=(look,),
        )

    def _make_socket(self, info: aiohttp.AddrInfoType) -> socket.socket:
        """The one place where addresses are judged: this one is connected to next.

        Raises Forbidden.
        """
        family, kind, protocol, _, address = info
        if self.policy.refusal(str(address[0]), int(address[1])) is not None:
            raise Forbidden
        return socket.socket(family, kind, protocol)


@asynccontextmanager
async def _told() -> AsyncIterator[None]:
    """Say in our words how a call failed."""
    try:
        yield
    except EgressError:
        raise
    except TimeoutError as error:
        raise TimedOut from error
    except (aiohttp.ClientError, OSError) as error:
        raise to_failure(error) from error


def to_failure(error: BaseException) -> EgressError:
    """What a failure of the network's is in our words."""
    if any(
        isinstance(each, Forbidden) for each in (error, error.__cause__, getattr(error, "os_error", None))
    ):
        return Forbidden()
    return TimedOut() if isinstance(error, TimeoutError) else Unreachable()


def _next(url: URL, target: str, policy: AddressPolicy) -> URL:
    try:
        joined = url.join(URL(target))
    except ValueError as error:
        raise Forbidden("it was redirected to something that is no URL") from error
    hop = check_url(str(joined), policy)
    if url.scheme == "https" and hop.scheme == "http":
        raise Forbidden("it was redirected from https to http")
    return hop


async def _read(content: aiohttp.StreamReader, most: int) -> bytes:
    pieces, size = [], 0
    while piece := await content.readany():
        size += len(piece)
        if size > most:
            raise TooLarge
        pieces.append(piece)
    return b"".join(pieces)
