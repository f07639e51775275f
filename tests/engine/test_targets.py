"""Which model is asked: the order, the cooldown, and one try after it."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from providers.demo import Demo
from providers.profiles import Profile
from service.engine.targets import COOLDOWN_SECONDS, FAILURES, Breakers, Target, WithFallback
from specs.errors import InsufficientQuota, UpstreamRejected, UpstreamUnavailable
from specs.prices import Price, Rates
from specs.requests import ModelRequest

pytestmark = pytest.mark.anyio

ASKED = ModelRequest("one", ())
RATES = Rates(input=Decimal(0), output=Decimal(0))


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


class Opens:
    """Opens what it is asked for, or fails with what it is told to."""

    def __init__(self, failure: Exception | None = None) -> None:
        self.failure = failure
        self.asked: list[str] = []

    async def __call__(self, request: ModelRequest, *, step: int, first_item: int) -> Any:
        """The stream, which is only a word here."""
        self.asked.append(request.model)
        if self.failure is not None:
            raise self.failure
        return f"stream of {request.model}"


def target(model: str) -> Target:
    return Target(Demo("p"), model, Price("p", model, RATES), Profile())


def falling_back(first: Opens, second: Opens, clock: Clock | None = None) -> WithFallback:
    return WithFallback(
        [(target("one"), first), (target("two"), second)], Breakers(clock or Clock()), run="run_1"
    )


async def opened(model: WithFallback) -> Any:
    return await model(ASKED, step=0, first_item=0)


async def test_the_first_that_works_answers():
    first, second = Opens(), Opens()
    assert await opened(falling_back(first, second)) == "stream of one"
    assert second.asked == []


async def test_the_second_is_asked_under_its_own_name():
    assert await opened(falling_back(Opens(UpstreamUnavailable()), Opens())) == "stream of two"


async def test_the_failure_of_the_last_is_told():
    with pytest.raises(UpstreamUnavailable, match="last"):
        await opened(falling_back(Opens(UpstreamUnavailable("first")), Opens(UpstreamUnavailable("last"))))


@pytest.mark.parametrize("failure", [UpstreamRejected(), InsufficientQuota("none left")])
async def test_what_another_model_cannot_mend_is_raised(failure):
    second = Opens()
    with pytest.raises(type(failure)):
        await opened(falling_back(Opens(failure), second))
    assert second.asked == []


async def test_after_some_failures_it_is_left_alone_for_a_while_and_then_tried_once():
    clock, first, second = Clock(), Opens(UpstreamUnavailable()), Opens()
    model = falling_back(first, second, clock)
    for _ in range(FAILURES + 2):
        await opened(model)
    assert len(first.asked) == FAILURES
    clock.now = COOLDOWN_SECONDS
    await opened(model)
    await opened(model)
    assert len(first.asked) == FAILURES + 1
    first.failure, clock.now = None, 2 * COOLDOWN_SECONDS
    assert await opened(model) == "stream of one"
    assert await opened(model) == "stream of one"


async def test_what_asks_to_be_left_alone_is():
    clock, busy = Clock(), UpstreamUnavailable()
    busy.retry_after = 90.0
    first, second = Opens(busy), Opens()
    model = falling_back(first, second, clock)
    await opened(model)
    clock.now = 89.0
    await opened(model)
    assert len(first.asked) == 1


async def test_where_none_is_healthy_all_are_tried():
    clock = Clock()
    model = falling_back(Opens(UpstreamUnavailable()), Opens(UpstreamUnavailable("last")), clock)
    for _ in range(FAILURES + 1):
        with pytest.raises(UpstreamUnavailable, match="last"):
            await opened(model)
