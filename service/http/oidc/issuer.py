"""The keys of an issuer: found by its discovery document, remembered, and read anew when they turn.

https://openid.net/specs/openid-connect-discovery-1_0.html
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import TypeAlias, TypeVar
from urllib.parse import urlsplit

import aiohttp
import msgspec
import structlog
from msgspec import Struct

from service.http.oidc.tokens import Head, Jwks, VerifyingKey, key_for, read_keys
from service.settings.auth import OIDC
from specs.errors import InvalidToken, IssuerUnavailable

T = TypeVar("T")
Fetch: TypeAlias = Callable[[str], Awaitable[bytes]]
"""Gets the body of an address. Raises Unreachable."""

FETCH_SECONDS = 5.0
MAX_DOCUMENT_BYTES = 1024 * 1024
RETRY_SECONDS = 10.0
"""Between two tries at an issuer, whatever tokens ask for: it is not ours to burden."""
STALE_SECONDS = 86_400.0
"""How long keys are still taken when their issuer cannot be reached."""

log = structlog.get_logger()


class Discovery(Struct, frozen=True):
    """What is wanted of a discovery document."""

    issuer: str
    jwks_uri: str


class Unreachable(Exception):
    """A document could not be got or read."""


class Issuer:
    """Knows the keys of an issuer."""

    def __init__(self, oidc: OIDC, fetch: Fetch, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._oidc = oidc
        self._fetch = fetch
        self._monotonic = monotonic
        self._keys: tuple[VerifyingKey, ...] = ()
        self._read_at: float | None = None
        self._tried_at: float | None = None
        self._reading = asyncio.Lock()

    async def key(self, head: Head) -> VerifyingKey:
        """The key that a token was signed with, by what it says.

        Raises InvalidToken where the issuer has none such, IssuerUnavailable where its keys are not known.
        """
        if not self._are_current(self._oidc.keys_seconds):
            await self._read()
        found = key_for(head, self._keys)
        if found is None:
            await self._read()
            found = key_for(head, self._keys)
        if not self._are_current(STALE_SECONDS):
            raise IssuerUnavailable(retry_after=RETRY_SECONDS)
        if found is None:
            raise InvalidToken("kid: the issuer of the bearer token has no such key.")
        return found

    def _are_current(self, seconds: float) -> bool:
        return self._read_at is not None and self._monotonic() - self._read_at < seconds

    async def _read(self) -> None:
        """Read the keys anew, unless that was tried a moment ago; the keys there are stay if it fails."""
        async with self._reading:
            if self._tried_at is not None and self._monotonic() - self._tried_at < RETRY_SECONDS:
                return
            self._tried_at = self._monotonic()
            try:
                self._keys = await self._fetch_keys()
                self._read_at = self._monotonic()
            except Unreachable as error:
                log.error("issuer_unavailable", reason=str(error))

    async def _fetch_keys(self) -> tuple[VerifyingKey, ...]:
        issuer = self._oidc.issuer or ""
        address = f"{issuer.rstrip('/')}/.well-known/openid-configuration"
        found = decoded(await self._fetch(address), _discovery)
        if found.issuer != issuer:
            raise Unreachable("its discovery document names another issuer")
        if not _same_safety(found.jwks_uri, issuer):
            raise Unreachable("its discovery document has no safe jwks_uri")
        keys = read_keys(decoded(await self._fetch(found.jwks_uri), _jwks))
        if not keys:
            raise Unreachable("it has no key that can verify")
        return keys


def decoded(body: bytes, decoder: msgspec.json.Decoder[T]) -> T:
    """Read a document. Raises Unreachable where it is none of the kind."""
    try:
        return decoder.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Unreachable("it answered with what is not the document asked for") from error


_discovery = msgspec.json.Decoder(Discovery)
_jwks = msgspec.json.Decoder(Jwks)


def _same_safety(address: str, issuer: str) -> bool:
    """Whether an address is as safe as the issuer's own: https, or plain where that is too."""
    scheme = urlsplit(address).scheme
    return scheme == "https" or (scheme == "http" and urlsplit(issuer).scheme == "http")


def fetcher(session: aiohttp.ClientSession) -> Fetch:
    """Get documents of the operator's issuer: a short while, no redirects, nothing large."""

    async def fetch(address: str) -> bytes:
        timeout = aiohttp.ClientTimeout(total=FETCH_SECONDS)
        try:
            async with session.get(address, timeout=timeout, allow_redirects=False) as answer:
                if answer.status != 200:
                    raise Unreachable(f"it answered {answer.status}")
                body = await answer.content.read(MAX_DOCUMENT_BYTES + 1)
                while not answer.content.at_eof() and len(body) <= MAX_DOCUMENT_BYTES:
                    body += await answer.content.read(MAX_DOCUMENT_BYTES)
        except (aiohttp.ClientError, TimeoutError, ValueError) as error:
            raise Unreachable(f"it cannot be reached: {type(error).__name__}") from error
        if len(body) > MAX_DOCUMENT_BYTES:
            raise Unreachable("its document is too large")
        return body

    return fetch
