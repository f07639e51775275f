"""The keys of an issuer are found, remembered, read anew when they turn, and done without for a while."""

from __future__ import annotations

import json

import pytest

from service.http.oidc.issuer import RETRY_SECONDS, STALE_SECONDS, Issuer, Unreachable
from service.http.oidc.tokens import Head
from service.settings.auth import OIDC
from specs.errors import InvalidToken, IssuerUnavailable
from tests.support.issuer import jwk, rsa_key

ADDRESS = "https://login.example.com"
DISCOVERY = f"{ADDRESS}/.well-known/openid-configuration"
OIDC_SETTINGS = OIDC(issuer=ADDRESS, audience="dragoman", keys_seconds=600)

pytestmark = pytest.mark.anyio


class Documents:
    """What an issuer serves, and a clock."""

    def __init__(self) -> None:
        self.pages: dict[str, object] = {
            DISCOVERY: {"issuer": ADDRESS, "jwks_uri": f"{ADDRESS}/keys"},
            f"{ADDRESS}/keys": {"keys": [jwk("first", rsa_key("first"))]},
        }
        self.asked: list[str] = []
        self.time = 0.0

    async def fetch(self, address: str) -> bytes:
        self.asked.append(address)
        if address not in self.pages:
            raise Unreachable("it answered 404")
        return json.dumps(self.pages[address]).encode()

    def issuer(self) -> Issuer:
        return Issuer(OIDC_SETTINGS, self.fetch, monotonic=lambda: self.time)


@pytest.fixture
def documents() -> Documents:
    return Documents()


async def test_keys_are_read_once_and_remembered(documents):
    issuer = documents.issuer()
    for _ in range(3):
        assert (await issuer.key(Head("RS256", "first"))).kid == "first"
    assert documents.asked == [DISCOVERY, f"{ADDRESS}/keys"]


async def test_keys_are_read_anew_when_they_are_old(documents):
    issuer = documents.issuer()
    await issuer.key(Head("RS256", "first"))
    documents.pages[f"{ADDRESS}/keys"] = {"keys": [jwk("second", rsa_key("second"))]}
    documents.time = 600
    with pytest.raises(InvalidToken):
        await issuer.key(Head("RS256", "first"))


async def test_a_new_key_is_found_by_the_first_token_signed_with_it(documents):
    issuer = documents.issuer()
    await issuer.key(Head("RS256", "first"))
    documents.pages[f"{ADDRESS}/keys"] = {"keys": [jwk("second", rsa_key("second"))]}
    documents.time = RETRY_SECONDS
    assert (await issuer.key(Head("RS256", "second"))).kid == "second"


async def test_unknown_keys_do_not_make_us_ask_again_and_again(documents):
    issuer = documents.issuer()
    for _ in range(20):
        with pytest.raises(InvalidToken):
            await issuer.key(Head("RS256", "nobody"))
    assert len(documents.asked) == 2


async def test_known_keys_go_on_while_the_issuer_is_away_but_not_for_ever(documents):
    issuer = documents.issuer()
    await issuer.key(Head("RS256", "first"))
    documents.pages.clear()
    documents.time = STALE_SECONDS - 1
    assert (await issuer.key(Head("RS256", "first"))).kid == "first"
    documents.time = STALE_SECONDS
    with pytest.raises(IssuerUnavailable):
        await issuer.key(Head("RS256", "first"))


async def test_an_issuer_that_was_never_reached_is_unavailable(documents):
    documents.pages.clear()
    with pytest.raises(IssuerUnavailable) as refused:
        await documents.issuer().key(Head("RS256", "first"))
    assert (refused.value.status, refused.value.retry_after) == (503, RETRY_SECONDS)


@pytest.mark.parametrize(
    "discovery",
    [
        {"issuer": "https://evil.example.com", "jwks_uri": f"{ADDRESS}/keys"},
        {"issuer": ADDRESS},
        {"issuer": ADDRESS, "jwks_uri": "http://login.example.com/keys"},
        {"issuer": ADDRESS, "jwks_uri": "file:///etc/passwd"},
        [],
        "text",
    ],
)
async def test_a_discovery_document_that_is_not_its_issuers_is_not_followed(documents, discovery):
    documents.pages[DISCOVERY] = discovery
    with pytest.raises(IssuerUnavailable):
        await documents.issuer().key(Head("RS256", "first"))
    assert documents.asked == [DISCOVERY]
