"""Chat Completions answers as events: small answers written for these tests."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import DecodeError

from providers.sse import SSESplitter, frames_of
from specs.errors import (
    UpstreamContextTooLong,
    UpstreamCut,
    UpstreamError,
    UpstreamRateLimited,
    UpstreamRejected,
    UpstreamUnavailable,
)
from specs.events import AnnotationAdded, Delta, Event, ItemEnded, StepEnded, StepStarted, Warned
from specs.items import (
    FunctionCall,
    Item,
    Message,
    Reasoning,
    Refusal,
    Sealed,
    Summary,
    Text,
    Thought,
    UrlCitation,
    plain_text,
)
from specs.usage import Usage
from tests.support.chat_answers import (
    ORIGIN,
    call_delta,
    chunk,
    decoder,
    items_of,
    sse,
    stream_events,
    streamed,
    whole_events,
)
from tests.support.laws import check_laws


def lawful(*chunks: dict[str, Any], think_tags: bool = False) -> list[Event]:
    events = streamed(*chunks, think_tags=think_tags)
    check_laws(events)
    return events


def calls_of(events: list[Event]) -> list[tuple[str, str]]:
    return [(item.name, item.arguments) for item in items_of(events) if isinstance(item, FunctionCall)]


def ended(events: list[Event]) -> StepEnded:
    last = events[-1]
    assert isinstance(last, StepEnded)
    return last


def warnings_of(events: list[Event]) -> list[str]:
    return [event.message for event in events if isinstance(event, Warned)]


STOP = chunk(finish="stop")
USED = {"prompt_tokens": 10, "completion_tokens": 4, "total_tokens": 14}


def test_text_becomes_a_message() -> None:
    events = lawful(
        chunk({"role": "assistant", "content": ""}), chunk({"content": "Hel"}), chunk({"content": "lo"}), STOP
    )
    assert events[0] == StepStarted(0, 1, "test", "m-1", "chatcmpl-1")
    assert items_of(events) == (Message("msg_1", "assistant", (Text("Hello"),)),)
    assert [event.data for event in events if isinstance(event, Delta)] == ["Hel", "lo"]
    assert ended(events).finish == "stop"


def test_a_whole_answer_is_the_same_stream() -> None:
    answer = {"choices": [{"message": {"content": "Hello"}, "finish_reason": "stop"}], "usage": USED}
    events = whole_events(answer)
    check_laws(events)
    assert items_of(events) == (Message("msg_1", "assistant", (Text("Hello"),)),)
    assert ended(events).usage == Usage(input=10, output=4)


def test_the_encoders_warnings_follow_the_start() -> None:
    reader = decoder(warnings=(("seed", "left out"),))
    reader.feed("", b'{"choices":[{"delta":{"content":"a"}}]}')
    events = reader.tracker.take()
    assert isinstance(events[0], StepStarted)
    assert events[1] == Warned("left out", "seed")


def test_the_model_asked_for_stands_in_where_the_answer_names_none() -> None:
    events = lawful(chunk({"content": "a"}, model="", id=""), STOP)
    assert events[0] == StepStarted(0, 1, "test", "asked", None)


def test_a_refusal_is_a_part_of_its_own() -> None:
    (message,) = items_of(lawful(chunk({"refusal": "I "}), chunk({"refusal": "won't"}), STOP))
    assert isinstance(message, Message)
    assert message.content == (Refusal("I won't"),)


@pytest.mark.parametrize("field", ["reasoning_content", "reasoning"])
def test_reasoning_comes_before_the_message(field: str) -> None:
    events = lawful(
        chunk({field: "Hm", "content": None}), chunk({field: "m."}), chunk({"content": "Yes"}), STOP
    )
    reasoning, message = items_of(events)
    assert reasoning == Reasoning("rs_1", (Thought("Hmm."),), origin=ORIGIN)
    assert isinstance(message, Message)


def test_a_thinking_part_is_reasoning() -> None:
    thinking = {"type": "thinking", "thinking": [{"type": "text", "text": "Hm"}]}
    events = lawful(
        chunk({"content": [thinking]}), chunk({"content": [{"type": "text", "text": "Yes"}]}), STOP
    )
    reasoning, message = items_of(events)
    assert isinstance(reasoning, Reasoning)
    assert isinstance(message, Message)
    assert (reasoning.content, message.content) == ((Thought("Hm"),), (Text("Yes"),))


def test_reasoning_details_keep_signatures_summaries_and_sealed_data() -> None:
    def detail(**fields: Any) -> dict[str, Any]:
        return chunk({"content": "", "reasoning": fields.get("text"), "reasoning_details": [fields]})

    events = lawful(
        detail(type="reasoning.text", index=0, text="A"),
        detail(type="reasoning.text", index=0, text="B"),
        detail(type="reasoning.text", index=0, signature="sig"),
        detail(type="reasoning.summary", index=1, summary="S"),
        detail(type="reasoning.encrypted", index=2, data="xyz"),
        STOP,
    )
    (reasoning,) = items_of(events)
    assert isinstance(reasoning, Reasoning)
    assert reasoning.content == (Thought("AB", "sig"), Summary("S"), Sealed("xyz"))


def test_text_after_a_call_opens_a_new_message() -> None:
    events = lawful(
        chunk({"content": "Let me see."}),
        chunk(call_delta(id="c1", name="look", arguments="{}")),
        chunk({"content": "Done."}),
        STOP,
    )
    assert [type(item) for item in items_of(events)] == [Message, FunctionCall, Message]
    assert ended(events).finish == "tool_calls"


def test_interleaved_parallel_calls_stay_apart() -> None:
    events = lawful(
        chunk(call_delta(0, id="c1", name="add", arguments="")),
        chunk(call_delta(1, id="c2", name="sub", arguments="")),
        chunk(call_delta(0, arguments='{"a":')),
        chunk(call_delta(1, arguments='{"b":')),
        chunk(call_delta(0, arguments="1}")),
        chunk(call_delta(1, arguments="2}")),
        chunk(finish="tool_calls"),
    )
    assert items_of(events) == (
        FunctionCall("fc_1", "c1", "add", '{"a":1}'),
        FunctionCall("fc_2", "c2", "sub", '{"b":2}'),
    )


ONE_CALL = {
    "an id in every chunk": [
        call_delta(0, id="a", name="f", arguments='{"x"'),
        call_delta(0, id="b", arguments=":1}"),
    ],
    "an empty id later": [
        call_delta(0, id="a", name="f", arguments='{"x"'),
        call_delta(0, id="", arguments=":1}"),
    ],
    "no index": [call_delta(None, id="a", name="f", arguments='{"x"'), call_delta(None, arguments=":1}")],
    "no index, id repeated": [
        call_delta(None, id="a", name="f", arguments='{"x"'),
        call_delta(None, id="a", arguments=":1}"),
    ],
    "name repeated": [
        call_delta(0, id="a", name="f", arguments='{"x"'),
        call_delta(0, id="a", name="f", arguments=":1}"),
    ],
    "name repeated with a new id": [
        call_delta(0, id="a", name="f", arguments='{"x"'),
        call_delta(0, id="b", name="f", arguments=":1}"),
    ],
    "name repeated after the end": [
        call_delta(0, id="a", name="f", arguments='{"x":1}'),
        call_delta(0, name="f", arguments=""),
    ],
    "arguments as an object": [call_delta(0, id="a", name="f", arguments={"x": 1})],
    "no id": [call_delta(0, name="f", arguments='{"x":1}')],
    "the old form": [
        {"function_call": {"name": "f", "arguments": '{"x"'}},
        {"function_call": {"arguments": ":1}"}},
    ],
}


@pytest.mark.parametrize("deltas", ONE_CALL.values(), ids=ONE_CALL.keys())
def test_one_call_however_it_is_sent(deltas: list[dict[str, Any]]) -> None:
    ((name, arguments),) = calls_of(lawful(*map(chunk, deltas), chunk(finish="tool_calls")))
    assert (name, arguments.replace(" ", "")) == ("f", '{"x":1}')


TWO_CALLS = {
    "one index for all": [
        call_delta(0, id="a", name="f", arguments="{}"),
        call_delta(0, id="b", name="g", arguments="[]"),
    ],
    "one index, one name": [
        call_delta(0, id="a", name="f", arguments="{}"),
        call_delta(0, id="b", name="f", arguments="[]"),
    ],
    "no index": [
        call_delta(None, id="a", name="f", arguments="{}"),
        call_delta(None, id="b", name="g", arguments="[]"),
    ],
    "no index and no id": [
        call_delta(None, name="f", arguments="{}"),
        call_delta(None, name="g", arguments="[]"),
    ],
}


@pytest.mark.parametrize("deltas", TWO_CALLS.values(), ids=TWO_CALLS.keys())
def test_two_calls_however_they_are_sent(deltas: list[dict[str, Any]]) -> None:
    calls = calls_of(lawful(*map(chunk, deltas), chunk(finish="tool_calls")))
    assert [arguments for _, arguments in calls] == ["{}", "[]"]


@pytest.mark.parametrize(
    "names", [("get_", "weather"), ("get_", "get_weather"), ("get_weather", "get_weather")]
)
def test_a_split_name_is_whole_when_the_call_begins(names: tuple[str, str]) -> None:
    events = lawful(
        *(chunk(call_delta(0, id="a", name=name, arguments="")) for name in names),
        chunk(call_delta(0, arguments="{}")),
        chunk(finish="tool_calls"),
    )
    assert calls_of(events) == [("get_weather", "{}")]


def test_a_call_without_arguments_gets_the_empty_object() -> None:
    events = lawful(chunk(call_delta(0, id="a", name="ping")), chunk(finish="tool_calls"))
    assert calls_of(events) == [("ping", "{}")]


@pytest.mark.parametrize("upstream_id", ["", "x" * 65, "same"])
def test_an_unusable_call_id_is_replaced(upstream_id: str) -> None:
    events = lawful(
        chunk(call_delta(0, id="same", name="f", arguments="{}")),
        chunk(call_delta(1, id=upstream_id, name="g", arguments="{}")),
        chunk(finish="tool_calls"),
    )
    ids = [item.call_id for item in items_of(events) if isinstance(item, FunctionCall)]
    assert ids[0] == "same"
    assert ids[1].startswith("call_")


def test_citations_join_the_text() -> None:
    cited = {"type": "url_citation", "url_citation": {"url": "https://a.b", "title": "T", "end_index": 3}}
    events = lawful(chunk({"content": "Yes"}), chunk({"content": "", "annotations": [cited]}), STOP)
    citation = UrlCitation("https://a.b", "T", 0, 3)
    assert [event.annotation for event in events if isinstance(event, AnnotationAdded)] == [citation]
    assert items_of(events) == (Message("msg_1", "assistant", (Text("Yes", (citation,)),)),)


def test_log_probabilities_travel_as_they_came() -> None:
    token = '{"token":"Yes","logprob":-0.1,"bytes":null,"top_logprobs":[]}'
    data = f'{{"choices":[{{"delta":{{"content":"Yes"}},"logprobs":{{"content":[{token}]}}}}]}}'
    reader = decoder()
    reader.feed("", data.encode())
    deltas = [event for event in reader.tracker.take() if isinstance(event, Delta)]
    assert [bytes(one) for one in deltas[0].logprobs] == [token.encode()]


THINKS = "<think>\nHm <b> </thin\n</think>\n\nYes"


def test_thought_between_tags_is_reasoning_where_the_profile_says_so() -> None:
    reasoning, message = items_of(lawful(chunk({"content": THINKS}), STOP, think_tags=True))
    assert isinstance(reasoning, Reasoning)
    assert isinstance(message, Message)
    assert (reasoning.content, message.content) == ((Thought("Hm <b> </thin\n"),), (Text("Yes"),))


def test_tags_are_text_elsewhere() -> None:
    (message,) = items_of(lawful(chunk({"content": THINKS}), STOP))
    assert isinstance(message, Message)
    assert plain_text(message.content) == THINKS


@pytest.mark.parametrize("text", ["<think", "a <think>b</think>", "  ", "<b>"])
def test_what_only_looks_like_a_tag_is_text(text: str) -> None:
    (message,) = items_of(lawful(chunk({"content": text}), STOP, think_tags=True))
    assert isinstance(message, Message)
    assert plain_text(message.content) == text


@pytest.mark.parametrize(
    ("reason", "finish"),
    [
        ("stop", "stop"),
        ("eos", "stop"),
        ("length", "length"),
        ("MAX_TOKENS", "length"),
        ("content_filter", "content_filter"),
        ("tool_calls", "stop"),
        ("abort", "other"),
    ],
)
def test_finish_keeps_both_names(reason: str, finish: str) -> None:
    events = lawful(chunk({"content": "a"}), chunk(finish=reason))
    assert (ended(events).finish, ended(events).raw_finish) == (finish, reason)


def test_an_answer_cut_by_length_is_incomplete() -> None:
    events = lawful(chunk({"content": "a"}), chunk(finish="length"))
    assert [event.item.status for event in events if isinstance(event, ItemEnded)] == ["incomplete"]


@pytest.mark.parametrize(
    ("usage", "expected"),
    [
        (USED, Usage(input=10, output=4)),
        ({"prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0}, Usage(input=0, output=0)),
        ({}, None),
        (None, None),
        (
            {
                **USED,
                "prompt_tokens_details": {"cached_tokens": 3, "cache_write_tokens": 2, "audio_tokens": 1},
            },
            Usage(input=10, cache_read=3, cache_write=2, input_audio=1, output=4),
        ),
        (
            {**USED, "completion_tokens_details": {"reasoning_tokens": 2, "audio_tokens": 1}},
            Usage(input=10, output=4, reasoning=2, output_audio=1),
        ),
        ({**USED, "prompt_cache_hit_tokens": 7}, Usage(input=10, cache_read=7, output=4)),
        ({**USED, "num_cached_tokens": 0}, Usage(input=10, cache_read=0, output=4)),
        (
            {**USED, "total_tokens": 114, "completion_tokens_details": {"reasoning_tokens": 100}},
            Usage(input=10, output=104, reasoning=100),
        ),
        ({**USED, "total_tokens": 44}, Usage(input=10, output=34, reasoning=30)),
        (
            {**USED, "server_tool_use_details": {"web_search_requests": 2}},
            Usage(input=10, output=4, units={"searches": 2}),
        ),
    ],
)
def test_usage_is_inclusive(usage: dict[str, Any] | None, expected: Usage | None) -> None:
    events = lawful(chunk({"content": "a"}), STOP, {"choices": [], "usage": usage})
    assert ended(events).usage == expected


@pytest.mark.parametrize(
    "chunks",
    [
        [chunk({"content": "a"}), chunk(finish="stop", usage=USED)],
        [
            chunk({"content": "a"}, usage={"prompt_tokens": 10, "completion_tokens": 1}),
            chunk(finish="stop", usage=USED),
        ],
        [
            chunk({"content": "a"}, usage=USED),
            chunk(finish="stop", usage={"prompt_tokens": 0, "completion_tokens": 0}),
        ],
        [chunk({"content": "a"}), chunk(finish="stop", x_groq={"usage": USED})],
        [chunk({"content": "a"}), STOP, {"choices": [], "usage": USED}, {"choices": [], "usage": USED}],
    ],
    ids=["with a choice", "growing", "zeros last", "in its own place", "twice"],
)
def test_usage_is_found_wherever_it_is(chunks: list[dict[str, Any]]) -> None:
    assert ended(lawful(*chunks)).usage == Usage(input=10, output=4)


def test_missing_done_is_forgiven_after_a_finish_reason() -> None:
    body = sse([chunk({"content": "a"}), STOP]).removesuffix(b"data: [DONE]\n\n")
    events = stream_events(body)
    check_laws(events)
    assert ended(events).finish == "stop"


def test_a_missing_finish_reason_is_forgiven_before_done() -> None:
    assert ended(lawful(chunk({"content": "a"}))).finish == "stop"


@pytest.mark.parametrize("chunks", [[], [chunk({"content": "a"})], [chunk(call_delta(id="a", name="f"))]])
def test_a_stream_that_just_ends_is_cut(chunks: list[dict[str, Any]]) -> None:
    with pytest.raises(UpstreamCut):
        stream_events(sse(chunks).removesuffix(b"data: [DONE]\n\n"))


def test_done_without_an_answer_is_a_cut() -> None:
    with pytest.raises(UpstreamCut):
        streamed()


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        ({"error": {"message": "busy", "code": 502}}, UpstreamUnavailable),
        ({"error": {"message": "slow", "code": "rate_limit_exceeded"}}, UpstreamRateLimited),
        ({"error": {"message": "x", "type": "server_error"}}, UpstreamUnavailable),
        ({"error": {"message": "long", "code": "context_length_exceeded"}}, UpstreamContextTooLong),
        ({"error": {"message": "no", "type": "invalid_request_error", "code": "odd"}}, UpstreamRejected),
        ({"error": "boom"}, UpstreamError),
        ({"object": "error", "message": "m", "code": 400}, UpstreamRejected),
        ({"choices": [{"error": {"code": 429, "message": "m"}}]}, UpstreamRateLimited),
        ({"choices": [{"delta": {}, "finish_reason": "error"}]}, UpstreamUnavailable),
    ],
)
def test_an_error_in_the_stream_has_its_class(data: dict[str, Any], kind: type[UpstreamError]) -> None:
    with pytest.raises(UpstreamError) as caught:
        streamed(chunk({"content": "a"}), data)
    assert type(caught.value) is kind


def test_an_error_event_is_an_error_whatever_it_holds() -> None:
    with pytest.raises(UpstreamError):
        decoder().feed("error", b'{"message":"x"}')


def test_what_is_no_json_is_not_taken_for_a_chunk() -> None:
    with pytest.raises(DecodeError):
        decoder().feed("", b"<html>")


@pytest.mark.parametrize(
    ("unknown", "word"),
    [
        (chunk({"images": [{"url": "x"}]}), "images"),
        (chunk({"content": [{"type": "widget", "text": "x"}]}), "widget"),
        (chunk({"tool_calls": [{"type": "custom", "custom": {"name": "f"}}]}), "custom"),
        (chunk({"content": "a", "annotations": [{"type": "file", "file": {}}]}), "file"),
        ({"hello": 1}, "unknown shape"),
        ({"choices": [{"index": 1, "delta": {"content": "b"}}]}, "more than one"),
    ],
)
def test_nothing_unknown_vanishes(unknown: dict[str, Any], word: str) -> None:
    told = warnings_of(lawful(chunk({"content": "a"}), unknown, unknown, STOP))
    assert len(told) == 1
    assert word in told[0]


@pytest.mark.parametrize(
    "known",
    [
        chunk({}),
        chunk({"role": "assistant"}),
        chunk({"content": "", "refusal": "", "tool_calls": None, "annotations": []}),
        chunk({"channel": "analysis", "images": []}),
        {"choices": [], "prompt_filter_results": [{}]},
    ],
)
def test_an_empty_delta_is_nothing(known: dict[str, Any]) -> None:
    events = lawful(known, chunk({"content": "a"}), known, STOP)
    assert warnings_of(events) == []
    assert len(items_of(events)) == 1


BODY = sse(
    [
        chunk({"reasoning_content": "Hm… "}),
        chunk({"content": "<think>Ünd"}),
        chunk({"content": "</think>ja"}),
        chunk(call_delta(0, id="c1", name="add", arguments='{"a"')),
        chunk(call_delta(1, id="c2", name="sub", arguments="{}")),
        chunk(call_delta(0, arguments=":1}")),
        chunk(finish="tool_calls", usage=USED),
    ]
)


@pytest.mark.parametrize(
    "body", [BODY, BODY.replace(b"\n", b"\r\n"), BODY.replace(b"\n", b"\r"), b"\xef\xbb\xbf" + BODY]
)
@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_any_split_of_the_bytes_gives_the_same_events(body: bytes, data: st.DataObject) -> None:
    cuts = data.draw(st.lists(st.integers(0, len(body)), max_size=30))
    assert stream_events(body, cuts=cuts, think_tags=True) == stream_events(BODY, think_tags=True)


@settings(max_examples=60, deadline=None)
@given(cuts=st.lists(st.integers(0, len(THINKS)), max_size=12))
def test_any_split_of_the_text_gives_the_same_items(cuts: list[int]) -> None:
    bounds = [0, *sorted(cuts), len(THINKS)]
    texts = [THINKS[start:end] for start, end in itertools.pairwise(bounds)]
    events = lawful(*(chunk({"content": text}) for text in texts), STOP, think_tags=True)
    assert _anonymous(items_of(events)) == [((Thought("Hm <b> </thin\n"),)), (Text("Yes"),)]


def _anonymous(items: tuple[Item, ...]) -> list[object]:
    return [item.content for item in items if isinstance(item, Message | Reasoning)]


@settings(max_examples=40, deadline=None)
@given(position=st.integers(0, len(BODY)))
def test_a_stream_that_dies_anywhere_can_be_closed_lawfully(position: int) -> None:
    reader = decoder()
    for event, data in frames_of(SSESplitter().feed(BODY[:position])):
        reader.feed(event, data)
    reader.tracker.end_step("error")
    events = reader.tracker.take()
    check_laws(events)
