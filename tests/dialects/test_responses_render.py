"""The stream of the Responses API and its whole answer, judged by its grammar, the published
schemas, and the official SDK."""

from __future__ import annotations

import httpx
import openai
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec import structs

from specs.errors import Failure
from specs.events import ItemEnded, ItemStarted, RunCreated, RunPaused, RunStarted, StepEnded, Warned
from specs.items import FunctionCall, HostedCall, Image, Message, Text
from specs.openai.response_events import OutputTextDelta
from specs.requests import ResponseFormat, RunRequest, Settings
from specs.usage import Usage
from tests.support.events import (
    CREATED_AT,
    FAILURES,
    REQUEST,
    RUN,
    SCENARIOS,
    batches,
    counting_ids,
    item_events,
    lawful_runs,
    message_events,
    part_events,
    run_events,
    text_answer,
    thought_then_text,
)
from tests.support.response_schemas import OPEN, OPENAI, violations
from tests.support.responses import DIALECT, as_json, as_sse, body, check_grammar, rendered

EVERY = SCENARIOS | FAILURES
SUMMARISED = structs.replace(REQUEST, settings=Settings(reasoning_summary="auto"))
SEALED = {"include": ["reasoning.encrypted_content"]}
NOT_IN_OPEN = ("hosted_then_text", "annotated")
"""Items and citations that Open Responses leaves to extensions."""
KEYS = {
    *(
        "id",
        "object",
        "created_at",
        "completed_at",
        "status",
        "incomplete_details",
        "model",
        "output",
        "error",
    ),
    *("previous_response_id", "instructions", "tools", "tool_choice", "truncation", "parallel_tool_calls"),
    *("text", "top_p", "presence_penalty", "frequency_penalty", "top_logprobs", "temperature", "reasoning"),
    *("usage", "max_output_tokens", "max_tool_calls", "store", "background", "service_tier", "metadata"),
    *("safety_identifier", "prompt_cache_key"),
}
"""The 31 that Open Responses requires."""


def response_of(events, **fields):
    """The whole answer."""
    return rendered(events, **fields)[1]


def with_request(request: RunRequest):
    """A plain answer to this effective request."""
    return text_answer(request=request)


def with_settings(**values):
    """A plain answer under these effective settings."""
    return with_request(structs.replace(REQUEST, settings=Settings(**values)))


def ended(**changes) -> list:
    """A plain answer whose end is changed."""
    *events, end = text_answer()
    return [*events, structs.replace(end, **changes)]


@pytest.mark.parametrize("name", EVERY)
def test_every_stream_keeps_the_grammar(name):
    check_grammar(rendered(EVERY[name]())[0])


@given(lawful_runs(), st.booleans(), st.booleans())
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_any_lawful_run_keeps_the_grammar(events, summarised, sealed):
    created, *rest = events
    request = SUMMARISED if summarised else REQUEST
    fields = SEALED if sealed else {}
    stream, whole = rendered([structs.replace(created, request=request), *rest], **fields)
    check_grammar(stream)
    assert stream[-1]["response"] == whole


@given(st.data())
@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_batching_does_not_change_the_stream(data):
    events = data.draw(lawful_runs())
    reading = DIALECT.read(body(), counting_ids())
    renderer = DIALECT.renderer(reading, counting_ids())
    cut = data.draw(batches(events))
    assert [as_json(event) for batch in cut for event in renderer.feed(batch)] == rendered(events)[0]


@pytest.mark.parametrize("name", EVERY)
def test_whole_answer_is_the_terminal_events_response(name):
    stream, whole = rendered(EVERY[name]())
    assert stream[-1]["response"] == whole


@pytest.mark.parametrize("document", [OPEN, OPENAI])
@pytest.mark.parametrize("name", EVERY)
def test_every_event_fits_the_published_schema(name, document):
    if document == OPEN and name in NOT_IN_OPEN:
        pytest.skip("Open Responses leaves these to extensions")
    created, *rest = EVERY[name]()
    stream, whole = rendered([structs.replace(created, request=SUMMARISED), *rest], **SEALED)
    assert [found for value in (*stream, whole) for found in violations(document, value)] == []


