"""The adapter against a scripted upstream that speaks the Messages API."""

from __future__ import annotations

import itertools
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest

from providers import transport
from providers.anthropic.adapter import Anthropic, headers
from providers.base import Call, Provider
from specs.errors import UpstreamCredentialRefused, UpstreamCut, UpstreamError, UpstreamUnavailable
from specs.events import Event, StepEnded, StepStarted, Warned
from specs.fold import fold
from specs.items import FunctionCall, Item, Message, Reasoning, Text
from specs.requests import ModelRequest, Settings
from specs.usage import Usage
from tests.support.laws import check_laws
from tests.support.script import ErrorBody, Script, ToolCall
from tests.support.upstream import Upstream
from tests.support.wires.frames import Tokens

pytestmark = pytest.mark.anyio

HI = Message("u", "user", (Text("Hi there"),))


@pytest.fixture
async def upstream() -> AsyncIterator[Upstream]:
    async with Upstream() as server:
        yield server


@pytest.fixture
async def provider(upstream: Upstream) -> AsyncIterator[Provider]:
    async with aiohttp.ClientSession() as session:
        there = transport.Upstream(session, upstream.base_url, headers("sk-test"), transport.Timeouts())
        yield Anthropic("claude", there, origin="anthropic:test")


def asked(*items: Item, **settings: Any) -> ModelRequest:
    return ModelRequest("claude-sonnet-4-5", items or (HI,), settings=Settings(**settings))


def numbered() -> Call:
    numbers = itertools.count()
    return Call(step=0, attempt=1, first_item=0, new_id=lambda prefix: f"{prefix}_{next(numbers)}")


async def received(provider: Provider, request: ModelRequest) -> tuple[list[Event], UpstreamError | None]:
    """Every event, and the failure it ended with."""
    stream = await provider.open(request, numbered())
    events: list[Event] = []
    failure = None
    try:
        async for batch in stream:
            events += batch
    except UpstreamError as error:
        failure = error
        events += stream.close("error")
    finally:
        await stream.aclose()
    return events, failure


async def test_an_answer_is_streamed_with_its_usage(upstream: Upstream, provider: Provider) -> None:
    tokens = Tokens(input=100, output=7, cached=60, cache_write=20, cache_write_1h=10)
    upstream.enqueue(Script(text=("Hello", " you"), usage=tokens))
    events, failure = await received(provider, asked())
    check_laws(events)
    assert failure is None
    assert events[0] == StepStarted(0, 1, "claude", "claude-sonnet-4-5", "msg_up000001x00")
    result = fold(events)
    assert isinstance(result.items[0], Message)
    assert result.items[0].content == (Text("Hello you"),)
    assert result.usage == Usage(100, 60, 20, 10, output=7)


async def test_the_request_carries_key_and_version(upstream: Upstream, provider: Provider) -> None:
    await received(provider, asked())
    (exchange,) = upstream.exchanges
    assert (exchange.method, exchange.path) == ("POST", "/v1/messages")
    assert exchange.headers["x-api-key"] == "sk-test"
    assert exchange.headers["anthropic-version"] == "2023-06-01"
    assert exchange.body["stream"] is True


async def test_what_could_not_be_honoured_is_told_after_the_start(provider: Provider) -> None:
    events, _ = await received(provider, asked(seed=7))
    assert isinstance(events[0], StepStarted)
    assert [event.param for event in events if isinstance(event, Warned)] == ["seed"]


async def test_a_thought_returns_with_its_signature_to_its_model_only(
    upstream: Upstream, provider: Provider
) -> None:
    upstream.enqueue(Script(reasoning=("Let me", " see"), text=("4",), signature="c2ln+/=="))
    events, _ = await received(provider, asked())
    items = fold(events).items
    assert isinstance(items[0], Reasoning)
    await received(provider, asked(HI, *items, HI))
    other = asked(HI, *items, HI)
    await received(provider, ModelRequest("claude-opus-4-5", other.items))
    same, foreign = upstream.exchanges[1:]
    assert same.body["messages"][1]["content"][0] == {
        "type": "thinking",
        "thinking": "Let me see",
        "signature": "c2ln+/==",
    }
    assert [block["type"] for block in foreign.body["messages"][1]["content"]] == ["text"]


async def test_interleaved_calls_arrive(upstream: Upstream, provider: Provider) -> None:
    calls = (ToolCall("a", ('{"x":', "1}")), ToolCall("b", ('{"y":', "2}")))
    upstream.enqueue(Script(calls=calls, interleaved=True))
    events, _ = await received(provider, asked())
    check_laws(events)
    arguments = [item.arguments for item in fold(events).items if isinstance(item, FunctionCall)]
    assert arguments == ['{"x":1}', '{"y":2}']


async def test_an_error_inside_the_stream_ends_it_lawfully(upstream: Upstream, provider: Provider) -> None:
    error = ErrorBody("Overloaded", "overloaded_error")
    upstream.enqueue(Script(text=("Hello", " you"), fail_after_events=4, error=error))
    events, failure = await received(provider, asked())
    check_laws(events)
    assert isinstance(failure, UpstreamUnavailable)
    assert isinstance(events[-1], StepEnded)
    assert events[-1].usage is not None
    assert events[-1].usage.output is None


@pytest.mark.parametrize("position", range(1, 9))
async def test_a_cut_after_any_event_is_told_unless_the_answer_was_whole(
    upstream: Upstream, provider: Provider, position: int
) -> None:
    upstream.enqueue(Script(text=("Hello", " you"), cut_after_events=position, cut="end"))
    events, failure = await received(provider, asked())
    check_laws(events)
    whole = any(isinstance(event, StepEnded) and event.finish == "stop" for event in events)
    assert isinstance(failure, UpstreamCut) is not whole


@pytest.mark.parametrize(("status", "kind"), [(401, UpstreamCredentialRefused), (529, UpstreamUnavailable)])
async def test_a_refusal_is_a_failure_of_its_class(
    upstream: Upstream, provider: Provider, status: int, kind: type[UpstreamError]
) -> None:
    upstream.enqueue(Script(status=status))
    with pytest.raises(kind):
        await received(provider, asked())
