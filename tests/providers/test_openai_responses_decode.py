"""Answers of a Responses API, written by hand after its reference: what comes, in whatever order."""

from __future__ import annotations

import json

import msgspec
import pytest

from specs.events import Delta, ItemStarted, PartEnded, StepEnded, StepStarted, Warned
from specs.items import (
    FileCitation,
    FunctionCall,
    Message,
    Reasoning,
    Refusal,
    Sealed,
    Summary,
    Text,
    Thought,
)
from specs.items import UrlCitation as Url
from specs.usage import Usage
from tests.support.laws import check_laws
from tests.support.responses_answers import (
    JSON,
    ORIGIN,
    USAGE,
    Decoded,
    added,
    created,
    decode_stream,
    decode_whole,
    decoder,
    delta,
    done,
    function_call,
    message,
    reasoning,
    response,
    terminal,
)

REFUSAL = {"type": "refusal", "refusal": "I cannot help."}
EMPTY_MESSAGE = message(status="in_progress")
URL = {"type": "url_citation", "url": "https://a.example", "title": "A", "start_index": 1, "end_index": 3}


def _lawful(*frames: JSON) -> Decoded:
    decoded = decode_stream(list(frames))
    check_laws(decoded.events)
    assert decoded.error is None
    return decoded


def _texts(decoded: Decoded) -> list[str]:
    return [
        part.text
        for item in decoded.folded.items
        if isinstance(item, Message)
        for part in item.content
        if isinstance(part, Text)
    ]


def _ended(decoded: Decoded) -> StepEnded:
    assert isinstance(decoded.events[-1], StepEnded)
    return decoded.events[-1]


# The step


def test_the_step_names_the_model_that_serves_and_the_upstream_id() -> None:
    assert _lawful(created(), terminal()).events[0] == StepStarted(1, 1, "openai", "gpt-serving", "resp_1")


def test_a_stream_that_never_says_created_still_begins_a_step() -> None:
    decoded = _lawful(delta(0, "Hi"), terminal())
    assert decoded.events[0] == StepStarted(1, 1, "openai", "asked", None)


def test_a_response_is_announced_once() -> None:
    again = {**created(), "type": "response.in_progress"}
    queued = {**created(), "type": "response.queued"}
    decoded = _lawful(queued, created(), again, terminal())
    assert sum(isinstance(event, StepStarted) for event in decoded.events) == 1


def test_warnings_of_the_encoder_follow_the_start_of_the_step() -> None:
    reader = decoder(warnings=(("seed", "seed was left out"),))
    decoded = decode_stream([created(), terminal()], reader)
    assert decoded.events[1] == Warned("seed was left out", "seed")


def test_items_are_numbered_from_the_first_index_of_the_call() -> None:
    decoded = decode_stream([created(), terminal(output=[message("Hi")])], decoder(first_item=7))
    assert [event.index for event in decoded.events if isinstance(event, ItemStarted)] == [7]


def test_nothing_after_the_terminal_event_is_looked_at() -> None:
    frames = [json.dumps(created()).encode(), json.dumps(terminal()).encode(), b"[DONE]", b"not json"]
    assert decode_stream(frames).error is None


def test_the_event_line_names_a_frame_without_a_type() -> None:
    reader = decoder()
    reader.feed("response.created", json.dumps({"response": {"model": "m"}}).encode())
    reader.feed("response.output_text.delta", b'{"output_index":0,"delta":"Hi"}')
    reader.feed("response.completed", json.dumps({"response": response()}).encode())
    assert _texts(Decoded(reader.tracker.take(), None)) == ["Hi"]


# Usage and finish


def test_usage_is_inclusive_and_the_raw_one_is_kept() -> None:
    ended = _ended(_lawful(created(), terminal()))
    assert ended.usage == Usage(input=30, cache_read=20, cache_write=4, output=12, reasoning=5)
    assert isinstance(ended.raw_usage, msgspec.Raw)
    assert json.loads(bytes(ended.raw_usage)) == USAGE


