"""Laws of a thread's stream, with the official SDK's accumulators and OpenAI's document as judges."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from openai.lib.streaming._assistants import accumulate_event, accumulate_run_step
from openai.types.beta import AssistantStreamEvent
from pydantic import TypeAdapter

from service.dialects.assistants.objects import run_to_wire, step_to_wire
from service.dialects.assistants.read import RunEcho
from service.dialects.assistants.render import ThreadRenderer
from specs.agents import Agent
from specs.events import Event
from specs.fold import fold
from specs.legs import leg_end
from specs.openai.assistants_events import ThreadEvent
from specs.openai.assistants_runs import TruncationStrategy
from specs.threads import RunTerms, ThreadRun
from tests.support import events
from tests.support.thread_schemas import check

Told = list[tuple[str, dict[str, Any]]]
ECHO = RunEcho(
    model="m",
    instructions="",
    tools=(),
    temperature=None,
    top_p=None,
    max_prompt_tokens=None,
    max_completion_tokens=None,
    truncation_strategy=TruncationStrategy("auto"),
    tool_choice="auto",
    parallel_tool_calls=True,
    response_format="auto",
)
RUN = ThreadRun(
    id=events.RUN,
    thread="thread_1",
    project="proj_1",
    assistant="asst_1",
    status="queued",
    terms=RunTerms(agent=Agent("asst_1", "p/m")),
    echo=msgspec.json.encode(ECHO).decode(),
    metadata={},
    leg=events.RUN,
    begins=1,
    created_at=events.CREATED_AT,
    expires_at=events.CREATED_AT + 600,
)
ENDS = ("completed", "failed", "cancelled", "expired")
_event = TypeAdapter(AssistantStreamEvent)


def stream(batches: list[list[Event]]) -> Told:
    """(name, data) of each event of a leg that comes in batches."""
    renderer = ThreadRenderer(RUN)
    told: Told = []
    for batch in batches:
        for event in renderer.feed(batch):
            assert isinstance(event, ThreadEvent)
            told.append((event.event, msgspec.json.decode(msgspec.json.encode(event.data))))
    return told


def accumulated(told: Told) -> tuple[dict[str, Any], dict[str, Any]]:
    """What the SDK makes of the deltas: messages and steps by id."""
    message, messages, steps = None, {}, {}
    for name, data in told:
        event: Any = _event.validate_python({"event": name, "data": data})
        message, _ = accumulate_event(event=event, current_message_snapshot=message)
        accumulate_run_step(event=event, run_step_snapshots=steps)
        if message is not None:
            messages[message.id] = message
    return messages, steps


def runs() -> st.SearchStrategy[list[Event]]:
    return events.lawful_runs()


@given(runs(), st.data())
def test_how_events_arrive_changes_nothing(run: list[Event], data: st.DataObject):
    assert stream(data.draw(events.batches(run))) == stream([run])


@given(runs())
def test_deltas_add_up_to_what_is_told_at_the_end(run: list[Event]):
    told = stream([run])
    messages, steps = accumulated(told)
    for name, data in told:
        if name in ("thread.message.completed", "thread.message.incomplete"):
            deltas = [part.to_dict() for part in messages[data["id"]].content]
            assert [_said(part) for part in deltas] == [_said(part) for part in data["content"]]
        if name.startswith("thread.run.step.") and name.endswith(ENDS) and data["type"] == "tool_calls":
            folded = steps[data["id"]].step_details.tool_calls
            assert [(call.id, call.function.arguments) for call in folded] == [
                (call["id"], call["function"]["arguments"]) for call in data["step_details"]["tool_calls"]
            ]


def _said(part: dict[str, Any]) -> str:
    return part["text"]["value"] if part["type"] == "text" else part["refusal"]


@given(runs())
def test_everything_that_begins_ends_unless_its_caller_is_wanted(run: list[Event]):
    told = stream([run])
    names = [name for name, _ in told]
    terminal = told[-1][1]["status"]
    begun = [data["id"] for name, data in told if name == "thread.run.step.created"]
    ended = [data["id"] for name, data in told if name.startswith("thread.run.step.") and name.endswith(ENDS)]
    assert len(set(begun)) == len(begun)
    assert len(set(ended)) == len(ended)
    assert len(begun) - len(ended) == (1 if terminal == "requires_action" else 0)
    assert names[:3] == ["thread.run.created", "thread.run.queued", "thread.run.in_progress"]
    assert names.count("thread.message.created") == sum(
        names.count(f"thread.message.{end}") for end in ("completed", "incomplete")
    )


@given(runs())
def test_what_is_kept_is_what_was_told(run: list[Event]):
    told, found = stream([run]), fold(run)
    assert found.ended is not None
    end = leg_end(RUN, found.items, found.turns, found.ended, moment=lambda id: events.CREATED_AT)
    last = {data["id"]: data for _, data in told if data["object"] == "thread.run.step"}
    assert told[-1][1] == _plain(run_to_wire(end.run))
    for step in end.steps:
        if step.status != "in_progress":
            assert last[step.id] == _plain(step_to_wire(step, end.run))


def _plain(value: Any) -> Any:
    return msgspec.json.decode(msgspec.json.encode(value))


@given(runs())
def test_steps_add_up_to_their_run(run: list[Event]):
    found = fold(run)
    assert found.ended is not None
    end = leg_end(RUN, found.items, found.turns, found.ended, moment=lambda id: events.CREATED_AT)
    if end.steps:
        assert sum(step.usage.total for step in end.steps) == end.run.usage.total


@pytest.mark.parametrize(
    "scenario",
    [*events.SCENARIOS.values(), *events.FAILURES.values()],
    ids=[*events.SCENARIOS, *events.FAILURES],
)
def test_every_object_is_what_the_document_says(scenario):
    for _, data in stream([scenario()]):
        check(data)


@given(runs())
def test_a_thread_grows_by_no_call_that_nobody_answered(run: list[Event]):
    found = fold(run)
    assert found.ended is not None
    end = leg_end(RUN, found.items, found.turns, found.ended, moment=lambda id: events.CREATED_AT)
    kept = [item for item in end.items if type(item).__name__ == "FunctionCall"]
    assert kept == []
    if end.run.status == "requires_action":
        assert end.run.waiting
