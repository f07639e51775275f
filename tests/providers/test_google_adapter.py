"""Google's adapter against a small server that speaks `generateContent`."""

from __future__ import annotations

import itertools
from collections.abc import AsyncIterator

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from providers import transport
from providers.base import Call
from providers.google.adapter import Gemini, headers
from specs.errors import UpstreamRateLimited
from specs.events import StepEnded, StepStarted
from specs.fold import fold
from specs.items import Message, Text
from specs.requests import ModelRequest
from specs.usage import Usage
from tests.support.google_answers import chunk, counts, sse
from tests.support.laws import check_laws

pytestmark = pytest.mark.anyio

HI = ModelRequest("gemini-2.5-flash", (Message("u", "user", (Text("Hi"),)),))


class Google:
    """Answers every request alike, and keeps what it was asked."""

    def __init__(self) -> None:
        self.asked: list[web.Request] = []
        self.status = 200

    async def answer(self, request: web.Request) -> web.Response:
        """One answer, or a refusal."""
        self.asked.append(request)
        await request.read()
        if self.status != 200:
            error = {"code": self.status, "message": "slow down", "status": "RESOURCE_EXHAUSTED"}
            return web.json_response({"error": error}, status=self.status)
        if request.path.endswith("countTokens"):
            return web.json_response({"totalTokens": 31})
        chunks = [chunk({"text": "Hel"}), chunk({"text": "lo"}, finish="STOP", usageMetadata=counts(3, 2))]
        return web.Response(body=sse(chunks), content_type="text/event-stream")


@pytest.fixture
def google() -> Google:
    return Google()


@pytest.fixture
async def provider(google: Google) -> AsyncIterator[Gemini]:
    app = web.Application()
    app.router.add_post("/v1beta/models/{call}", google.answer)
    async with TestServer(app) as server, aiohttp.ClientSession() as session:
        url = str(server.make_url("/v1beta"))
        there = transport.Upstream(session, url, headers("AIza-test"), transport.Timeouts())
        yield Gemini("google", there, origin="gemini:test")


def numbered() -> Call:
    numbers = itertools.count()
    return Call(step=0, attempt=1, first_item=0, new_id=lambda prefix: f"{prefix}_{next(numbers)}")


async def test_an_answer_is_streamed_with_its_usage(google: Google, provider: Gemini) -> None:
    stream = await provider.open(HI, numbered())
    events = [event async for batch in stream for event in batch]
    await stream.aclose()
    check_laws(events)
    assert events[0] == StepStarted(0, 1, "google", "gemini-test", "r1")
    assert isinstance(events[-1], StepEnded)
    assert events[-1].usage == Usage(input=3, output=2)
    (message,) = fold(events).items
    assert isinstance(message, Message)
    assert message.content == (Text("Hello"),)
    (asked,) = google.asked
    assert asked.path_qs == "/v1beta/models/gemini-2.5-flash:streamGenerateContent?alt=sse"
    assert asked.headers["x-goog-api-key"] == "AIza-test"


async def test_input_is_counted_by_its_own_counter(google: Google, provider: Gemini) -> None:
    assert await provider.count_input(HI) == 31
    asked = await google.asked[0].json()
    assert asked["generateContentRequest"]["model"] == "models/gemini-2.5-flash"
    assert asked["generateContentRequest"]["contents"][0]["parts"] == [{"text": "Hi"}]


async def test_a_refusal_is_a_failure_of_its_class(google: Google, provider: Gemini) -> None:
    google.status = 429
    with pytest.raises(UpstreamRateLimited):
        await provider.open(HI, numbered())