@pytest.mark.parametrize(
    ("told", "usage"),
    [
        (None, None),
        ({}, None),
        ("many", None),
        ({"input_tokens": 0, "output_tokens": 0}, Usage(input=0, output=0)),
        ({"input_tokens": 3, "output_tokens": 2, "input_tokens_details": None}, Usage(input=3, output=2)),
        (
            {"input_tokens": 3, "output_tokens": 2, "output_tokens_details": {"reasoning_tokens": 0}},
            Usage(input=3, output=2, reasoning=0),
        ),
    ],
)
def test_unknown_usage_is_none_and_zero_is_zero(told: object, usage: Usage | None) -> None:
    assert _ended(_lawful(created(), terminal(usage=told))).usage == usage


def test_a_response_without_usage_ends_without() -> None:
    frame = terminal()
    del frame["response"]["usage"]
    assert _ended(_lawful(created(), frame)).usage is None


@pytest.mark.parametrize(
    ("frame", "finish", "raw"),
    [
        (terminal(), "stop", "completed"),
        (terminal(output=[function_call("f", "{}")]), "tool_calls", "completed"),
        (
            terminal("incomplete", incomplete_details={"reason": "max_output_tokens"}),
            "length",
            "max_output_tokens",
        ),
        (
            terminal("incomplete", incomplete_details={"reason": "content_filter"}),
            "content_filter",
            "content_filter",
        ),
        (terminal("incomplete", incomplete_details={"reason": "steered"}), "other", "steered"),
        (terminal("incomplete"), "other", "incomplete"),
        (terminal("cancelled"), "cancelled", "cancelled"),
    ],
)
def test_how_a_response_ended_is_said_in_both_words(frame: JSON, finish: str, raw: str) -> None:
    ended = _ended(_lawful(created(), frame))
    assert (ended.finish, ended.raw_finish) == (finish, raw)


def test_a_whole_answer_is_the_same_stream() -> None:
    output = [reasoning("Think.", sealed="c2VhbA=="), message("Hi"), function_call("f", "{}")]
    whole = decode_whole(response(output=output))
    streamed = _lawful(created(), *[done(index, item) for index, item in enumerate(output)], terminal())
    assert whole.events == streamed.events


# Items


def test_deltas_are_passed_on_as_they_come() -> None:
    decoded = _lawful(
        created(), added(0, EMPTY_MESSAGE), delta(0, "Hel"), delta(0, ""), delta(0, "lo"), terminal()
    )
    assert [event.data for event in decoded.events if isinstance(event, Delta)] == ["Hel", "lo"]
    assert _texts(decoded) == ["Hello"]


def test_interleaved_calls_stay_apart() -> None:
    arguments = "function_call_arguments"
    first, second = function_call("a", '{"x":1}'), function_call("b", '{"y":2}')
    decoded = _lawful(
        created(),
        added(0, {**first, "arguments": ""}),
        added(1, {**second, "arguments": ""}),
        delta(0, '{"x"', arguments),
        delta(1, '{"y"', arguments),
        delta(0, ":1}", arguments),
        delta(1, ":2}", arguments),
        done(1, second),
        done(0, first),
        terminal(output=[first, second]),
    )
    assert [(call.name, call.call_id, call.arguments) for call in decoded.folded.calls_since(0)] == [
        ("a", "call_a", '{"x":1}'),
        ("b", "call_b", '{"y":2}'),
    ]


def test_a_call_without_an_id_gets_one() -> None:
    call = function_call("f", "{}")
    del call["call_id"]
    (item,) = _lawful(created(), done(0, call), terminal()).folded.items
    assert isinstance(item, FunctionCall)
    assert item.call_id.startswith("call_")


def test_a_call_whose_name_comes_last_is_shown_whole() -> None:
    frames = [delta(0, '{"x":1}', "function_call_arguments"), done(0, function_call("f", '{"x":1}'))]
    (item,) = _lawful(created(), *frames, terminal()).folded.items
    assert isinstance(item, FunctionCall)
    assert (item.name, item.arguments) == ("f", '{"x":1}')


def test_arguments_that_no_call_claims_are_told_of() -> None:
    decoded = _lawful(created(), delta(0, "{}", "function_call_arguments"), terminal())
    assert "without its name" in decoded.folded.warnings[0].message


def test_a_refusal_is_a_part_of_its_own() -> None:
    frames = [delta(0, "I cannot", "refusal"), delta(0, " help.", "refusal")]
    (item,) = _lawful(
        created(), added(0, EMPTY_MESSAGE), *frames, done(0, message(content=[REFUSAL])), terminal()
    ).folded.items
    assert isinstance(item, Message)
    assert item.content == (Refusal("I cannot help."),)


