"""A token can name where its keys are to be had; nobody goes there. The operator's issuer is asked alone."""

from __future__ import annotations

import json

import jwt
import pytest

from service.http.oidc.issuer import Issuer
from service.http.oidc.tokens import read_head
from service.settings.auth import OIDC
from specs.errors import InvalidToken
from tests.egress.targets import hostile
from tests.support.issuer import AUDIENCE, claims_of, jwk, rsa_key

pytestmark = pytest.mark.anyio
HOME = "https://login.example.com"
DISCOVERY = f"{HOME}/.well-known/openid-configuration"


class Asked:
    """Answers for the issuer, and keeps what it was asked for."""

    def __init__(self) -> None:
        self.addresses: set[str] = set()

    async def fetch(self, address: str) -> bytes:
        """The issuer's documents, wherever they are asked for."""
        self.addresses.add(address)
        if address == DISCOVERY:
            return json.dumps({"issuer": HOME, "jwks_uri": f"{HOME}/keys"}).encode()
        return json.dumps({"keys": [jwk("first", rsa_key("first"))]}).encode()


@pytest.mark.parametrize("header", ["jku", "x5u", "kid"])
async def test_an_address_in_a_token_is_not_asked(header: str):
    asked, oidc = Asked(), OIDC(issuer=HOME, audience=AUDIENCE)
    issuer = Issuer(oidc, asked.fetch)
    for target in hostile()[:40]:
        named = {"kid": "theirs", header: target.replace("{port}", "8080")}
        claims = claims_of("ann", issuer=HOME, jwks_uri=target)
        token = jwt.encode(claims, rsa_key("theirs"), "RS256", named)
        with pytest.raises(InvalidToken):
            await issuer.key(read_head(token, oidc))
    assert asked.addresses == {DISCOVERY, f"{HOME}/keys"}
