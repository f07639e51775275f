"""How runs read in the Messages API: single facts about the renderer."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from service.dialects.messages import MessagesDialect
from service.dialects.messages.thinking import restore_redacted, restore_thinking
from specs.errors import Failure, Overloaded, UpstreamUnavailable
from specs.events import Event, ItemEnded, ItemStarted, RunEnded, StepEnded
from specs.items import Compaction, FunctionCall, Reasoning, Sealed, Summary, Thought
from specs.usage import Usage
from tests.support import events

DEEP, ENDLESS = ('{"a":' + "[" * levels + "]" * levels + "}" for levels in (200, 20_000))
BODY = {"model": "agent_demo", "max_tokens": 900, "messages": [{"role": "user", "content": "Hi"}]}


def render(run: list[Event], **fields) -> tuple[list[dict], dict]:
    """The stream's events and the whole answer."""
    dialect = MessagesDialect("req_1")
    reading = dialect.read(msgspec.json.encode({**BODY, **fields}), events.counting_ids())
    renderer = dialect.renderer(reading, events.counting_ids())
    return plain(renderer.feed(run)), plain(renderer.whole())


def plain(value: Any) -> Any:
    """A wire value as its reader has it."""
    return msgspec.json.decode(msgspec.json.encode(value))


def whole(run: list[Event], **fields) -> dict:
    return render(run, **fields)[1]


def ended(
    run: list[Event], *, raw: str | None = None, stopped_at: str | None = None, **changes
) -> list[Event]:
    """A run whose last step and end were otherwise."""
    *before, last = run
    assert isinstance(last, RunEnded)
    steps = [
        msgspec.structs.replace(event, raw_finish=raw, stop_sequence=stopped_at)
        if isinstance(event, StepEnded)
        else event
        for event in before
    ]
    return [*steps, msgspec.structs.replace(last, **changes)]


def test_a_stream_has_its_frames_in_order():
    shown, _ = render(events.run_events(events.message_events(0, "Hel", "lo")))
    assert [event["type"] for event in shown] == [
        "message_start",
        "ping",
        "content_block_start",
        "content_block_delta",
        "content_block_delta",
        "content_block_stop",
        "message_delta",
        "message_stop",
    ]


def test_the_start_names_the_message_and_the_model_that_was_asked_for():
    start = render(events.text_answer())[0][0]["message"]
    assert start["id"].startswith("msg_")
    assert (start["model"], start["role"], start["content"], start["stop_reason"]) == (
        "agent_demo",
        "assistant",
        [],
        None,
    )
    assert start["usage"]["input_tokens"] == 0


REASONS = [
    ({}, "end_turn"),
    ({"finish": "other"}, "end_turn"),
    ({"finish": "other", "raw": "pause_turn"}, "pause_turn"),
    ({"stopped_at": "END"}, "stop_sequence"),
    ({"finish": "length", "status": "incomplete", "reason": "max_output_tokens"}, "max_tokens"),
    (
        {
            "finish": "length",
            "status": "incomplete",
            "reason": "max_output_tokens",
            "raw": "model_context_window_exceeded",
        },
        "model_context_window_exceeded",
    ),
    ({"finish": "length", "status": "incomplete", "reason": "budget_exhausted"}, "max_tokens"),
    ({"finish": "length", "status": "incomplete", "reason": "max_steps"}, "pause_turn"),
    ({"finish": "length", "status": "incomplete", "reason": "max_tool_calls"}, "pause_turn"),
    ({"finish": "content_filter", "status": "incomplete", "reason": "content_filter"}, "refusal"),
]


@pytest.mark.parametrize(("changes", "reason"), REASONS)
def test_why_it_stopped(changes, reason):
    shown, message = render(ended(events.run_events(events.message_events(0, "Hi")), **changes))
    assert message["stop_reason"] == shown[-2]["delta"]["stop_reason"] == reason
    assert message["stop_sequence"] == ("END" if reason == "stop_sequence" else None)


def test_a_call_stops_for_its_tool():
    message = whole(events.run_events(events.call_events(0, "f", "{}"), finish="tool_calls"))
    assert message["stop_reason"] == "tool_use"
    assert message["content"] == [{"type": "tool_use", "id": "call_0", "name": "f", "input": {}}]


@pytest.mark.parametrize(
    ("written", "given"),
    [
        ('{"a":1}', {"a": 1}),
        ("", {}),
        ("  ", {}),
        ("[1]", {"invalid_json": "[1]"}),
        ('{"a":', {"invalid_json": '{"a":'}),
        pytest.param(DEEP, {"invalid_json": DEEP}, id="deep"),
        pytest.param(ENDLESS, {"invalid_json": ENDLESS}, id="endless"),
    ],
)
def test_an_input_is_always_an_object(written, given):
    assert whole(events.run_events(events.call_events(0, "f", written)))["content"][0]["input"] == given