def test_the_phase_of_a_message_is_kept() -> None:
    (item,) = _lawful(created(), done(0, message("Hi", phase="commentary")), terminal()).folded.items
    assert isinstance(item, Message)
    assert item.phase == "commentary"


def test_a_phase_told_only_at_the_end_counts() -> None:
    frames = [added(0, EMPTY_MESSAGE), delta(0, "Hi"), done(0, message("Hi", phase="final_answer"))]
    (item,) = _lawful(created(), *frames, terminal()).folded.items
    assert isinstance(item, Message)
    assert item.phase == "final_answer"


@pytest.mark.parametrize("spelling", ["reasoning_text", "reasoning"])
def test_reasoning_text_has_two_spellings(spelling: str) -> None:
    end = {"type": f"response.{spelling}.done", "output_index": 0, "content_index": 0, "text": "Hm, so"}
    frames = [added(0, reasoning()), delta(0, "Hm,", spelling), end]
    (item,) = _lawful(created(), *frames, terminal()).folded.items
    assert isinstance(item, Reasoning)
    assert item.content == (Thought("Hm, so"),)


def test_reasoning_keeps_summaries_seal_and_origin() -> None:
    kind = "reasoning_summary_text"
    frames = [
        added(0, reasoning(sealed="not yet whole")),
        {
            "type": "response.reasoning_summary_part.added",
            "output_index": 0,
            "summary_index": 0,
            "part": {"type": "summary_text", "text": ""},
        },
        delta(0, "One.", kind, summary_index=0),
        delta(0, "Two.", kind, summary_index=1),
        done(0, reasoning("One.", "Two.", sealed="gAAA+/==")),
    ]
    (item,) = _lawful(created(), *frames, terminal()).folded.items
    assert item == Reasoning(
        item.id, (Summary("One."), Summary("Two."), Sealed("gAAA+/==")), origin=ORIGIN, upstream_id="rs_up"
    )


def test_ids_that_change_with_every_event_do_not_matter() -> None:
    frames = [
        added(0, message(item_id="a")),
        delta(0, "Hi", item_id="b"),
        done(0, message("Hi", item_id="c")),
        terminal(output=[message("Hi", item_id="d")]),
    ]
    assert _texts(_lawful(created(), *frames)) == ["Hi"]


def test_items_without_an_index_are_known_by_their_id() -> None:
    frames = [
        {"type": "response.output_item.added", "item": message(item_id="a")},
        {"type": "response.output_text.delta", "item_id": "a", "delta": "One"},
        {"type": "response.output_text.delta", "item_id": "b", "delta": "Two"},
        terminal(output=[message("One", item_id="a"), message("Two", item_id="b")]),
    ]
    assert _texts(_lawful(created(), *frames)) == ["One", "Two"]


def test_a_server_that_counts_every_item_as_the_first_loses_none() -> None:
    one, two = message("One", item_id="a"), message("Two", item_id="b")
    frames = [added(0, one), delta(0, "One"), done(0, one), added(0, two), delta(0, "Two"), done(0, two)]
    assert _texts(_lawful(created(), *frames, terminal(output=[one, two]))) == ["One", "Two"]


# What is missing, said twice, or in disagreement


def test_missing_added_and_done_events_are_made_up_for() -> None:
    assert _texts(_lawful(created(), delta(0, "Hi"), terminal())) == ["Hi"]


def test_missing_deltas_come_with_the_done() -> None:
    text_done = {"type": "response.output_text.done", "output_index": 0, "content_index": 0, "text": "Hello"}
    assert _texts(_lawful(created(), added(0, EMPTY_MESSAGE), delta(0, "Hel"), text_done, terminal())) == [
        "Hello"
    ]


def test_an_item_only_the_final_response_holds_is_told() -> None:
    assert _texts(_lawful(created(), terminal(output=[message("Hi")]))) == ["Hi"]


def test_a_final_response_without_output_takes_nothing_back() -> None:
    assert _texts(_lawful(created(), delta(0, "Hi"), terminal(output=[]))) == ["Hi"]
    assert _texts(_lawful(created(), delta(0, "Hi"), terminal(output=None))) == ["Hi"]


