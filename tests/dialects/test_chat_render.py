"""What a run looks like in Chat Completions: single facts about chunks and completions."""

from __future__ import annotations

import msgspec
import pytest

from service.dialects.base import Reading
from service.dialects.chat import ChatDialect
from specs.events import Event, ItemEnded, ItemStarted
from specs.items import FunctionCall, Message, Text, UrlCitation
from specs.usage import Usage
from tests.support import events
from tests.support.frames import chunks_of

DIALECT = ChatDialect()


def reading(**fields) -> Reading:
    body = {"model": "agent_demo", "messages": [{"role": "user", "content": "Hi"}], **fields}
    return DIALECT.read(msgspec.json.encode(body), events.counting_ids())


def render(run: list[Event], **fields) -> list[dict]:
    renderer = DIALECT.renderer(reading(stream=True, **fields), events.counting_ids())
    return [msgspec.json.decode(chunk) for chunk in chunks_of(renderer.feed(run))]


def whole(run: list[Event], **fields) -> dict:
    renderer = DIALECT.renderer(reading(**fields), events.counting_ids())
    renderer.feed(run)
    return msgspec.json.decode(msgspec.json.encode(renderer.whole()))


def answered(run: list) -> dict:
    return whole(run)["choices"][0]["message"]


@pytest.mark.parametrize("text", ['"', "\\", "\n", "é\u2028", '"content":""', "data: x\n\n"])
def test_text_is_what_the_model_wrote(text):
    name = '"content":""'
    chunks = render(events.run_events(events.message_events(0, text, "and", text)), model=f"{text} {name}")
    assert [delta["content"] for delta in deltas(chunks) if "content" in delta] == [text, "and", text]
    assert len({msgspec.json.encode({**chunk, "choices": None}) for chunk in chunks}) == 1


def deltas(chunks: list[dict]) -> list[dict]:
    return [choice["delta"] for chunk in chunks for choice in chunk.get("choices", ())]


def test_a_text_answer_is_role_then_content_then_finish():
    chunks = render(events.text_answer())
    assert deltas(chunks) == [
        {"role": "assistant"},
        {"content": "Hel"},
        {"content": "lo "},
        {"content": "you."},
        {},
    ]
    assert [chunk["choices"][0]["finish_reason"] for chunk in chunks] == [None] * 4 + ["stop"]


def test_content_is_streamed_where_the_whole_answer_has_it_and_nowhere_else():
    def streamed(run: list) -> list[str]:
        return [delta["content"] for delta in deltas(render(run)) if "content" in delta]

    assert (streamed(events.only_calls()), answered(events.only_calls())["content"]) == ([], None)
    assert (streamed(events.run_events()), answered(events.run_events())["content"]) == ([""], "")


def test_every_chunk_has_the_runs_id_and_time_and_the_model_the_caller_sent():
    heads = {
        (chunk["id"], chunk["object"], chunk["created"], chunk["model"])
        for chunk in render(events.two_calls())
    }
    run_id = events.RUN.removeprefix("run_")
    assert heads == {(f"chatcmpl-{run_id}", "chat.completion.chunk", events.CREATED_AT, "agent_demo")}


def test_a_whole_answer_has_exactly_the_promised_keys():
    answer = whole(events.text_answer())
    assert list(answer) == ["object", "id", "created", "model", "choices", "usage"]
    assert answer["choices"] == [
        {
            "index": 0,
            "message": {"role": "assistant", "content": "Hello you.", "refusal": None, "annotations": []},
            "logprobs": None,
            "finish_reason": "stop",
        }
    ]


def test_nothing_is_shown_before_the_model_begins():
    renderer = DIALECT.renderer(reading(stream=True), events.counting_ids())
    created_and_started = events.text_answer()[:2]
    assert renderer.feed(created_and_started) == []


def test_a_whole_answer_of_an_unfinished_run_is_a_mistake():
    renderer = DIALECT.renderer(reading(), events.counting_ids())
    with pytest.raises(RuntimeError):
        renderer.whole()


def test_calls_come_one_after_another_though_they_were_interleaved():
    calls = [call for delta in deltas(render(events.two_calls())) for call in delta.get("tool_calls", ())]
    assert calls == [
        {"index": 0, "id": "call_1", "type": "function", "function": {"name": "weather", "arguments": ""}},
        {"index": 0, "function": {"arguments": '{"city"'}},
        {"index": 0, "function": {"arguments": ':"Oslo"}'}},
        {"index": 1, "id": "call_2", "type": "function", "function": {"name": "clock", "arguments": ""}},
        {"index": 1, "function": {"arguments": "{"}},
        {"index": 1, "function": {"arguments": "}"}},
    ]


def test_content_is_null_when_the_answer_is_only_calls():
    answer = whole(events.only_calls())["choices"][0]
    assert answer["message"]["content"] is None
    assert answer["message"]["tool_calls"] == [
        {"type": "function", "id": "call_0", "function": {"name": "weather", "arguments": '{"city":"Oslo"}'}}
    ]
    assert answer["finish_reason"] == "tool_calls"


