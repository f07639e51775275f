"""What a run on a thread is given of it, and what its tokens allow."""

from __future__ import annotations

import pytest

from providers.profiles import Profile
from service.engine.allowance import capped, without_middle
from service.engine.outputs import require_outputs
from service.engine.thread_context import answered, context_of, newest
from service.store.thread_ports import ThreadContext
from specs.agents import Agent
from specs.errors import BudgetExhausted, InvalidRequest
from specs.items import FunctionCall, FunctionResult, Item, Message, Reasoning, Text
from specs.requests import ModelRequest, Settings
from specs.threads import RunTerms, ThreadRun


def said(number: int, words: int = 1) -> Message:
    role = "user" if number % 2 == 0 else "assistant"
    return Message(f"msg_{number}", role, (Text("word " * words),))


def call(id: str) -> FunctionCall:
    return FunctionCall(f"fc_{id}", id, "f", "{}")


def result(id: str) -> FunctionResult:
    return FunctionResult(f"fco_{id}", id, (Text("x"),))


def ids(items: tuple[Item, ...] | list[Item]) -> list[str]:
    return [item.id for item in items]


def test_calls_without_answers_and_answers_without_calls_are_not_shown():
    items = (said(0), call("a"), result("a"), call("b"), result("c"), said(1))
    assert ids(list(answered(items))) == ["msg_0", "fc_a", "fco_a", "msg_1"]


def test_the_newest_messages_come_with_all_that_is_behind_the_first_of_them():
    items = [said(0), Reasoning("rs_0"), said(1), call("a"), result("a"), said(2)]
    assert ids(list(newest(items, 2))) == ["msg_1", "fc_a", "fco_a", "msg_2"]
    assert ids(list(newest(items, 9))) == ids(items)
    assert ids(list(newest(items, None))) == ids(items)


def test_what_the_run_added_is_shown_whatever_is_left_out_before():
    items = (said(0), said(1), said(2), said(3), call("a"), result("a"))
    found = ThreadContext(items, (0, 1, 2, 5, 6, 7), 8)
    shown = context_of(found, begins=5, last_messages=1)
    assert ids(list(shown)) == ["msg_2", "msg_3", "fc_a", "fco_a"]


def test_a_call_is_capped_at_what_is_left():
    request = ModelRequest("m", (said(0),), settings=Settings(max_output_tokens=500))
    assert capped(request, 700, 300).settings.max_output_tokens == 400
    assert capped(request, 900, 300).settings.max_output_tokens == 500
    assert capped(request, None, 300) == request
    with pytest.raises(BudgetExhausted) as over:
        capped(request, 300, 300)
    assert over.value.code == "max_completion_tokens"


def test_what_is_too_long_loses_its_middle_first():
    request = ModelRequest("m", tuple(said(number, words=60) for number in range(9)))
    profile = Profile(context_window=None)
    assert without_middle(request, profile, None) == request
    kept = [item.id for item in without_middle(request, profile, 700).items]
    assert kept[:2] == ["msg_0", "msg_1"]
    assert kept[-1] == "msg_8"
    assert len(kept) < 9
    windowed = without_middle(request, Profile(context_window=800), None)
    assert len(windowed.items) < 9


RUN = ThreadRun(
    id="run_1",
    thread="thread_1",
    project="proj_1",
    assistant="asst_1",
    status="requires_action",
    terms=RunTerms(agent=Agent("asst_1", "p/m")),
    echo="{}",
    metadata={},
    leg="run_1",
    begins=1,
    created_at=0,
    expires_at=600,
    held=(Reasoning("rs_1"), call("a"), call("b")),
)


@pytest.mark.parametrize(
    ("given", "param"),
    [
        (["a"], "tool_outputs"),
        (["a", "b", "c"], "tool_outputs[2].tool_call_id"),
        (["a", "b", "a"], "tool_outputs[2].tool_call_id"),
        ([], "tool_outputs"),
    ],
)
def test_each_call_is_answered_once_and_no_other(given: list[str], param: str):
    require_outputs(RUN, ["b", "a"])
    with pytest.raises(InvalidRequest) as refused:
        require_outputs(RUN, given)
    assert refused.value.param == param
