"""The built-in stand-in does what its last user message says."""

from __future__ import annotations

from itertools import count

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Raw

from providers.base import Call, ModelStream
from providers.demo import Demo
from providers.demo_scene import count_tokens, tokens_of
from specs.errors import (
    UpstreamCredentialRefused,
    UpstreamCut,
    UpstreamError,
    UpstreamModelMissing,
    UpstreamRateLimited,
    UpstreamRejected,
    UpstreamTimeout,
    UpstreamUnavailable,
)
from specs.events import Delta, Event, PartStarted, StepEnded, StepStarted, Warned
from specs.fold import Fold, fold
from specs.items import FunctionCall, FunctionResult, HostedCall, Item, Message, Reasoning, Text, plain_text
from specs.requests import FunctionTool, ModelRequest, ResponseFormat, Settings, ToolChoice
from tests.support.laws import check_laws

pytestmark = pytest.mark.anyio

ADD = FunctionTool(
    "add", parameters=Raw(b'{"type":"object","properties":{"a":{"type":"integer"}},"required":["a"]}')
)
SUBTRACT = FunctionTool("subtract")


def asking(text: str, **options: object) -> ModelRequest:
    items: tuple[Item, ...] = (Message("msg_1", "user", (Text(text),)),)
    return ModelRequest("demo-1", items, **options)  # pyright: ignore[reportArgumentType]


async def events_of(request: ModelRequest) -> list[Event]:
    numbers = count()
    stream = await Demo(pace=0).open(request, Call(1, 1, 0, lambda prefix: f"{prefix}_{next(numbers)}"))
    return [event async for batch in stream for event in batch]


async def drain(stream: ModelStream, events: list[Event]) -> None:
    async for batch in stream:
        events += batch


async def answer_of(request: ModelRequest) -> Fold:
    events = await events_of(request)
    check_laws(events)
    return fold(events)


def text_of(answer: Fold) -> str:
    return "".join(plain_text(item.content) for item in answer.items if isinstance(item, Message))


def calls_of(answer: Fold) -> list[tuple[str, str]]:
    return [(item.name, item.arguments) for item in answer.items if isinstance(item, FunctionCall)]


async def test_it_says_that_it_is_no_language_model() -> None:
    answer = await answer_of(asking("Good morning"))
    assert "not a language model" in text_of(answer)
    assert "Good morning" in text_of(answer)
    assert answer.finish == "stop"


async def test_it_streams_word_by_word() -> None:
    events = await events_of(asking("Good morning"))
    assert isinstance(events[0], StepStarted)
    words = [event.data for event in events if isinstance(event, Delta)]
    assert words[:3] == ["This ", "is ", "the "]


async def test_the_same_request_gets_the_same_answer() -> None:
    assert await events_of(asking("Hello")) == await events_of(asking("Hello"))


async def test_usage_counts_the_words() -> None:
    answer = await answer_of(asking("one two three", instructions="four five"))
    assert answer.usage.input == 5
    assert answer.usage.output == count_tokens(text_of(answer))
    assert (answer.usage.cache_read, answer.usage.reasoning) == (0, 0)


@given(st.text())
def test_tokens_join_to_the_text_and_are_never_less_than_a_byte(text: str) -> None:
    tokens = tokens_of(text)
    assert "".join(tokens) == text
    assert len(tokens) <= len(text.encode("utf-8", "surrogatepass"))


async def test_a_line_calls_a_tool() -> None:
    answer = await answer_of(asking('Please:\n/call add {"a":1}', tools=(ADD,)))
    assert calls_of(answer) == [("add", '{"a":1}')]
    assert answer.finish == "tool_calls"


async def test_each_line_is_a_call_of_its_own() -> None:
    answer = await answer_of(asking('/call add {"a":1}\n/call subtract', tools=(ADD, SUBTRACT)))
    assert calls_of(answer) == [("add", '{"a":1}'), ("subtract", "{}")]


async def test_without_parallel_calls_only_the_first_is_made() -> None:
    settings = Settings(parallel_tool_calls=False)
    answer = await answer_of(asking("/call add\n/call subtract", tools=(ADD, SUBTRACT), settings=settings))
    assert calls_of(answer) == [("add", "{}")]


async def test_a_tool_that_was_not_offered_is_not_called() -> None:
    answer = await answer_of(asking("/call add {}"))
    assert calls_of(answer) == []
    assert "There is no tool 'add'" in text_of(answer)


@pytest.mark.parametrize(
    ("choice", "called"),
    [
        (ToolChoice("required"), [("add", '{"a":0}')]),
        (ToolChoice("required", name="subtract"), [("subtract", "{}")]),
        (ToolChoice("required", allowed=("subtract",)), [("subtract", "{}")]),
        (ToolChoice("auto"), []),
        (ToolChoice("none"), []),
    ],
    ids=str,
)
async def test_tool_choice_is_honoured(choice: ToolChoice, called: list[tuple[str, str]]) -> None:
    answer = await answer_of(asking("Hello", tools=(ADD, SUBTRACT), tool_choice=choice))
    assert calls_of(answer) == called