@pytest.mark.parametrize("document", [OPEN, OPENAI])
def test_a_response_that_echoes_everything_fits_the_published_schema(document):
    schema = {"type": "object", "properties": {}}
    fields = {
        "instructions": "Be brief.",
        "tools": [{"type": "function", "name": "a", "parameters": schema}, {"type": "function", "name": "b"}],
        "tool_choice": {"type": "allowed_tools", "tools": [{"type": "function", "name": "a"}]},
        "text": {"format": {"type": "json_schema", "name": "x", "schema": schema}, "verbosity": "low"},
        "reasoning": {"effort": "low", "summary": "auto"},
        "metadata": {"a": "b"},
        "max_tool_calls": 3,
        "max_output_tokens": 100,
        "safety_identifier": "me",
        "prompt_cache_key": "here",
        "user": "me",
    }
    request = DIALECT.read(body(**fields), counting_ids()).request
    assert violations(document, response_of(with_request(request), **fields)) == []


@pytest.fixture
def sdk():
    """The official client; what it is answered is set by `sdk.answers`."""
    answers: list[tuple[str, bytes]] = []

    def answer(request):
        kind, content = answers.pop(0)
        return httpx.Response(200, headers={"content-type": kind}, content=content)

    with httpx.Client(transport=httpx.MockTransport(answer)) as transport:
        client = openai.OpenAI(api_key="k", base_url="http://test/v1", http_client=transport)
        client.answers = answers
        yield client


@pytest.mark.parametrize(
    "name", [name for name in SCENARIOS if name not in ("too_long", "out_of_budget", "filtered")]
)
def test_what_the_sdk_accumulates_is_the_whole_answer(sdk, name):
    stream, whole = rendered(SCENARIOS[name]())
    sdk.answers.append(("text/event-stream", as_sse(stream)))
    with sdk.responses.stream(model="agent_demo", input="Hello") as events:
        final = events.get_final_response()
    sdk.answers.append(("application/json", httpx.Response(200, json=whole).content))
    answered = sdk.responses.create(model="agent_demo", input="Hello")
    assert without_parsed(final.to_dict()) == answered.to_dict() == whole


def without_parsed(value):
    """What the SDK adds to what was sent, taken out again."""
    if isinstance(value, list):
        return [without_parsed(one) for one in value]
    if isinstance(value, dict):
        added = ("parsed", "parsed_arguments")
        return {key: without_parsed(one) for key, one in value.items() if key not in added}
    return value


@pytest.mark.parametrize("name", EVERY)
def test_the_sdk_reads_every_event_as_it_was_sent(sdk, name):
    stream, _ = rendered(EVERY[name]())
    sdk.answers.append(("text/event-stream", as_sse(stream)))
    with sdk.responses.create(model="agent_demo", input="Hello", stream=True) as events:
        assert [event.to_dict() for event in events] == stream


@pytest.mark.parametrize("name", EVERY)
def test_every_response_object_has_every_key(name):
    stream, _ = rendered(EVERY[name]())
    for event in stream:
        if "response" in event:
            assert set(event["response"]) >= KEYS


def test_settings_nobody_gave_echo_their_defaults():
    whole = response_of(text_answer())
    values = {key: whole[key] for key in ("temperature", "top_p", "presence_penalty", "top_logprobs", "text")}
    assert values == {
        "temperature": 1.0,
        "top_p": 1.0,
        "presence_penalty": 0.0,
        "top_logprobs": 0,
        "text": {"format": {"type": "text"}},
    }


def test_settings_echo_what_holds_not_what_was_asked():
    assert response_of(with_settings(temperature=0.0), temperature=1.5)["temperature"] == 0.0


def test_a_schema_is_echoed_as_it_was_sent():
    request = DIALECT.read(
        body(text={"format": {"type": "json_schema", "name": "x", "schema": {"z": 1, "a": 2}}}),
        counting_ids(),
    ).request
    assert response_of(with_request(request))["text"]["format"] == {
        "type": "json_schema",
        "name": "x",
        "schema": {"z": 1, "a": 2},
        "strict": False,
    }


def test_a_json_object_is_echoed():
    events = with_settings(response_format=ResponseFormat("json_object"))
    assert response_of(events)["text"]["format"] == {"type": "json_object"}