def test_arguments_that_came_with_the_calls_end_are_still_streamed():
    call = FunctionCall("fc_0", "call_0", "clock", status="in_progress")
    ended = msgspec.structs.replace(call, arguments="{}", status="completed")
    run = events.run_events([ItemStarted(0, call), ItemEnded(0, ended)], finish="tool_calls")
    calls = [each for delta in deltas(render(run)) for each in delta.get("tool_calls", ())]
    assert [each["function"]["arguments"] for each in calls] == ["", "{}"]


def test_an_answer_that_stopped_with_calls_finishes_with_tool_calls():
    run = events.run_events(events.call_events(0, "clock", "{}"), finish="stop")
    assert whole(run)["choices"][0]["finish_reason"] == "tool_calls"


def test_a_caller_who_sent_functions_gets_a_function_call():
    functions = [{"name": "weather"}]
    message = whole(events.only_calls(), functions=functions)["choices"][0]
    assert message["message"]["function_call"] == {"name": "weather", "arguments": '{"city":"Oslo"}'}
    assert "tool_calls" not in message["message"]
    assert message["finish_reason"] == "function_call"
    streamed = [
        delta["function_call"]
        for delta in deltas(render(events.only_calls(), functions=functions))
        if "function_call" in delta
    ]
    assert streamed == [
        {"name": "weather", "arguments": ""},
        {"arguments": '{"city":'},
        {"arguments": '"Oslo"}'},
    ]


def test_calls_beyond_the_one_that_the_old_form_holds_do_not_vanish():
    functions = [{"name": "weather"}, {"name": "clock"}]
    message = whole(events.two_calls(), functions=functions)["choices"][0]["message"]
    assert message["function_call"]["name"] == "weather"
    assert [call["function"]["name"] for call in message["tool_calls"]] == ["clock"]
    calls = [
        call
        for delta in deltas(render(events.two_calls(), functions=functions))
        for call in delta.get("tool_calls", ())
    ]
    assert {call["index"] for call in calls} == {0}


def test_reasoning_goes_out_as_reasoning_content_with_paragraphs_between_its_parts():
    assert whole(events.reasoning_then_text())["choices"][0]["message"] == {
        "role": "assistant",
        "content": "So: 42.",
        "refusal": None,
        "annotations": [],
        "reasoning_content": "First this.\n\nThen that.",
    }
    pieces = [
        d["reasoning_content"]
        for d in deltas(render(events.reasoning_then_text()))
        if "reasoning_content" in d
    ]
    assert pieces == ["First ", "this.", "\n\nThen that."]


def test_sealed_reasoning_is_not_shown():
    assert "c2VhbGVk" not in str(render(events.thought_then_text()))
    assert whole(events.thought_then_text())["choices"][0]["message"]["reasoning_content"] == "Hm, well."


def test_a_refusal_has_its_own_field():
    message = whole(events.refused())["choices"][0]["message"]
    assert (message["content"], message["refusal"]) == (None, "I won't.")
    assert [d["refusal"] for d in deltas(render(events.refused())) if "refusal" in d] == ["I ", "won't."]


def test_cited_pages_come_in_one_chunk_before_the_finish():
    chunks = deltas(render(events.annotated()))
    citation = {"start_index": 0, "end_index": 3, "url": "https://example.org/", "title": "Example"}
    assert chunks[-2] == {"annotations": [{"type": "url_citation", "url_citation": citation}]}
    assert whole(events.annotated())["choices"][0]["message"]["annotations"] == chunks[-2]["annotations"]


def test_citations_are_placed_in_the_whole_content():
    cited = UrlCitation("https://example.org/", "Example", 1, 2)
    second = events.message_events(1, "abc", annotations=[cited])
    answer = whole(events.run_events(events.message_events(0, "12345"), second))
    citation = answer["choices"][0]["message"]["annotations"][0]["url_citation"]
    assert (citation["start_index"], citation["end_index"]) == (6, 7)


def test_log_probabilities_ride_on_their_chunks_and_add_up():
    chunks = render(events.with_logprobs())
    streamed = [chunk["choices"][0].get("logprobs") for chunk in chunks]
    assert [len(each["content"]) for each in streamed if each] == [1, 2]
    whole_logprobs = whole(events.with_logprobs())["choices"][0]["logprobs"]
    assert whole_logprobs["content"] == [one for each in streamed if each for one in each["content"]]
    assert whole_logprobs["refusal"] is None


def test_what_the_server_ran_itself_is_not_shown():
    assert deltas(render(events.hosted_then_text())) == [
        {"role": "assistant"},
        {"content": "Done."},
        {},
    ]
    assert whole(events.hosted_then_text())["choices"][0]["message"]["content"] == "Done."


