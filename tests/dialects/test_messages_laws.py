"""Laws of the Messages renderer, with the official SDK's accumulator as judge."""

from __future__ import annotations

import json
from itertools import pairwise
from typing import Any

import httpx2
import msgspec
import pytest
from anthropic.lib.streaming._beta_messages import accumulate_event
from anthropic.types.beta import BetaMessage, BetaRawMessageStreamEvent
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from service.dialects.messages import MessagesDialect
from specs.anthropic.answers import MessageErrorBody
from specs.events import Delta, Event
from tests.support import events

DIALECT = MessagesDialect("req_1")
BODY = {"model": "agent_demo", "max_tokens": 900, "messages": [{"role": "user", "content": "Hi"}]}
_event: TypeAdapter[Any] = TypeAdapter(BetaRawMessageStreamEvent)
_objects = st.dictionaries(
    st.text('ab{é"\\\n', max_size=4),
    st.none() | st.integers() | st.text('ab{é"\\\n', max_size=6) | st.lists(st.booleans(), max_size=3),
    max_size=4,
)


def render(batches: list[list[Event]], **fields) -> tuple[list[dict], dict]:
    """The stream's events of a run that comes in batches, and its whole answer."""
    reading = DIALECT.read(msgspec.json.encode({**BODY, **fields}), events.counting_ids())
    renderer = DIALECT.renderer(reading, events.counting_ids())
    shown = [msgspec.json.encode(event) for batch in batches for event in renderer.feed(batch)]
    return [json.loads(each) for each in shown], json.loads(msgspec.json.encode(renderer.whole()))


def accumulated(shown: list[dict]) -> dict:
    """What the official SDK makes of the stream."""
    snapshot, buffers = None, {}
    for each in shown:
        if each["type"] not in ("ping", "message_stop"):
            event = _event.validate_python(each)
            snapshot = accumulate_event(
                event=event,
                current_snapshot=snapshot,
                json_bufs=buffers,
                request_headers=httpx2.Headers(),
            )
    assert snapshot is not None
    return plain(snapshot.model_dump(mode="json"))


def plain(message: dict) -> dict:
    """A message in the SDK's fields, without the lifetimes of a cache, which a stream's end cannot tell."""
    message = BetaMessage.model_validate(message).model_dump(mode="json")
    message["usage"].pop("cache_creation")
    return message


@pytest.mark.parametrize("scenario", events.SCENARIOS.values(), ids=events.SCENARIOS)
@pytest.mark.parametrize("display", ["summarized", "omitted"])
def test_what_the_sdk_accumulates_is_the_whole_answer(scenario, display):
    shown, whole = render([scenario()], thinking={"type": "adaptive", "display": display})
    assert accumulated(shown) == plain(whole)


@given(data=st.data(), run=events.lawful_runs())
def test_any_lawful_run_accumulates_to_its_whole_however_it_is_batched(data, run):
    shown, whole = render(data.draw(events.batches(run)))
    assert accumulated(shown) == plain(whole)


@given(_objects, st.lists(st.integers(0, 60), max_size=5))
def test_the_input_of_a_call_accumulates_however_it_is_cut(given_object, cuts):
    text = json.dumps(given_object)
    places = sorted({0, *(min(cut, len(text)) for cut in cuts), len(text)})
    pieces = [text[start:end] for start, end in pairwise(places)]
    run = events.run_events(events.call_events(0, "f", *pieces), finish="tool_calls")
    shown, whole = render([run])
    assert accumulated(shown) == plain(whole)
    assert whole["content"][0]["input"] == given_object


@given(run=events.lawful_runs())
def test_batching_does_not_show(run):
    assert render([run]) == render([[event] for event in run])


@given(run=events.lawful_runs())
def test_the_whole_answer_needs_no_deltas(run):
    _, whole = render([run])
    assert render([[event for event in run if not isinstance(event, Delta)]])[1] == whole


@given(run=events.lawful_runs())
def test_blocks_are_balanced_and_one_is_open_at_a_time(run):
    shown, whole = render([run])
    opened, count = None, 0
    for event in shown:
        match event["type"]:
            case "content_block_start":
                assert (opened, event["index"]) == (None, count)
                opened, count = event["index"], count + 1
            case "content_block_delta":
                assert event["index"] == opened
            case "content_block_stop":
                assert event["index"] == opened
                opened = None
    assert opened is None
    assert count == len(whole["content"])
    assert [event["type"] for event in shown[:2]] == ["message_start", "ping"]
    assert [event["type"] for event in shown[-2:]] == ["message_delta", "message_stop"]


@pytest.mark.parametrize("scenario", events.FAILURES.values(), ids=events.FAILURES)
def test_a_run_that_failed_ends_with_an_error_and_is_one_when_whole(scenario):
    shown, whole = render([scenario()])
    for body in (shown[-1], whole):
        assert msgspec.convert(body, MessageErrorBody).request_id == "req_1"
    assert [event["type"] for event in shown].count("message_stop") == 0
