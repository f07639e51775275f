"""The adapter against a scripted server: one request, one answer, failures mapped."""

from __future__ import annotations

import itertools
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp
import pytest

from providers.base import Call
from providers.openai_chat.adapter import OpenAIChat
from providers.transport import Timeouts
from providers.transport import Upstream as Endpoint
from specs.errors import UpstreamCut, UpstreamError, UpstreamGarbled, UpstreamRateLimited, UpstreamUnavailable
from specs.events import Event, StepStarted, Warned
from specs.fold import fold
from specs.items import FunctionCall, Message, Reasoning, Text
from specs.requests import ModelRequest, Settings
from tests.support.laws import check_laws
from tests.support.script import ErrorBody, Script, ToolCall
from tests.support.upstream import Upstream, until

pytestmark = pytest.mark.anyio

REQUEST = ModelRequest("scripted-1", (Message("msg_1", "user", (Text("Hello"),)),))


@asynccontextmanager
async def _serving(*scripts: Script) -> AsyncIterator[tuple[OpenAIChat, Upstream]]:
    async with aiohttp.ClientSession() as session, Upstream() as upstream:
        upstream.enqueue(*scripts)
        headers = {"authorization": "Bearer sk-test"}
        endpoint = Endpoint(session, f"{upstream.base_url}/v1", headers, Timeouts())
        yield OpenAIChat("local", endpoint, origin="chat:127.0.0.1"), upstream


async def _events(provider: OpenAIChat, request: ModelRequest = REQUEST) -> list[Event]:
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


async def test_a_request_is_one_post_of_a_stream_with_usage() -> None:
    async with _serving(Script(text=("Hi",))) as (provider, upstream):
        await _events(provider)
        (exchange,) = upstream.exchanges
    assert (exchange.method, exchange.path) == ("POST", "/v1/chat/completions")
    assert exchange.headers["authorization"] == "Bearer sk-test"
    assert exchange.body["stream_options"] == {"include_usage": True}


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
        settings = Settings(thinking_budget=7)
        events = await _events(provider, ModelRequest("scripted-1", REQUEST.items, settings=settings))
    assert isinstance(events[0], StepStarted)
    assert isinstance(events[1], Warned)
    assert events[1].param == "thinking_budget"


@pytest.mark.parametrize(
    ("script", "usage"),
    [
        (Script(text=("Hi",), usage_times=0), False),
        (Script(text=("Hi",), usage_times=2), True),
        (Script(text=("Hi",), done=False), True),
        (Script(text=("Hi",), trickle=(3, 0.0)), True),
        (Script(text=("Hi",), insert=((1, b": ping\n\n"),)), True),
    ],
    ids=["no usage", "usage twice", "no [DONE]", "trickled", "comments"],
)
async def test_an_answer_of_a_server_with_quirks_is_whole(script: Script, usage: bool) -> None:
    async with _serving(script) as (provider, _):
        folded = fold(await _events(provider))
    assert [item.content for item in folded.items if isinstance(item, Message)] == [(Text("Hi"),)]
    assert bool(folded.usages) == usage


@pytest.mark.parametrize(
    ("script", "failure"),
    [
        (Script(status=429, error=ErrorBody(code="rate_limit_exceeded")), UpstreamRateLimited),
        (Script(status=500), UpstreamUnavailable),
        (Script(reset=True), UpstreamCut),
        (Script(text=("a", "b", "c"), fail_after_events=3), UpstreamUnavailable),
        (Script(text=("a", "b", "c"), cut_after_events=3), UpstreamCut),
        (Script(text=("a", "b", "c"), cut_after_events=3, cut="reset"), UpstreamCut),
        (Script(text=("a", "b", "c"), cut_after_events=3, cut="end"), UpstreamCut),
        (Script(text=("a", "b"), insert=((2, b"data: <html>\n\n"),)), UpstreamGarbled),
    ],
)
async def test_a_failure_is_raised_as_ours(script: Script, failure: type[UpstreamError]) -> None:
    async with _serving(script) as (provider, _):
        with pytest.raises(failure):
            await _events(provider)


async def test_an_answer_given_up_is_cancelled_upstream_at_once() -> None:
    async with _serving(Script(text=("a", "b", "c"), stall_after_events=3)) as (provider, upstream):
        stream = await provider.open(REQUEST, Call(1, 1, 0, lambda prefix: prefix))
        events = await anext(stream)
        events += stream.close("cancelled")
        await stream.aclose()
        check_laws(events)
        await until(lambda: upstream.exchanges[0].disconnected_at is not None)
