"""Every token is charged once, to the nano-dollar, and nobody spends what they do not have."""

from __future__ import annotations

import asyncio

import httpx
import pytest

from tests.support.apis import Api, sse
from tests.support.house import DOLLAR, Key, Service, eventually
from tests.support.script import Script
from tests.support.upstream import Upstream, until
from tests.support.wires.frames import Tokens

INPUT, CACHED, OUTPUT = 2_000, 200, 8_000
"""Nano-dollars a token, as the configuration prices them."""


def cost(input: int, cached: int, output: int) -> int:
    return (input - cached) * INPUT + cached * CACHED + output * OUTPUT


@pytest.mark.parametrize("agent", ["agent_support", "agent_answers", "agent_letters"])
@pytest.mark.parametrize("stream", [False, True])
def test_the_balance_falls_by_exactly_what_it_cost(api: Api, agent, stream, service, upstream: Upstream):
    key = service.key(dollars=10)
    upstream.enqueue(Script(text=("Good ", "day"), usage=Tokens(input=1234, cached=1000, output=77)))
    with httpx.Client(base_url=service.base_url, headers=key.headers) as http:
        response = http.post(api.path, json={**api.body(agent, "Hello"), "stream": stream})
        assert response.status_code == 200
        shown = http.get("/v1/key").json()
    expected = cost(1234, 1000, 77)
    assert (key.account.settled, key.account.held) == (expected, 0)
    assert shown["available"] == f"{(10 * DOLLAR - expected) / DOLLAR:.9f}".rstrip("0")
    (usage,) = key.usage
    assert (usage.cost, usage.usage.estimated) == (expected, False)


def test_usage_that_was_not_reported_is_estimated_and_flagged(api: Api, http, key, upstream: Upstream):
    upstream.enqueue(Script(text=("Good ", "day"), usage_times=0))
    answer = http.post(api.path, json=api.body("agent_support", "Hello")).raise_for_status().json()
    (usage,) = key.usage
    assert usage.usage.estimated
    assert api.usage(answer)[2] == usage.usage.output > 0


def test_explicit_zero_is_zero(api: Api, http, key, upstream: Upstream):
    upstream.enqueue(Script(text=("Good ", "day"), usage=Tokens(input=0, output=0)))
    http.post(api.path, json=api.body("agent_support", "Hello")).raise_for_status()
    assert key.account.settled == 0


def test_an_empty_balance_reaches_no_upstream(api: Api, service: Service, upstream: Upstream):
    key = service.key(nano=100)
    response = httpx.post(
        service.base_url + api.path, headers=key.headers, json=api.body("agent_support", "Hi", cap=1000)
    )
    error = api.error(response.json())
    assert response.status_code == 429
    assert error["type"] in ("insufficient_quota", "billing_error")
    assert error["code"] == "insufficient_quota"
    assert response.headers["x-should-retry"] == "false"
    assert "retry-after" not in response.headers
    assert 'Key "test" has $' in error["message"]
    assert upstream.exchanges == []


def test_a_thin_balance_lowers_the_cap_and_says_so(api: Api, service: Service, upstream: Upstream):
    key = service.key(dollars=0.02)
    response = httpx.post(
        service.base_url + api.path, headers=key.headers, json=api.body("agent_answers", "Hi", cap=4000)
    )
    assert response.status_code == 200
    sent = upstream.exchanges[0].body["max_output_tokens"]
    assert 256 <= sent < 4000
    assert f"lowered to {sent}" in response.headers["x-dragoman-warning"]


def hold_of(service: Service, api: Api, upstream: Upstream, body: dict) -> int:
    """What one request holds while it runs."""
    gate = asyncio.Event()
    upstream.enqueue(Script(stall_after_events=0, stall=gate))
    key = service.key(dollars=1)

    async def look() -> int:
        async with httpx.AsyncClient(base_url=service.base_url, headers=key.headers) as http:
            running = asyncio.create_task(http.post(api.path, json=body))
            await until(lambda: bool(upstream.exchanges))
            held = await asyncio.to_thread(lambda: key.account.held)
            running.cancel()
            return held

    held = asyncio.run(look())
    upstream.exchanges.clear()
    return held