def test_streamed_text_stays_where_the_final_text_disagrees() -> None:
    decoded = _lawful(created(), delta(0, "Hullo"), done(0, message("Hello")), terminal())
    assert _texts(decoded) == ["Hullo"]
    assert "is not the one it streamed" in decoded.folded.warnings[0].message


def test_what_is_said_twice_counts_once() -> None:
    item = message("Hi")
    frames = [added(0, item), added(0, item), delta(0, "Hi"), done(0, item), done(0, item)]
    assert _texts(_lawful(created(), *frames, terminal(output=[item]))) == ["Hi"]


def test_a_delta_after_the_end_of_its_item_is_told_of() -> None:
    decoded = _lawful(created(), done(0, message("Hi")), delta(0, " there"), terminal())
    assert _texts(decoded) == ["Hi"]
    assert "after its end" in decoded.folded.warnings[0].message


def test_an_item_of_an_incomplete_response_is_incomplete() -> None:
    decoded = _lawful(created(), delta(0, "Hi"), terminal("incomplete"))
    assert decoded.folded.items[0].status == "incomplete"


# Citations and log probabilities


def test_citations_come_as_they_are_found_and_once() -> None:
    cited = message("Hi")
    cited["content"][0]["annotations"] = [URL, {"type": "file_citation", "file_id": "file_1", "index": 2}]
    note = {"type": "response.output_text.annotation.added", "output_index": 0, "annotation": URL}
    (item,) = _lawful(created(), delta(0, "Hi"), note, done(0, cited), terminal()).folded.items
    assert isinstance(item, Message)
    (text,) = item.content
    assert isinstance(text, Text)
    assert text.annotations == (Url("https://a.example", "A", 1, 3), FileCitation("file_1", "", 2))


def test_a_citation_of_an_unknown_kind_is_told_of() -> None:
    cited = message("Hi")
    cited["content"][0]["annotations"] = [{"type": "file_path", "file_id": "file_1"}]
    assert "'file_path'" in _lawful(created(), done(0, cited), terminal()).folded.warnings[0].message


def test_log_probabilities_come_with_their_delta_and_not_again() -> None:
    one = {"token": "Hi", "logprob": -0.5}
    whole = message("Hi")
    whole["content"][0]["logprobs"] = [one]
    frames = [delta(0, "Hi", logprobs=[one]), done(0, whole)]
    for decoded in (
        _lawful(created(), *frames, terminal()),
        _lawful(created(), delta(0, "Hi"), frames[1], terminal()),
    ):
        (ended,) = (event for event in decoded.events if isinstance(event, PartEnded))
        assert isinstance(ended.content, Text)
        assert [json.loads(bytes(raw)) for raw in ended.content.logprobs] == [one]


# What is not modelled


@pytest.mark.parametrize(
    "kind",
    [
        "file_search_call",
        "mcp_call",
        "computer_call",
        "image_generation_call",
        "code_interpreter_call",
        "compaction",
        "something_new",
    ],
)
def test_an_item_that_is_not_modelled_is_named_once(kind: str) -> None:
    item = {"type": kind, "id": "x_1", "arguments": {"not": "text"}, "content": 3}
    inside = {"type": f"response.{kind}.searching", "output_index": 0, "delta": {"not": "text"}}
    decoded = _lawful(
        created(), added(0, item), inside, done(0, item), terminal(output=[item, message("Hi")])
    )
    (warned,) = decoded.folded.warnings
    assert repr(kind) in warned.message
    assert _texts(decoded) == ["Hi"]


def test_an_event_that_is_not_known_is_named_once() -> None:
    event = {"type": "response.new.delta", "delta": {"a": 1}}
    decoded = _lawful(created(), event, event, {"type": "keepalive"}, terminal())
    (warned,) = decoded.folded.warnings
    assert "'response.new.delta'" in warned.message


def test_a_part_that_is_not_known_is_named() -> None:
    item = message("Hi")
    item["content"].append({"type": "output_audio", "data": "AAAA"})
    decoded = _lawful(created(), done(0, item), terminal())
    assert "'output_audio'" in decoded.folded.warnings[0].message
    assert _texts(decoded) == ["Hi"]