async def test_no_tool_is_called_when_none_may_be() -> None:
    answer = await answer_of(asking("/call add", tools=(ADD,), tool_choice=ToolChoice("none")))
    assert calls_of(answer) == []


async def test_after_a_result_it_answers_with_its_text() -> None:
    items = (
        Message("msg_1", "user", (Text("/call add"),)),
        FunctionCall("fc_1", "call_1", "add", "{}"),
        FunctionCall("fc_2", "call_2", "add", "{}"),
        FunctionResult("r_1", "call_1", (Text("It is 42."),)),
        FunctionResult("r_2", "call_2", (Text("It is 43."),)),
    )
    answer = await answer_of(ModelRequest("demo-1", items, tools=(ADD,), tool_choice=ToolChoice("required")))
    assert text_of(answer) == "It is 42.\nIt is 43."


async def test_calls_that_the_server_ran_are_not_made_again() -> None:
    items = (
        Message("msg_1", "user", (Text("/call add {}"),)),
        HostedCall("hc_1", "call_1", "house", "add", "{}", output="It is 42."),
        HostedCall("hc_2", "call_2", "house", "add", "{}", error="It is too much."),
    )
    answer = await answer_of(ModelRequest("demo-1", items, tools=(ADD,)))
    assert calls_of(answer) == []
    assert "It is 42." in text_of(answer)
    assert "It is too much." in text_of(answer)


async def test_it_reasons_first_when_asked_to() -> None:
    answer = await answer_of(asking("/reason why the sky is blue"))
    assert [type(item) for item in answer.items] == [Reasoning, Message]
    assert answer.usage.reasoning
    assert answer.usage.output == answer.usage.reasoning + count_tokens(text_of(answer))


@pytest.mark.parametrize(
    ("asked", "failure"),
    [
        ("400", UpstreamRejected),
        ("401", UpstreamCredentialRefused),
        ("404", UpstreamModelMissing),
        ("429", UpstreamRateLimited),
        ("500", UpstreamUnavailable),
        ("529", UpstreamUnavailable),
        ("504", UpstreamTimeout),
        ("timeout", UpstreamTimeout),
    ],
)
async def test_it_fails_as_asked_before_the_first_event(asked: str, failure: type[UpstreamError]) -> None:
    with pytest.raises(failure):
        await events_of(asking(f"/fail {asked}"))


async def test_it_can_be_cut_in_the_middle() -> None:
    stream = await Demo(pace=0).open(asking("/fail cut"), Call(1, 1, 0, lambda prefix: prefix))
    events: list[Event] = []
    with pytest.raises(UpstreamCut):
        await drain(stream, events)
    events += stream.close("error")
    check_laws(events)
    ended = events[-1]
    assert isinstance(ended, StepEnded)
    assert ended.usage is not None
    assert ended.usage.output == sum(isinstance(event, Delta) for event in events)
    assert stream.close("error") == []


@pytest.mark.parametrize("text", ["Hello", "/reason about it"])
async def test_the_output_cap_is_honoured(text: str) -> None:
    whole = await answer_of(asking(text))
    assert whole.usage.output is not None
    for cap in (1, 5, 18, 19, whole.usage.output):
        answer = await answer_of(asking(text, settings=Settings(max_output_tokens=cap)))
        assert answer.usage.output is not None
        assert answer.usage.output <= cap
        assert (answer.finish == "length") == (answer.usage.output < whole.usage.output)


async def test_a_stop_sequence_ends_the_text_before_it() -> None:
    answer = await answer_of(asking("Hello", settings=Settings(stop=("language",))))
    assert text_of(answer) == "This is the demo provider, not a "
    assert answer.finish == "stop"


async def test_a_json_schema_gets_a_value_of_it() -> None:
    wanted = ResponseFormat("json_schema", name="sum", schema=ADD.parameters)
    answer = await answer_of(asking("Hello", settings=Settings(response_format=wanted)))
    assert text_of(answer) == '{"a":0}'


async def test_log_probabilities_are_warned_about() -> None:
    events = await events_of(asking("Hello", settings=Settings(logprobs=True)))
    assert [event.param for event in events if isinstance(event, Warned)] == ["logprobs"]


async def test_the_first_batch_comes_before_any_word() -> None:
    stream = await Demo(pace=0).open(asking("Hello"), Call(1, 1, 0, lambda prefix: prefix))
    first = await anext(stream)
    assert not any(isinstance(event, Delta | PartStarted) for event in first)
