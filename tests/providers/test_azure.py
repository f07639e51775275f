"""Azure OpenAI: the Responses wire behind an API key, or behind a token of Microsoft Entra."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from msgspec import structs

from providers.base import Call
from providers.entra import MARGIN_SECONDS, EntraToken
from providers.registry import build_provider
from specs.errors import UpstreamCredentialRefused, UpstreamUnavailable
from specs.items import Message, Text
from specs.providers import Entra, ProviderSpec
from specs.requests import ModelRequest
from specs.secret import Secret
from tests.support.script import Script
from tests.support.upstream import Upstream

pytestmark = pytest.mark.anyio

HI = ModelRequest("gpt-5", (Message("u", "user", (Text("Hi"),)),))
CALL = Call(step=0, attempt=1, first_item=0, new_id=lambda prefix: f"{prefix}_{next(_numbers)}")
_numbers = itertools.count()


class Directory:
    """Gives tokens, each another."""

    def __init__(self) -> None:
        self.forms: list[dict[str, str]] = []
        self.status = 200
        self.body: object = None

    async def token(self, request: web.Request) -> web.Response:
        """One token, or a refusal."""
        self.forms.append({name: str(value) for name, value in (await request.post()).items()})
        number = len(self.forms)
        given = {"access_token": f"token-{number}", "expires_in": 3600, "token_type": "Bearer"}
        return web.json_response(given if self.body is None else self.body, status=self.status)


@pytest.fixture
def directory() -> Directory:
    return Directory()


@pytest.fixture
async def entra(directory: Directory) -> AsyncIterator[Entra]:
    app = web.Application()
    app.router.add_post("/tenant-1/oauth2/v2.0/token", directory.token)
    async with TestServer(app) as server:
        yield Entra("tenant-1", "app-1", Secret("s3"), authority=str(server.make_url("")))


async def asked_with(spec: ProviderSpec) -> dict[str, str]:
    """The headers that a call of this provider reaches its upstream with."""
    async with Upstream() as upstream, aiohttp.ClientSession() as session:
        upstream.enqueue(Script(text=("ok",)))
        there = structs.replace(spec, base_url=f"{upstream.base_url}/openai/v1")
        stream = await build_provider(there, session).open(HI, CALL)
        assert [event async for batch in stream for event in batch]
        await stream.aclose()
        assert upstream.exchanges[0].path == "/openai/v1/responses"
        return upstream.exchanges[0].headers


async def test_a_key_goes_in_azures_own_header() -> None:
    headers = await asked_with(ProviderSpec("azure", "azure", api_key=Secret("k1")))
    assert headers["api-key"] == "k1"
    assert "authorization" not in headers


async def test_an_identity_is_exchanged_for_a_token(entra: Entra, directory: Directory) -> None:
    headers = await asked_with(ProviderSpec("azure", "azure", entra=entra))
    assert headers["authorization"] == "Bearer token-1"
    assert directory.forms == [
        {
            "grant_type": "client_credentials",
            "client_id": "app-1",
            "client_secret": "s3",
            "scope": "https://cognitiveservices.azure.com/.default",
        }
    ]


async def test_a_token_is_shared_kept_and_renewed_in_time(entra: Entra, directory: Directory) -> None:
    now = 0.0
    async with aiohttp.ClientSession() as session:
        token = EntraToken(session, entra, clock=lambda: now)
        first = await asyncio.gather(*(token() for _ in range(5)))
        assert first == [{"authorization": "Bearer token-1"}] * 5
        now = 3600 - MARGIN_SECONDS - 1
        assert await token() == first[0]
        now += 1
        assert await token() == {"authorization": "Bearer token-2"}
        assert len(directory.forms) == 2


@pytest.mark.parametrize(
    ("status", "body", "failure"),
    [
        (401, {"error": "invalid_client"}, UpstreamCredentialRefused),
        (500, {}, UpstreamUnavailable),
        (200, {"access_token": 7}, UpstreamUnavailable),
    ],
)
async def test_a_directory_that_gives_no_token_is_a_failure(
    entra: Entra, directory: Directory, status: int, body: object, failure: type[Exception]
) -> None:
    directory.status, directory.body = status, body
    async with aiohttp.ClientSession() as session:
        with pytest.raises(failure):
            await EntraToken(session, entra)()
