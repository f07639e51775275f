"""Laws of the chat renderer, with the official SDK's accumulator and OpenAI's schemas as judges."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from openai.lib.streaming.chat import ChatCompletionStreamState
from openai.types.chat import ChatCompletion, ChatCompletionChunk

from service.dialects.chat import ChatDialect
from specs.events import Delta, Event
from tests.support import events
from tests.support.frames import chunks_of
from tests.support.openapi import validator

DIALECT = ChatDialect()
BODY = {
    "model": "agent_demo",
    "messages": [{"role": "user", "content": "Hi"}],
    "stream": True,
    "stream_options": {"include_usage": True},
}


def render(batches: list[list[Event]], **fields) -> tuple[list[bytes], bytes]:
    """The encoded chunks of a run that comes in batches, and its encoded whole answer."""
    reading = DIALECT.read(msgspec.json.encode({**BODY, **fields}), events.counting_ids())
    renderer = DIALECT.renderer(reading, events.counting_ids())
    chunks = [chunk for batch in batches for chunk in chunks_of(renderer.feed(batch))]
    return chunks, msgspec.json.encode(renderer.whole())


def accumulated(chunks: list[bytes], **options) -> dict:
    """What the official SDK makes of the chunks, without what only its own types add."""
    state = ChatCompletionStreamState(**options)
    for chunk in chunks:
        for _ in state.handle_chunk(ChatCompletionChunk.model_validate_json(chunk)):
            pass
    return plain(state.current_completion_snapshot.model_dump(mode="json"))


def plain(completion: dict) -> dict:
    """A completion in the SDK's fields, an empty value and none being the same."""
    completion = ChatCompletion.model_validate(completion).model_dump(mode="json")
    message = completion["choices"][0]["message"]
    message.pop("parsed", None)
    for call in message.get("tool_calls") or ():
        call["function"].pop("parsed_arguments", None)
        call.pop("index", None)
    completion["choices"][0]["message"] = {key: value for key, value in message.items() if value}
    return completion


@pytest.mark.parametrize("scenario", events.SCENARIOS.values(), ids=events.SCENARIOS)
def test_what_the_sdk_accumulates_is_the_whole_answer(scenario):
    chunks, whole = render([scenario()])
    assert accumulated(chunks) == plain(msgspec.json.decode(whole))


@pytest.mark.parametrize("scenario", events.SCENARIOS.values(), ids=events.SCENARIOS)
def test_in_the_old_form_too(scenario):
    chunks, whole = render([scenario()], functions=[{"name": "weather"}])
    assert accumulated(chunks) == plain(msgspec.json.decode(whole))


@given(data=st.data(), run=events.lawful_runs())
def test_any_lawful_run_accumulates_to_its_whole_however_it_is_batched(data, run):
    chunks, whole = render(data.draw(events.batches(run)))
    assert accumulated(chunks) == plain(msgspec.json.decode(whole))


@given(run=events.lawful_runs())
def test_batching_does_not_show(run):
    assert render([run]) == render([[event] for event in run])


@given(run=events.lawful_runs())
def test_the_whole_answer_needs_no_deltas(run):
    _, whole = render([run])
    assert render([[event for event in run if not isinstance(event, Delta)]])[1] == whole


def test_the_sdk_parses_strict_arguments_of_interleaved_calls():
    tools = [
        {"type": "function", "function": {"name": name, "strict": True, "parameters": {"type": "object"}}}
        for name in ("weather", "clock")
    ]
    chunks, _ = render([events.two_calls()])
    calls = accumulated(chunks, input_tools=tools)["choices"][0]["message"]["tool_calls"]
    assert [call["function"]["arguments"] for call in calls] == ['{"city":"Oslo"}', "{}"]


@pytest.mark.parametrize("scenario", events.SCENARIOS.values(), ids=events.SCENARIOS)
def test_bodies_fit_the_published_schemas(scenario):
    chunks, whole = render([scenario()])
    validator("CreateChatCompletionResponse").validate(msgspec.json.decode(whole))
    of_chunk = validator("CreateChatCompletionStreamResponse")
    for chunk in chunks:
        of_chunk.validate(msgspec.json.decode(chunk))


@pytest.mark.parametrize("scenario", events.FAILURES.values(), ids=events.FAILURES)
def test_error_chunks_fit_the_published_schema(scenario):
    chunks, _ = render([scenario()])
    validator("ErrorResponse").validate(msgspec.json.decode(chunks[-1]))
