"""What a model is still given after a summary: laws over contexts of any shape."""

from __future__ import annotations

import pytest
from hypothesis import given, settings

from providers.profiles import Profile
from service.engine.compact import is_as_short_as_can_be, since_compaction
from service.engine.truncate import truncated
from service.engine.unfinished import Unfinished, interrupted
from specs.events import ItemEnded, ItemStarted, StepEnded, StepStarted
from specs.items import Compaction, FunctionCall, FunctionResult, Item, Message, Text
from specs.requests import ModelRequest
from tests.compaction.test_truncate import contexts

SUMMARY = Compaction("cmp_1", "sealed", "So far so good.")
USER = Message("m1", "user", (Text("And?"),))


@given(contexts(), contexts())
@settings(max_examples=150, deadline=None)
def test_all_after_it_stays_and_one_summary_is_left(before, after):
    kept = since_compaction((*before, SUMMARY, *after))
    assert kept[len(kept) - len(after) :] == after
    assert [item for item in kept if isinstance(item, Compaction)] == [SUMMARY]


@given(contexts())
@settings(max_examples=150, deadline=None)
def test_of_what_was_before_it_instructions_the_last_user_turn_and_whole_pairs_stay(before):
    kept = since_compaction((*before, SUMMARY))
    said = [item for item in before if isinstance(item, Message)]
    assert all(item in kept for item in said if item.role in ("system", "developer"))
    assert all(item in kept for item in [item for item in said if item.role == "user"][-1:])
    calls = {item.call_id for item in kept if isinstance(item, FunctionCall)}
    assert calls == {item.call_id for item in kept if isinstance(item, FunctionResult)}


@given(contexts(), contexts())
@settings(max_examples=100, deadline=None)
def test_doing_it_twice_changes_nothing(before, after):
    once = since_compaction((*before, SUMMARY, *after))
    assert since_compaction(once) == once


@given(contexts())
@settings(max_examples=100, deadline=None)
def test_without_a_summary_everything_stays(items):
    assert since_compaction(items) == items


def test_a_call_that_is_answered_after_the_summary_stays():
    call = FunctionCall("f", "c1", "look", "{}")
    items: tuple[Item, ...] = (USER, call, USER, SUMMARY, FunctionResult("o", "c1", (Text("green"),)))
    assert call in since_compaction(items)


@pytest.mark.parametrize(
    ("items", "short"),
    [((USER,), True), ((SUMMARY, USER), True), ((USER, USER), False), ((SUMMARY, USER, USER), False)],
)
def test_a_summary_of_a_summary_alone_is_not_worth_a_call(items, short):
    assert is_as_short_as_can_be(items) is short


def test_a_summary_is_never_cut_for_its_length():
    said = tuple(Message(f"m{number}", "user", (Text("x" * 900),)) for number in range(4))
    kept = truncated(ModelRequest("m", (SUMMARY, *said)), Profile(context_window=1_000)).items
    assert kept[0] == SUMMARY
    assert len(kept) < 5


def test_a_run_that_was_cut_off_after_its_summary_is_interrupted_not_complete():
    found = Unfinished()
    items = [ItemStarted(0, SUMMARY), ItemEnded(0, SUMMARY)]
    found.feed([StepStarted(0, 1, "p", "m"), *items, StepEnded(0, "stop")])
    assert found.outcome == interrupted()
