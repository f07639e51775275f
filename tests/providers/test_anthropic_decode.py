"""Answers of the Messages API, decoded: our own recordings."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import UNSET, structs

from providers.anthropic.decode import FINISHES
from specs.errors import UpstreamCut, UpstreamGarbled, UpstreamRateLimited, UpstreamUnavailable
from specs.events import Delta, ItemEnded, StepEnded, StepStarted, Warned, decode_events, encode_events
from specs.fold import fold
from specs.items import FileCitation, FunctionCall, Message, Reasoning, Sealed, Text, Thought, UrlCitation
from specs.usage import Usage
from tests.support.anthropic_answers import (
    COMPLETE,
    ORIGIN,
    OWN,
    OWN_NAMES,
    cut,
    decoder,
    own,
    streamed,
    whole,
)
from tests.support.frames import split
from tests.support.laws import check_laws


def texts(item: object) -> list[str]:
    assert isinstance(item, Message)
    return [part.text for part in item.content if isinstance(part, Text)]


def last(events: list) -> StepEnded:
    assert isinstance(events[-1], StepEnded)
    return events[-1]


def warnings(events: list) -> list[str]:
    return [event.message for event in events if isinstance(event, Warned)]


@pytest.mark.parametrize("name", COMPLETE)
def test_every_own_recording_keeps_the_laws_and_survives_the_log(name: str) -> None:
    events = streamed(own(name))
    check_laws(events)
    assert decode_events(encode_events(events)) == events


@pytest.mark.parametrize("name", OWN_NAMES)
def test_cut_after_every_frame_the_events_stay_lawful(name: str) -> None:
    frames = own(name)
    for length in range(1, len(frames) + 1):
        check_laws(cut(frames[:length]))


@given(name=st.sampled_from(OWN_NAMES), share=st.floats(0, 1))
@settings(deadline=None, max_examples=150)
def test_cut_at_any_byte_the_events_stay_lawful(name: str, share: float) -> None:
    data = (OWN / f"{name}.sse").read_bytes()
    events = cut(split(data[: int(len(data) * share)]))
    assert len(events) == 1 or events[0].__class__ is StepStarted
    check_laws(events)


def test_a_text_is_one_message_with_one_part() -> None:
    events = streamed(own("text"))
    result = fold(events)
    assert texts(result.items[0]) == ["Hello, wörld!"]
    assert [event.data for event in events if isinstance(event, Delta)] == ["Hello", ", ", "wörld", "!"]
    assert result.step == StepStarted(0, 1, "anthropic", "claude-sonnet-4-5-20250929", "msg_01Aq9w938a90dw8q")
    assert (result.finish, last(events).raw_finish) == ("stop", "end_turn")


def test_thought_text_and_call_are_three_items_in_order() -> None:
    thought, said, call = fold(streamed(own("thinking_then_call"))).items
    assert isinstance(thought, Reasoning)
    assert thought.content == (Thought("Let me look.", "EqQBCgIYAhIM1gbcDa9GJwZA2b3hGgxBdjrk+/="),)
    assert thought.origin == ORIGIN
    assert texts(said) == ["Looking."]
    assert isinstance(call, FunctionCall)
    assert (call.call_id, call.name, call.arguments) == (
        "toolu_01T1x1fJ34qAmk2tNTrN7Up6",
        "get_weather",
        '{"location": "Paris"}',
    )


def test_sealed_thoughts_are_parts_of_one_item_byte_for_byte() -> None:
    thoughts, _ = fold(streamed(own("redacted_thinking"))).items
    assert isinstance(thoughts, Reasoning)
    sealed, second, open_one = thoughts.content
    assert sealed == Sealed("EmwKAhgBEgy3va3pzix/LafPsn4aDFIT2Xlxh0L5L8rLVyIwxtE3rAFBa8cr3qpP+/==")
    assert second == Sealed("Em8KAhgC")
    assert open_one == Thought("and so", "c2ln")


def test_interleaved_calls_keep_their_own_arguments() -> None:
    _, weather, time = fold(streamed(own("interleaved_calls"))).items
    assert isinstance(weather, FunctionCall)
    assert isinstance(time, FunctionCall)
    assert (weather.arguments, time.arguments) == ('{"city": "Oslo"}', '{"zone": "CET"}')


def test_a_block_that_grows_after_the_next_item_began_still_ends_whole() -> None:
    first, call, second = fold(streamed(own("interleaved_texts"))).items
    assert (texts(first), texts(second)) == (["first half end"], ["second"])
    assert isinstance(call, FunctionCall)


def test_a_call_without_deltas_has_its_input_or_an_empty_object() -> None:
    now, then = fold(streamed(own("call_without_arguments"))).items
    assert isinstance(now, FunctionCall)
    assert isinstance(then, FunctionCall)
    assert (now.arguments, then.arguments) == ("{}", '{"when":"later"}')


def test_a_refusal_is_a_filtered_answer_that_says_why() -> None:
    events = streamed(own("refusal"))
    assert (last(events).finish, last(events).raw_finish) == ("content_filter", "refusal")
    assert warnings(events) == ["The provider refused to answer: Declined under the usage policy."]
    assert fold(events).items == ()


def test_what_was_said_before_a_refusal_is_incomplete() -> None:
    (said,) = fold(streamed(own("refusal_after_text"))).items
    assert said.status == "incomplete"


def test_what_we_do_not_model_is_told_of_by_name_and_the_rest_arrives() -> None:
    events = streamed(own("unknown_everything"))
    told = " ".join(warnings(events))
    for kind in ("telemetry_hint", "hologram", "mood_delta"):
        assert repr(kind) in told
    assert texts(fold(events).items[1]) == ["Found it.", " Really."]
    assert fold(events).usage.units == {"web_searches": 1}


def test_empty_deltas_give_no_event_and_blocks_stay_parts() -> None:
    events = streamed(own("empty_deltas"))
    assert texts(fold(events).items[0]) == ["ab", "", "", ""]
    assert sum(isinstance(event, Delta) for event in events) == 2


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("text", Usage(25, 0, 0, 0, output=15)),
        ("usage_missing", None),
        ("usage_null", None),
        ("usage_unreadable", None),
        ("usage_zero", Usage(0, 0, 0, 0, output=0)),
        ("usage_twice", Usage(25, 0, 0, 0, output=15)),
        ("usage_by_lifetime", Usage(31 + 1000 + 460, 1000, 460 - 308, 308, output=15)),
        ("thinking_then_call", Usage(25, 0, 0, 0, output=89, reasoning=31)),
    ],
)
def test_usage_is_inclusive_and_nothing_is_guessed(name: str, expected: Usage | None) -> None:
    assert last(streamed(own(name))).usage == expected


def test_the_raw_usage_keeps_both_reports() -> None:
    raw = json.loads(bytes(last(streamed(own("usage_by_lifetime"))).raw_usage))
    assert raw["input_tokens"] == 31
    assert raw["cache_creation"] == {"ephemeral_5m_input_tokens": 148, "ephemeral_1h_input_tokens": 308}


def test_the_output_of_a_stream_cut_before_its_last_report_is_unknown() -> None:
    frames = own("text")
    usage = last(cut(frames[:-2])).usage
    assert usage == Usage(25, 0, 0, 0)


def test_citations_cover_the_text_of_their_block() -> None:
    events = streamed(own("cited"))
    (said,) = fold(events).items
    assert isinstance(said, Message)
    first, second = said.content
    assert isinstance(first, Text)
    assert isinstance(second, Text)
    (page,), (file,) = first.annotations, second.annotations
    assert structs.replace(page, raw=UNSET) == UrlCitation("https://example.com/weather", "Weather", 0, 11)
    assert structs.replace(file, raw=UNSET) == FileCitation("", "Manual", 16)
    assert warnings(events) == [
        "The answer holds a citation of the type 'search_result_location', which is left out."
    ]


def test_a_stream_without_its_start_is_still_read() -> None:
    events = streamed(own("no_start"))
    assert isinstance(events[0], StepStarted)
    assert events[0].model == "claude-test"
    assert texts(fold(events).items[0]) == ["Hi", " there"]


def test_a_second_start_changes_nothing() -> None:
    events = streamed(own("started_twice"))
    assert fold(events).usage == Usage(17, 0, 0, 0, output=227)


def test_blocks_that_come_with_the_start_are_items() -> None:
    (call,) = fold(streamed(own("blocks_in_start"))).items
    assert isinstance(call, FunctionCall)
    assert call.arguments == '{"player":"one"}'


def test_a_call_that_the_cap_cut_is_incomplete_and_what_came_before_is_not() -> None:
    said, call = fold(streamed(own("cap_reached_in_call"))).items
    assert (said.status, call.status) == ("completed", "incomplete")


def test_a_stream_that_told_why_it_stopped_needs_no_message_stop() -> None:
    assert last(streamed(own("no_message_stop"))).finish == "stop"


def test_a_stream_that_did_not_is_cut() -> None:
    with pytest.raises(UpstreamCut):
        streamed(own("text")[:-2])


def test_nothing_at_all_is_cut() -> None:
    with pytest.raises(UpstreamCut):
        streamed([])


def test_what_was_open_when_the_stream_was_cut_is_incomplete() -> None:
    events = cut(own("thinking_then_call")[:-4])
    assert [event.item.status for event in events if isinstance(event, ItemEnded)] == [
        "completed",
        "completed",
        "incomplete",
    ]


@pytest.mark.parametrize(
    ("name", "failure"), [("error_inside", UpstreamUnavailable), ("error_first", UpstreamRateLimited)]
)
def test_an_error_inside_a_200_is_a_failure_of_its_class(name: str, failure: type[Exception]) -> None:
    with pytest.raises(failure):
        streamed(own(name))


def test_a_whole_answer_that_is_an_error_is_a_failure_too() -> None:
    with pytest.raises(UpstreamUnavailable):
        whole(b'{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}')


def test_a_whole_answer_that_is_no_message_is_garbled() -> None:
    with pytest.raises(UpstreamGarbled):
        whole(b'{"choices":[]}')


@pytest.mark.parametrize(("reason", "finish"), [*FINISHES.items(), ("brand_new", "other")])
def test_every_reason_to_stop_has_a_finish_and_is_kept(reason: str, finish: str) -> None:
    body = {"type": "message", "content": [{"type": "text", "text": "x"}], "stop_reason": reason}
    ended = last(whole(json.dumps(body).encode()))
    assert (ended.finish, ended.raw_finish) == (finish, reason)


def test_a_call_id_is_kept_unless_it_is_too_long_for_our_callers() -> None:
    blocks = [{"type": "tool_use", "id": given, "name": "f", "input": {}} for given in ("x" * 64, "x" * 65)]
    body = {"type": "message", "content": blocks, "stop_reason": "tool_use"}
    kept, minted = fold(whole(json.dumps(body).encode())).items
    assert isinstance(kept, FunctionCall)
    assert isinstance(minted, FunctionCall)
    assert kept.call_id == "x" * 64
    assert minted.call_id.startswith("call_")


def test_warnings_of_the_request_come_right_after_the_start() -> None:
    reading = decoder(warnings=(("seed", "left out"),))
    event, data = own("text")[0]
    reading.feed(event, data)
    assert reading.tracker.take()[1] == Warned("left out", "seed")


def test_frames_after_the_end_are_ignored() -> None:
    frames = own("text")
    assert streamed([*frames, *frames]) == streamed(frames)


@pytest.mark.parametrize("reading", [streamed, whole])
def test_the_stop_sequence_that_was_met_is_told(reading) -> None:
    stop = {"stop_reason": "stop_sequence", "stop_sequence": "END"}
    message = {"type": "message", "id": "msg_1", "model": "m", "content": [], "usage": {"input_tokens": 1}}
    if reading is whole:
        events = whole(json.dumps({**message, **stop}).encode())
    else:
        start = {"type": "message_start", "message": message}
        end = {"type": "message_delta", "delta": stop, "usage": {"output_tokens": 2}}
        frames = [start, end, {"type": "message_stop"}]
        events = streamed([(frame["type"], json.dumps(frame).encode()) for frame in frames])
    assert (last(events).stop_sequence, last(events).finish) == ("END", "stop")
