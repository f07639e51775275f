"""Microsoft Entra: a token for a service's own identity, fetched when it is needed and kept while it holds.

Source: https://learn.microsoft.com/en-us/entra/identity-platform/v2-oauth2-client-creds-grant-flow
"""

from __future__ import annotations

import time
from collections.abc import Callable

import aiohttp
import msgspec
from msgspec import Struct

from providers.failures import CONTENT_EXCEPTIONS, TRANSPORT_EXCEPTIONS, failure_from_exception
from providers.tokens import Fetched, HeldToken
from specs.errors import UpstreamCredentialRefused, UpstreamUnavailable
from specs.providers import Entra

MARGIN_SECONDS = 300
"""A token that ends within so long is not used any more."""
TIMEOUT_SECONDS = 15


class _Token(Struct, frozen=True):
    access_token: str
    expires_in: int


_token = msgspec.json.Decoder(_Token)


class EntraToken:
    """Gives the header that a request to Azure carries."""

    def __init__(
        self,
        session: aiohttp.ClientSession,
        entra: Entra,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._session = session
        self._entra = entra
        self._held = HeldToken(margin=MARGIN_SECONDS, clock=clock)

    async def __call__(self) -> dict[str, str]:
        """The `authorization` header.

        Raises UpstreamCredentialRefused, UpstreamUnavailable, or what the network's failure is.
        """
        return {"authorization": f"Bearer {await self._held.get(self._fetch)}"}

    async def _fetch(self) -> Fetched:
        status, body = await self._ask()
        if status in (400, 401, 403):
            raise UpstreamCredentialRefused
        try:
            token = _token.decode(body)
        except CONTENT_EXCEPTIONS as error:
            raise UpstreamUnavailable from error
        return Fetched(token.access_token, token.expires_in)

    async def _ask(self) -> tuple[int, bytes]:
        entra = self._entra
        form = {
            "grant_type": "client_credentials",
            "client_id": entra.client_id,
            "client_secret": entra.client_secret.reveal(),
            "scope": entra.scope,
        }
        url = f"{entra.authority.rstrip('/')}/{entra.tenant_id}/oauth2/v2.0/token"
        timeout = aiohttp.ClientTimeout(total=TIMEOUT_SECONDS)
        try:
            async with self._session.post(url, data=form, timeout=timeout, allow_redirects=False) as response:
                return response.status, await response.content.read(65_536)
        except TRANSPORT_EXCEPTIONS as error:
            raise failure_from_exception(error) from error