def test_several_messages_join_with_nothing_between():
    run = events.run_events(events.message_events(0, "One."), events.message_events(1, "Two."))
    assert whole(run)["choices"][0]["message"]["content"] == "One.Two."


@pytest.mark.parametrize(
    ("scenario", "reason"),
    [
        (events.text_answer, "stop"),
        (events.two_calls, "tool_calls"),
        (events.too_long, "length"),
        (events.out_of_budget, "length"),
        (events.filtered, "content_filter"),
    ],
)
def test_finish_reason(scenario, reason):
    assert render(scenario())[-1]["choices"][0]["finish_reason"] == reason
    assert whole(scenario())["choices"][0]["finish_reason"] == reason


def test_without_include_usage_no_chunk_speaks_of_usage():
    assert not any("usage" in chunk for chunk in render(events.text_answer()))


def test_with_include_usage_the_last_chunk_has_it_and_no_choices():
    *others, last = render(events.text_answer(), stream_options={"include_usage": True})
    assert {chunk["usage"] for chunk in others} == {None}
    assert last["choices"] == []
    assert last["usage"] == whole(events.text_answer())["usage"]


def test_usage_has_cached_and_reasoning_details():
    usage = Usage(
        input=12, cache_read=4, cache_write=3, cache_write_1h=2, input_audio=1, output=7, reasoning=2
    )
    assert whole(events.text_answer(usage=usage))["usage"] == {
        "prompt_tokens": 12,
        "completion_tokens": 7,
        "total_tokens": 19,
        "prompt_tokens_details": {"cached_tokens": 4, "audio_tokens": 1, "cache_write_tokens": 5},
        "completion_tokens_details": {
            "reasoning_tokens": 2,
            "audio_tokens": 0,
            "accepted_prediction_tokens": 0,
            "rejected_prediction_tokens": 0,
        },
    }


def test_estimated_usage_says_so():
    assert (
        whole(events.text_answer(usage=Usage(input=1, output=1, estimated=True)))["usage"]["estimated"]
        is True
    )
    assert "estimated" not in whole(events.text_answer())["usage"]


def test_the_service_tier_that_was_asked_for_is_echoed():
    assert whole(events.text_answer(), service_tier="flex")["service_tier"] == "flex"
    assert all(chunk["service_tier"] == "flex" for chunk in render(events.text_answer(), service_tier="flex"))


@pytest.mark.parametrize("scenario", events.FAILURES.values(), ids=events.FAILURES)
def test_a_failure_is_a_last_error_chunk_and_the_error_envelope(scenario):
    chunks = render(scenario(), stream_options={"include_usage": True})
    assert set(chunks[-1]) == {"error"}
    assert set(chunks[-1]["error"]) == {"message", "type", "code", "param"}
    assert not any("error" in chunk or chunk["choices"][0]["finish_reason"] for chunk in chunks[:-1])
    assert whole(scenario()) == chunks[-1]


@pytest.mark.parametrize("status", ["failed", "cancelled", "expired"])
def test_a_failure_without_a_reason_still_has_words(status):
    error = whole(events.run_events(finish="error", status=status))["error"]
    assert all(isinstance(error[key], str) for key in ("message", "type", "code", "param"))
    assert error["message"]


def test_an_empty_answer_is_an_empty_string():
    assert whole(events.run_events())["choices"][0]["message"]["content"] == ""


def test_an_open_item_counts_as_its_skeleton():
    run = events.run_events([ItemStarted(0, Message("msg_0", "assistant", (Text("so far"),)))])
    assert whole(run)["choices"][0]["message"]["content"] == "so far"


def test_a_custom_call_is_shown_as_one():
    run = events.run_events(events.custom_events(0, "patch", "*** ", "Begin"), finish="tool_calls")
    begun, *rest = [delta["tool_calls"][0] for delta in deltas(render(run)) if "tool_calls" in delta]
    custom = {"name": "patch", "input": ""}
    assert begun == {"index": 0, "id": "call_0", "type": "custom", "custom": custom}
    assert rest == [
        {"index": 0, "custom": {"input": "*** "}},
        {"index": 0, "custom": {"input": "Begin"}},
    ]
    assert whole(run)["choices"][0]["message"]["tool_calls"] == [
        {"type": "custom", "id": "call_0", "custom": {"name": "patch", "input": "*** Begin"}}
    ]


def test_chunks_are_padded_only_where_that_was_asked_for():
    asked = {"stream_options": {"include_obfuscation": True}}
    padded = render(events.text_answer(), **asked)
    sizes = {
        len(chunk["obfuscation"]) + len(delta.get("content", ""))
        for chunk, delta in zip(padded, deltas(padded), strict=True)
    }
    assert sizes == {16}
    assert padded == render(events.text_answer(), **asked)
    assert not [chunk for chunk in render(events.text_answer()) if "obfuscation" in chunk]