def test_of_256_requests_on_ten_holds_exactly_ten_reach_the_upstream(
    api: Api, service: Service, upstream: Upstream
):
    body = {**api.body("agent_support", "Hello", cap=200), "stream": True}
    held = hold_of(service, api, upstream, body)
    key = service.key(nano=10 * held)
    gates: list[asyncio.Event] = []

    def stalled(exchange) -> Script:
        gates.append(asyncio.Event())
        return Script(
            text=("Good ", "day"), usage=Tokens(input=12, output=34), stall_after_events=1, stall=gates[-1]
        )

    upstream.answer_with(stalled)
    statuses = asyncio.run(flood(service, api, key, body, upstream, gates))
    assert sorted(statuses) == [200] * 10 + [429] * 246
    assert len(upstream.exchanges) == 10
    assert (key.account.settled, key.account.held) == (10 * cost(12, 0, 34), 0)
    assert len(key.usage) == 10


async def flood(
    service: Service, api: Api, key: Key, body: dict, upstream: Upstream, gates: list
) -> list[int]:
    limits = httpx.Limits(max_connections=300)
    async with httpx.AsyncClient(base_url=service.base_url, headers=key.headers, limits=limits) as http:
        codes: list[str] = []

        async def one() -> int:
            response = await http.post(api.path, json=body)
            if response.status_code == 429:
                codes.append(api.error(response.json())["code"])
            return response.status_code

        tasks = [asyncio.create_task(one()) for _ in range(256)]
        await until(lambda: (len(codes), len(gates)) == (246, 10))
        for gate in gates:
            upstream._loop.call_soon_threadsafe(gate.set)
        statuses = await asyncio.gather(*tasks)
        assert set(codes) == {"balance_on_hold"}
        return statuses


@pytest.mark.parametrize("position", range(40))
def test_a_disconnect_at_any_event_settles_once(api: Api, position, service: Service, upstream: Upstream):
    words = tuple(f"word{number} " for number in range(40))
    key = service.key(dollars=1)
    upstream.enqueue(Script(text=words, stall_after_events=position + 1, usage=Tokens(input=50, output=60)))
    with httpx.Client(base_url=service.base_url, headers=key.headers) as http:
        body = {**api.body("agent_support", "Hello"), "stream": True}
        with http.stream("POST", api.path, json=body) as response:
            if position > 2:
                next(sse(response))
    eventually(lambda: any(each.disconnected_at for each in upstream.exchanges))
    eventually(lambda: key.account.held == 0)
    (usage,) = key.usage
    assert usage.usage.estimated or usage.cost == cost(50, 0, 60)
    assert key.account.settled == usage.charged


def test_the_upstream_call_of_a_lost_client_is_cancelled(
    api: Api, service: Service, key: Key, upstream: Upstream
):
    upstream.enqueue(Script(text=("one ", "two"), stall_after_events=2))
    with httpx.Client(base_url=service.base_url, headers=key.headers) as http:
        body = {**api.body("agent_support", "Hello"), "stream": True}
        with http.stream("POST", api.path, json=body) as response:
            next(sse(response))
    eventually(lambda: any(each.disconnected_at for each in upstream.exchanges))


def test_a_draining_agent_reads_on_to_the_usage(api: Api, service: Service, upstream: Upstream):
    key = service.key(dollars=1)
    gate = asyncio.Event()
    upstream.enqueue(
        Script(text=("one ", "two"), stall_after_events=2, stall=gate, usage=Tokens(input=50, output=60))
    )
    with httpx.Client(base_url=service.base_url, headers=key.headers) as http:
        body = {**api.body("agent_drain", "Hello"), "stream": True}
        with http.stream("POST", api.path, json=body) as response:
            next(sse(response))
    upstream._loop.call_soon_threadsafe(gate.set)
    eventually(lambda: bool(key.account.settled))
    (usage,) = key.usage
    assert (usage.cost, usage.usage.estimated) == (cost(50, 0, 60), False)
