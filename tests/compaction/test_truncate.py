"""What is left of a context that is too long: laws, and a model that gets only what fits."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import structs

from providers.profiles import Profile
from service.engine.truncate import estimate, last_user_message, surely_too_long, truncated
from specs.items import FunctionCall, FunctionResult, Item, Message, Reasoning, Summary, Text
from specs.requests import ModelRequest

WINDOW = 1_000
PROFILE = Profile(context_window=WINDOW)
sizes = st.integers(0, 1_500)


def said(role, size: int, *, id: str = "m") -> Message:
    return Message(id, role, (Text("x" * size),))


@st.composite
def contexts(draw) -> tuple[Item, ...]:
    """Turns of a user, each with rounds of thoughts, calls and their results in any order."""
    items: list[Item] = []
    number = 0
    for _ in range(draw(st.integers(0, 5))):
        if draw(st.booleans()):
            items.append(said(draw(st.sampled_from(["system", "developer"])), draw(sizes)))
        items.append(said("user", draw(sizes)))
        for _ in range(draw(st.integers(0, 3))):
            calls = [f"call_{number + each}" for each in range(draw(st.integers(1, 3)))]
            number += len(calls)
            items.append(Reasoning("r", (Summary("y" * draw(sizes)),)))
            items += [FunctionCall("f", call, "look", "{}") for call in calls]
            results = draw(st.permutations(calls))
            items += [FunctionResult("o", call, (Text("z" * draw(sizes)),)) for call in results]
        if draw(st.booleans()):
            items.append(said("assistant", draw(sizes)))
    return tuple(structs.replace(item, id=str(position)) for position, item in enumerate(items))


def cut(items: tuple[Item, ...], window: int = WINDOW) -> tuple[Item, ...]:
    return truncated(ModelRequest("m", items), Profile(context_window=window)).items


def calls_of(items) -> set[str]:
    return {item.call_id for item in items if isinstance(item, FunctionCall)}


def results_of(items) -> set[str]:
    return {item.call_id for item in items if isinstance(item, FunctionResult)}


@given(contexts())
@settings(max_examples=150, deadline=None)
def test_a_call_and_its_result_stay_or_go_together(items):
    kept = cut(items)
    assert calls_of(kept) == results_of(kept)


@given(contexts())
@settings(max_examples=150, deadline=None)
def test_instructions_and_the_last_user_turn_stay(items):
    kept = cut(items)
    for position, item in enumerate(items):
        if isinstance(item, Message) and item.role in ("system", "developer"):
            assert item in kept
        if position == last_user_message(items):
            assert item in kept
    assert kept[-1:] == items[-1:]


@given(contexts())
@settings(max_examples=150, deadline=None)
def test_order_is_kept_and_what_goes_is_older_than_the_exchanges_that_stay(items):
    kept = cut(items)
    ids = [int(item.id) for item in kept]
    assert ids == sorted(ids)
    pinned = ("system", "developer")
    dropped = {int(item.id) for item in items} - set(ids)
    last_user = last_user_message(items)
    free = [
        number
        for number, item in zip(ids, kept, strict=True)
        if not (isinstance(item, Message) and item.role in pinned) and number != last_user
    ]
    assert not free or not dropped or min(free) > max(dropped)


@given(contexts())
@settings(max_examples=100, deadline=None)
def test_it_fits_or_nothing_more_could_go(items):
    request = ModelRequest("m", cut(items))
    assert truncated(request, PROFILE) == request or estimate(request, PROFILE) > WINDOW // 2


@given(contexts())
@settings(max_examples=50, deadline=None)
def test_what_fits_is_left_alone(items):
    assert cut(items, window=10_000_000) == items


def test_a_model_of_unknown_window_gets_everything():
    items = (said("user", 10_000), said("user", 10_000))
    assert truncated(ModelRequest("m", items), Profile()).items == items


@pytest.mark.parametrize(("size", "surely"), [(WINDOW * 128, False), ((WINDOW + 1) * 128, True)])
def test_only_what_is_surely_too_long_is_refused_by_us(size, surely):
    assert surely_too_long(ModelRequest("m", (said("user", size),)), PROFILE) is surely
