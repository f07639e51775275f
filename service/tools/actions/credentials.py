"""What a request to an action carries so that it is let in."""

from __future__ import annotations

import base64
import time
from collections.abc import Callable
from typing import assert_never
from urllib.parse import quote, urlencode

import msgspec
from msgspec import Struct, structs

from providers.tokens import Fetched, HeldToken
from service.egress import Bounds, Door, EgressError
from service.tools.actions.requests import Asked
from specs.actions import ApiKey, Auth, Basic, Bearer, ClientCredentials

MARGIN_SECONDS = 60
"""A token that ends within so long is not used any more."""
USUAL_SECONDS = 3600
"""How long a token is taken to hold whose server does not say."""


class NoToken(Exception):
    """The authorisation server gave no token; the message says what can be said of it."""


class _Token(Struct, frozen=True):
    access_token: str
    expires_in: float = USUAL_SECONDS


_token = msgspec.json.Decoder(_Token, strict=False)


class Credential:
    """The credential of one action. Tokens are fetched through the door and kept while they hold."""

    def __init__(self, auth: Auth | None, door: Door, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._auth = auth
        self._door = door
        self._held = HeldToken(margin=MARGIN_SECONDS, clock=clock)

    async def on(self, asked: Asked) -> Asked:
        """The request with what lets it in.

        Raises NoToken.
        """
        auth = self._auth
        match auth:
            case None:
                return asked
            case ApiKey(name, value, "query"):
                pair = urlencode({name: value.reveal()}, quote_via=quote)
                return structs.replace(asked, url=f"{asked.url}{'&' if '?' in asked.url else '?'}{pair}")
            case ApiKey(name, value, "cookie"):
                cookie = f"{name}={quote(value.reveal(), safe='')}"
                before = asked.headers.get("cookie")
                return _with(asked, "cookie", f"{before}; {cookie}" if before else cookie)
            case ApiKey(name, value):
                return _with(asked, name.lower(), value.reveal())
            case Basic(user, password):
                pair = base64.b64encode(f"{user}:{password.reveal()}".encode()).decode()
                return _with(asked, "authorization", f"Basic {pair}")
            case Bearer(token):
                return _with(asked, "authorization", f"Bearer {token.reveal()}")
            case ClientCredentials():
                return _with(
                    asked, "authorization", f"Bearer {await self._held.get(lambda: self._fetch(auth))}"
                )
            case _:
                assert_never(auth)

    async def _fetch(self, auth: ClientCredentials) -> Fetched:
        form = {
            "grant_type": "client_credentials",
            "client_id": auth.client_id,
            "client_secret": auth.client_secret.reveal(),
            **({"scope": auth.scope} if auth.scope else {}),
        }
        headers = {"content-type": "application/x-www-form-urlencoded", "accept": "application/json"}
        bounds = Bounds(seconds=15, bytes=65_536)
        try:
            answer = await self._door.fetch(
                auth.token_url, method="POST", headers=headers, body=urlencode(form).encode(), bounds=bounds
            )
            token = _token.decode(answer.body) if answer.status == 200 else None
        except (EgressError, msgspec.DecodeError) as error:
            raise NoToken("The action's authorisation server gave no token.") from error
        if token is None:
            raise NoToken(f"The action's authorisation server answered {answer.status}.")
        return Fetched(token.access_token, token.expires_in)


def _with(asked: Asked, name: str, value: str) -> Asked:
    return structs.replace(asked, headers={**asked.headers, name: value})
