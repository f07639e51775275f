"""The adapter against a scripted server: one request, one answer, failures mapped."""

from __future__ import annotations

import itertools
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp
import pytest

from providers.base import Call
from providers.openai_responses.adapter import OpenAIResponses
from providers.transport import Timeouts
from providers.transport import Upstream as Endpoint
from specs.errors import UpstreamCut, UpstreamError, UpstreamRateLimited, UpstreamUnavailable
from specs.events import Event, StepStarted, Warned
from specs.fold import fold
from specs.items import FunctionCall, Message, Reasoning, Text
from specs.requests import ModelRequest, Settings
from tests.support.laws import check_laws
from tests.support.script import ErrorBody, Script, ToolCall
from tests.support.upstream import Upstream, until

pytestmark = pytest.mark.anyio

REQUEST = ModelRequest("gpt-5", (Message("msg_1", "user", (Text("Hello"),)),))


@asynccontextmanager
async def _serving(*scripts: Script) -> AsyncIterator[tuple[OpenAIResponses, Upstream]]:
    async with aiohttp.ClientSession() as session, Upstream() as upstream:
        upstream.enqueue(*scripts)
        headers = {"authorization": "Bearer sk-test"}
        endpoint = Endpoint(session, f"{upstream.base_url}/v1", headers, Timeouts())
        yield OpenAIResponses("openai", endpoint, origin="responses:127.0.0.1"), upstream


async def _events(provider: OpenAIResponses, request: ModelRequest = REQUEST) -> list[Event]:
    numbers = itertools.count()
    call = Call(step=1, attempt=1, first_item=0, new_id=lambda prefix: f"{prefix}_{next(numbers)}")
    stream = await provider.open(request, call)
    events: list[Event] = []
    try:
        async for batch in stream:
            events.extend(batch)
    except UpstreamError:
        events.extend(stream.close("error"))
        check_laws(events)
        raise
    finally:
        await stream.aclose()
    check_laws(events)
    return events


async def test_a_request_is_one_post_of_a_stream_that_stores_nothing() -> None:
    async with _serving(Script(text=("Hi",))) as (provider, upstream):
        await _events(provider)
        (exchange,) = upstream.exchanges
    assert (exchange.method, exchange.path) == ("POST", "/v1/responses")
    assert exchange.headers["authorization"] == "Bearer sk-test"
    assert (exchange.body["stream"], exchange.body["store"]) == (True, False)


async def test_an_answer_comes_with_its_usage() -> None:
    script = Script(reasoning=("Think",), text=("Hel", "lo"), calls=(ToolCall("f", ('{"x"', ":1}")),))
    async with _serving(script) as (provider, upstream):
        events = await _events(provider)
        reported = upstream.exchanges[0].reported
    thought, said, call = fold(events).items
    assert isinstance(events[0], StepStarted)
    assert isinstance(thought, Reasoning)
    assert isinstance(said, Message)
    assert said.content == (Text("Hello"),)
    assert isinstance(call, FunctionCall)
    assert (call.name, call.arguments) == ("f", '{"x":1}')
    assert reported is not None
    assert (fold(events).usage.input, fold(events).usage.output) == (reported.input, reported.output)


async def test_what_the_request_could_not_say_is_warned_about_after_the_start() -> None:
    async with _serving(Script(text=("Hi",))) as (provider, _):
        settings = Settings(seed=7, temperature=0.5)
        events = await _events(provider, ModelRequest("gpt-5", REQUEST.items, settings=settings))
    assert [event.param for event in events if isinstance(event, Warned)] == ["temperature", "seed"]
    assert isinstance(events[0], StepStarted)


@pytest.mark.parametrize(
    ("script", "failure"),
    [
        (Script(status=429, error=ErrorBody(code="rate_limit_exceeded")), UpstreamRateLimited),
        (Script(status=500), UpstreamUnavailable),
        (Script(text=("a", "b", "c"), fail_after_events=5), UpstreamUnavailable),
        (Script(text=("a", "b", "c"), cut_after_events=5), UpstreamCut),
        (Script(text=("a", "b", "c"), cut_after_events=5, cut="end"), UpstreamCut),
    ],
)
async def test_a_failure_is_raised_as_ours(script: Script, failure: type[UpstreamError]) -> None:
    async with _serving(script) as (provider, _):
        with pytest.raises(failure):
            await _events(provider)


async def test_an_answer_given_up_is_cancelled_upstream_at_once() -> None:
    async with _serving(Script(text=("a", "b", "c"), stall_after_events=5)) as (provider, upstream):
        stream = await provider.open(REQUEST, Call(1, 1, 0, lambda prefix: prefix))
        events = await anext(stream)
        events += stream.close("cancelled")
        await stream.aclose()
        check_laws(events)
        await until(lambda: upstream.exchanges[0].disconnected_at is not None)


async def test_the_profile_is_that_of_the_models_family() -> None:
    async with _serving() as (provider, _):
        assert provider.profile("gpt-5").context_window == 400_000
        await provider.aclose()