def test_the_free_text_of_a_custom_tool_is_put_in_an_object():
    shown, message = render(events.run_events(events.custom_events(0, "f", "a", "b")))
    assert message["content"][0]["input"] == {"input": "ab"}
    deltas = [event["delta"] for event in shown if event["type"] == "content_block_delta"]
    assert deltas == [{"type": "input_json_delta", "partial_json": '{"input":"ab"}'}]


def test_a_refusal_is_text_and_told_in_the_stop_details():
    run = events.run_events(
        events.refusal_events(0, "No."), finish="content_filter", status="incomplete", reason="content_filter"
    )
    message = whole(run)
    assert message["content"][0]["text"] == "No."
    assert message["stop_details"] == {"type": "refusal", "category": None, "explanation": "No."}


def test_what_the_server_ran_is_shown_with_its_result():
    shown, message = render(events.run_events(events.hosted_events(0, "search", '{"q":1}', "It")))
    assert message["content"] == [
        {
            "type": "mcp_tool_use",
            "id": "call_0",
            "name": "search",
            "server_name": "tools",
            "input": {"q": 1},
        },
        {
            "type": "mcp_tool_result",
            "tool_use_id": "call_0",
            "is_error": False,
            "content": [{"type": "text", "text": "It", "citations": None}],
        },
    ]
    assert message["stop_reason"] == "end_turn"
    starts = [event["content_block"]["type"] for event in shown if event["type"] == "content_block_start"]
    assert starts == ["mcp_tool_use", "mcp_tool_result"]


def test_a_hosted_call_is_shown_before_its_result_is_there():
    run = events.run_events(events.hosted_events(0, "search", "{}", "It"))
    shown, _ = render(run)
    reading = MessagesDialect().read(msgspec.json.encode(BODY), events.counting_ids())
    renderer = MessagesDialect().renderer(reading, events.counting_ids())
    at = next(at for at, event in enumerate(run) if type(event).__name__ == "ItemEnded")
    early = plain(renderer.feed(run[:at]))
    assert early == shown[: len(early)]
    assert early[-1] == {"type": "content_block_stop", "index": 0}


def test_two_calls_at_once_come_one_after_the_other():
    shown, _ = render(events.two_calls())
    started = [event for event in shown if event["type"].startswith("content_block")]
    places = [event["index"] for event in started]
    assert places == sorted(places)


def test_a_summary_is_shown_before_the_answer():
    summary = Compaction("cmp_0", "sealed", "We met.")
    written = [ItemStarted(0, summary), ItemEnded(0, summary)]
    shown, message = render(events.run_events(written, events.message_events(1, "Hi")))
    assert message["content"][0] == {"type": "compaction", "content": "We met.", "encrypted_content": None}
    deltas = [event["delta"]["type"] for event in shown if event["type"] == "content_block_delta"]
    assert deltas == ["compaction_delta", "text_delta"]


def test_citations_follow_their_text():
    shown, message = render(events.annotated())
    (block,) = [block for block in message["content"] if block["type"] == "text"]
    assert block["citations"][0]["type"] == "web_search_result_location"
    kinds = [event["delta"]["type"] for event in shown if event["type"] == "content_block_delta"]
    assert kinds[-1] == "citations_delta"


def reasoned(*pieces: tuple) -> list[Event]:
    """A run that only reasons, its parts whole, at a known origin."""
    run = events.run_events(events.reasoning_events(0, *pieces))
    return [_at_origin(event) for event in run]


def _at_origin(event: Event) -> Event:
    item = getattr(event, "item", None)
    if not isinstance(item, Reasoning):
        return event
    return msgspec.structs.replace(event, item=msgspec.structs.replace(item, origin="host#m"))


@pytest.mark.parametrize("display", ["summarized", "omitted"])
@pytest.mark.parametrize("part", [Thought(), Summary()])
def test_thinking_restores_to_what_it_was(display, part):
    message = whole(reasoned((part, ("So", " it is"))), thinking={"type": "adaptive", "display": display})
    (block,) = message["content"]
    assert block["thinking"] == ("So it is" if display == "summarized" else "")
    restored = restore_thinking(block["thinking"], block["signature"], new_id="new")
    assert restored.item == Reasoning("rs_0", origin="host#m")
    assert restored.part == type(part)("So it is")