def test_instructions_tools_and_model_of_the_agent_are_not_shown():
    events = with_request(structs.replace(REQUEST, agent="secret", instructions="Secret. Be brief."))
    whole = response_of(events, instructions="Be brief.")
    assert (whole["model"], whole["instructions"], whole["tools"]) == ("agent_demo", "Be brief.", [])


def test_an_echoed_tool_has_every_key():
    whole = response_of(text_answer(), tools=[{"type": "function", "name": "a"}])
    expected = {"type": "function", "name": "a", "description": None, "parameters": None, "strict": None}
    assert whole["tools"] == [expected]


@pytest.mark.parametrize(
    ("choice", "echo"),
    [
        (None, "auto"),
        ("required", "required"),
        ({"type": "function", "name": "a"}, {"type": "function", "name": "a"}),
        (
            {"type": "allowed_tools", "tools": [{"type": "function", "name": "a"}]},
            {"type": "allowed_tools", "tools": [{"type": "function", "name": "a"}], "mode": "auto"},
        ),
        ({"type": "web_search"}, {"type": "web_search"}),
        ({"type": "file_search"}, "auto"),
    ],
)
def test_tool_choice_is_echoed(choice, echo):
    whole = response_of(text_answer(), tools=[{"type": "function", "name": "a"}], tool_choice=choice)
    assert whole["tool_choice"] == echo


def test_usage_is_null_until_the_end():
    stream, _ = rendered(text_answer())
    states = [event["response"]["usage"] for event in stream if "response" in event]
    assert states == [
        None,
        None,
        {
            "input_tokens": 12,
            "input_tokens_details": {"cached_tokens": 4, "cache_write_tokens": 0},
            "output_tokens": 7,
            "output_tokens_details": {"reasoning_tokens": 2},
            "total_tokens": 19,
        },
    ]


def test_cache_writes_of_both_lifetimes_count():
    usage = response_of(ended(usage=Usage(input=9, cache_write=2, cache_write_1h=3, output=1)))["usage"]
    assert usage["input_tokens_details"] == {"cached_tokens": 0, "cache_write_tokens": 5}


def test_estimated_usage_says_so():
    assert response_of(ended(usage=Usage(input=9, output=1, estimated=True)))["usage"]["estimated"] is True


def test_a_failure_nobody_counted_has_no_usage():
    assert response_of(FAILURES["failed_at_once"]())["usage"] is None


def test_a_failure_ends_in_response_failed_with_code_and_message():
    stream, whole = rendered(FAILURES["cut"]())
    assert stream[-1]["type"] == "response.failed"
    assert (whole["status"], whole["error"]["code"]) == ("failed", "upstream_cut")
    assert not any(event["type"] == "error" for event in stream)


@pytest.mark.parametrize(
    ("changes", "status", "reason"),
    [
        ({"status": "incomplete", "reason": "max_output_tokens"}, "incomplete", "max_output_tokens"),
        ({"status": "incomplete", "reason": "content_filter"}, "incomplete", "content_filter"),
        ({"status": "incomplete", "finish": "length"}, "incomplete", "max_output_tokens"),
        ({"status": "incomplete", "reason": "budget_exhausted"}, "incomplete", "dragoman:budget_exhausted"),
        ({"status": "cancelled"}, "cancelled", "dragoman:cancelled"),
        ({"status": "expired"}, "incomplete", "dragoman:expired"),
    ],
)
def test_what_was_cut_short_ends_incomplete_with_its_reason(changes, status, reason):
    stream, whole = rendered(ended(**changes))
    assert stream[-1]["type"] == "response.incomplete"
    assert (whole["status"], whole["incomplete_details"]) == (status, {"reason": reason})


def test_a_response_ends_no_earlier_than_it_began():
    assert response_of(ended(completed_at=0))["completed_at"] == CREATED_AT


def test_a_failed_run_without_a_failure_still_says_something():
    failed = response_of(ended(status="failed", error=None))
    assert failed["error"] == {"code": "server_error", "message": "The run failed."}


def test_a_failure_keeps_its_message():
    error = Failure(502, "model_error", "upstream_cut", "Gone.")
    failed = response_of(ended(status="failed", error=error))
    assert failed["error"] == {"code": "upstream_cut", "message": "Gone."}