def test_sealed_reasoning_restores_to_what_it_was():
    (block,) = whole(reasoned((Sealed(), ("xyz",))))["content"]
    restored = restore_redacted(block["data"], new_id="new")
    assert (restored.item.origin, restored.part) == ("host#m", Sealed("xyz"))


def test_thinking_of_nowhere_has_no_signature():
    message = whole(events.run_events(events.reasoning_events(0, (Thought(), ("So",)))))
    assert message["content"] == [{"type": "thinking", "thinking": "So", "signature": ""}]


def test_usage_counts_the_cache_beside_the_input():
    usage = Usage(
        input=100,
        cache_read=20,
        cache_write=5,
        cache_write_1h=7,
        output=9,
        reasoning=4,
        units={"web_searches": 2},
    )
    found = whole(ended(events.text_answer(), usage=usage, service_tier="priority"))["usage"]
    assert found == {
        "input_tokens": 68,
        "output_tokens": 9,
        "cache_creation_input_tokens": 12,
        "cache_read_input_tokens": 20,
        "cache_creation": {"ephemeral_5m_input_tokens": 5, "ephemeral_1h_input_tokens": 7},
        "output_tokens_details": {"thinking_tokens": 4},
        "server_tool_use": {"web_search_requests": 2, "web_fetch_requests": 0},
        "service_tier": "priority",
    }


def test_estimated_usage_says_so():
    assert whole(ended(events.text_answer(), usage=Usage(input=1, estimated=True)))["usage"]["estimated"]


def test_a_failure_after_the_start_is_an_error_event_and_the_last():
    shown, _ = render(events.cut())
    assert shown[-1]["type"] == "error"
    assert shown[-1]["request_id"] == "req_1"
    assert set(shown[-1]["error"]) == {"type", "message", "details"}


TYPES = [
    (400, "invalid_request", 400, "invalid_request_error"),
    (401, "invalid_api_key", 401, "authentication_error"),
    (403, "permission_denied", 403, "permission_error"),
    (404, "model_not_found", 404, "not_found_error"),
    (405, "method_not_allowed", 405, "invalid_request_error"),
    (409, "conflict", 409, "invalid_request_error"),
    (413, "request_too_large", 413, "request_too_large"),
    (429, "rate_limit_exceeded", 429, "rate_limit_error"),
    (429, "insufficient_quota", 429, "billing_error"),
    (500, "server_error", 500, "api_error"),
    (502, "upstream_cut", 502, "api_error"),
    (503, "store_unavailable", 503, "api_error"),
    (503, Overloaded.code, 529, "overloaded_error"),
    (503, UpstreamUnavailable.code, 529, "overloaded_error"),
    (504, "upstream_timeout", 504, "timeout_error"),
]


@pytest.mark.parametrize(("status", "code", "told", "kind"), TYPES)
def test_failures_in_the_words_of_the_api(status, code, told, kind):
    dialect = MessagesDialect("req_1")
    failure = Failure(status, "ours", code, "It failed.", "model")
    assert dialect.status(failure) == told
    assert msgspec.to_builtins(dialect.error(failure)) == {
        "type": "error",
        "error": {
            "type": kind,
            "message": "It failed.",
            "details": {"error_code": code, "param": "model"},
        },
        "request_id": "req_1",
    }


def test_a_call_that_was_written_whole_is_shown_whole():
    run = events.run_events(events.call_events(0, "f"))
    item = FunctionCall("fc_0", "call_0", "f", '{"a":1}')
    run = [
        msgspec.structs.replace(event, item=item) if type(event).__name__ == "ItemEnded" else event
        for event in run
    ]
    shown, _ = render(run)
    deltas = [event["delta"]["partial_json"] for event in shown if event["type"] == "content_block_delta"]
    assert deltas == ['{"a":1}']


def test_a_signed_call_carries_its_signature_before_it():
    item = FunctionCall("fc_0", "call_0", "f", "{}", signature="sig==")
    run = [
        msgspec.structs.replace(event, item=item) if hasattr(event, "item") else event
        for event in events.run_events(events.call_events(0, "f", "{}"), finish="tool_calls")
    ]
    shown, message = render(run)
    sealed, call = message["content"]
    assert (sealed["type"], call["type"]) == ("redacted_thinking", "tool_use")
    started = [event["content_block"]["type"] for event in shown if event["type"] == "content_block_start"]
    assert started == ["redacted_thinking", "tool_use"]
    again = {**BODY, "messages": [*BODY["messages"], {"role": "assistant", "content": message["content"]}]}
    reading = MessagesDialect().read(msgspec.json.encode(again), events.counting_ids())
    assert reading.request.items[1:] == (FunctionCall("fc_2", "call_0", "f", "{}", signature="sig=="),)