def test_thoughts_are_shown_only_where_summaries_are_asked_for():
    created, *rest = thought_then_text()
    hidden, shown = (
        response_of([created, *rest]),
        response_of([structs.replace(created, request=SUMMARISED), *rest]),
    )
    assert hidden["output"][0]["summary"] == []
    assert shown["output"][0]["summary"] == [{"type": "summary_text", "text": "Hm, well."}]


def test_sealed_reasoning_is_absent_unless_included():
    reasoning = response_of(thought_then_text())["output"][0]
    assert "encrypted_content" not in reasoning
    assert "content" not in reasoning


def test_sealed_reasoning_comes_with_the_items_end():
    stream, _ = rendered(thought_then_text(), **SEALED)
    items = [event["item"] for event in stream if event.get("output_index") == 0 and "item" in event]
    assert ["encrypted_content" in item for item in items] == [False, True]


def test_a_phase_is_absent_where_there_is_none():
    assert "phase" not in response_of(text_answer())["output"][0]


def test_a_phase_is_told_from_the_first_event_on():
    skeleton = Message("msg_0", "assistant", status="in_progress", phase="commentary")
    events = run_events(item_events(0, skeleton, [part_events(0, 0, Text(), ["Hm."])]))
    stream, _ = rendered(events)
    assert [event["item"]["phase"] for event in stream if "item" in event] == ["commentary", "commentary"]


def test_arguments_in_one_piece_are_one_delta():
    call = FunctionCall("fc_0", "call_0", "a", '{"x":1}')
    stream, _ = rendered(run_events([ItemStarted(0, call), ItemEnded(0, call)], finish="tool_calls"))
    check_grammar(stream)
    assert [event["delta"] for event in stream if "delta" in event] == ['{"x":1}']


def test_a_hosted_call_that_failed_says_so():
    call = HostedCall("mcp_0", "call_0", "tools", "search", "{}", error="No route.", status="failed")
    stream, whole = rendered(run_events([ItemStarted(0, call), ItemEnded(0, call)]))
    check_grammar(stream)
    assert "response.mcp_call.failed" in [event["type"] for event in stream]
    assert whole["output"][0]["error"]["content"] == [{"type": "text", "text": "No route."}]
    assert violations(OPENAI, whole) == []


def test_a_part_without_a_form_takes_no_index():
    skeleton = Message("msg_0", "assistant", status="in_progress")
    parts = [part_events(0, 0, Text(), ["a"]), part_events(0, 2, Text(), ["b"])]
    (*events, end) = item_events(0, skeleton, parts)
    image = Image("data:image/png;base64,AA")
    content = (Text("a"), image, Text("b"))
    picture = part_events(0, 1, Text(), [])
    picture = [structs.replace(event, content=image) for event in (picture[0], picture[-1])]
    whole = structs.replace(end, item=structs.replace(end.item, content=content))
    stream, _ = rendered(run_events([*events[:4], *picture, *events[4:], whole]))
    check_grammar(stream)


def test_deltas_are_not_padded_unless_asked():
    stream, _ = rendered(text_answer(), stream_options={"include_obfuscation": False})
    assert not any("obfuscation" in event for event in stream)


def test_padding_hides_a_deltas_length_and_is_the_same_again():
    fields = {"stream_options": {"include_obfuscation": True}}
    stream, _ = rendered(run_events(message_events(0, "a", "abc", "a" * 20)), **fields)
    deltas = [event for event in stream if "delta" in event]
    assert [len(event["delta"] + event["obfuscation"]) % 16 for event in deltas] == [0, 0, 0]
    assert rendered(run_events(message_events(0, "a", "abc", "a" * 20)), **fields)[0] == stream


def test_the_response_has_the_runs_id():
    created = text_answer()[0]
    assert isinstance(created, RunCreated)
    assert response_of(text_answer())["id"] == created.run.replace("run_", "resp_")


def test_an_events_tag_is_its_type():
    assert OutputTextDelta.__struct_config__.tag == "response.output_text.delta"


def test_what_the_api_has_no_event_for_shows_nothing():
    renderer = DIALECT.renderer(DIALECT.read(body(), counting_ids()), counting_ids())
    renderer.feed(text_answer()[:1])
    quiet = [RunStarted(RUN), Warned("no seed", "seed"), StepEnded(1, "stop"), RunPaused("outputs", ())]
    assert renderer.feed(quiet) == []
