"""Recorded exchanges of a Responses API: answers decode without loss, requests are ones we could write."""

from __future__ import annotations

import json

import msgspec
import pytest

from providers.failures import failure_from_response
from providers.openai_responses import body as wire
from providers.openai_responses.encode import encode
from providers.openai_responses.profile import ResponsesProfile
from providers.openai_responses.searches import SEARCH_INCLUDES
from specs.errors import UpstreamError
from specs.events import StepEnded
from specs.items import HostedCall, Item, Message, Reasoning, Sealed
from specs.requests import ModelRequest
from tests.support.laws import check_laws
from tests.support.responses_answers import (
    JSON,
    ORIGIN,
    Decoded,
    Recording,
    decode_stream,
    decode_whole,
    recordings,
)

ALL = recordings()
KNOWN_FILES = 118
MODELLED = ("message", "reasoning", "function_call", "web_search_call")

SKIPPED = {
    "openai/test_openai_responses-test_background_mode_vcr.1.json": "a background response, not finished",
    "openai/test_openai_responses-test_responses_count_tokens_with_tools.json": "another endpoint",
    "recorded-azure/azure-deepseek-reasoning.1.json": "a body of Chat Completions",
}
"""Answers that are not an answer of `POST /responses`."""

ALTERED = {
    "recorded-openai/openai-shell-container.1.chunks.txt": "its deltas are not its final text",
}
"""Streams that do not agree with themselves."""

NOT_MODELLED = {
    "previous_response_id": "upstream keeps nothing: the whole context is sent",
    "conversation": "upstream keeps nothing: the whole context is sent",
    "background": "a run in the background is ours, over an ordinary stream",
    "context_management": "the context is ours to compact",
    "truncation": "the context is ours to cut",
}
"""Top-level request fields that our encoder never writes."""

ITEMS_NOT_MODELLED = {
    "additional_tools": "tool search is not modelled",
    "tool_search_call": "tool search is not modelled",
    "tool_search_output": "tool search is not modelled",
    "compaction": "the context is ours to compact",
    "code_interpreter_call": "hosted tools run here, not upstream",
}
TOOLS_NOT_MODELLED = {
    "tool_search": "tool search is not modelled",
    "code_interpreter": "hosted tools run here, not upstream",
}
INCLUDES_NOT_MODELLED = {
    "code_interpreter_call.outputs": "hosted tools run here, not upstream",
}

pytestmark = pytest.mark.skipif(not ALL, reason="the shared recordings are not here")
each = pytest.mark.parametrize("recording", ALL, ids=lambda recording: recording.name)


def _final(stream: list[bytes]) -> JSON:
    """The response in a stream's terminal event: the whole twin of what was streamed."""
    return json.loads(stream[-1] if stream[-1] != b"[DONE]" else stream[-2])["response"]


def _answers(recording: Recording) -> list[tuple[Decoded, JSON]]:
    """What each answer of the file decodes to, and the response that it is."""
    if recording.streams:
        return [(decode_stream(stream), _final(stream)) for stream in recording.streams]
    return [(decode_whole(recording.body), recording.body)]


def _is_answer(recording: Recording) -> bool:
    return recording.status < 400 and recording.name not in SKIPPED


def test_every_file_is_judged_or_skipped_for_a_reason(capsys: pytest.CaptureFixture[str]) -> None:
    answers = [(recording, _answers(recording)) for recording in ALL if _is_answer(recording)]
    refusals = [recording for recording in ALL if recording.status >= 400]
    unfinished = [
        recording.name
        for recording, decoded in answers
        for one, final in decoded
        if one.error is not None and final["status"] != "failed"
    ]
    with capsys.disabled():
        print(f"\nopenai_responses: {len(answers)} answers, {len(refusals)} refusals, {len(SKIPPED)} skipped")
    assert unfinished == []
    assert len(answers) + len(refusals) + len(SKIPPED) == len(ALL) >= KNOWN_FILES


@each
def test_answers_obey_the_laws(recording: Recording) -> None:
    if not _is_answer(recording):
        pytest.skip(SKIPPED.get(recording.name, "a refusal"))
    for decoded, _ in _answers(recording):
        check_laws(decoded.events)


@each
def test_usage_is_exactly_the_recorded_one(recording: Recording) -> None:
    for decoded, final in _answers(recording) if _is_answer(recording) else ():
        (ended,) = (event for event in decoded.events if isinstance(event, StepEnded))
        told = final.get("usage")
        if told is None:
            assert ended.usage is None
            continue
        assert ended.usage is not None
        assert ended.usage.input == told["input_tokens"]
        assert ended.usage.output == told["output_tokens"]
        assert ended.usage.cache_read == told["input_tokens_details"]["cached_tokens"]
        assert ended.usage.cache_write == told["input_tokens_details"].get("cache_write_tokens")
        assert ended.usage.reasoning == told["output_tokens_details"]["reasoning_tokens"]
        assert isinstance(ended.raw_usage, msgspec.Raw)
        assert json.loads(bytes(ended.raw_usage)) == told


@each
def test_a_streamed_answer_folds_to_its_whole_twin(recording: Recording) -> None:
    if recording.name in ALTERED:
        pytest.skip(ALTERED[recording.name])
    for stream in recording.streams:
        streamed, whole = decode_stream(stream), decode_whole(_final(stream))
        assert _comparable(streamed.folded.items) == _comparable(whole.folded.items)
        assert streamed.folded.finish == whole.folded.finish
        assert streamed.folded.usage == whole.folded.usage


def _comparable(items: tuple[Item, ...]) -> list[object]:
    """Items without ids of ours, and without what a server makes anew each time it tells of an item."""
    return [msgspec.to_builtins(_without_ids(item), enc_hook=_raw) for item in items]


def _without_ids(item: Item) -> Item:
    item = msgspec.structs.replace(item, id="")
    if isinstance(item, HostedCall):
        said = json.dumps(json.loads(item.native or ""), sort_keys=True)
        return msgspec.structs.replace(item, call_id="", native=said)
    if isinstance(item, Reasoning):
        content = tuple(Sealed("…") if isinstance(part, Sealed) else part for part in item.content)
        return msgspec.structs.replace(item, content=content, upstream_id=None)
    return item


def _raw(value: object) -> object:
    """Log probabilities: the final response rounds them to six places."""
    assert isinstance(value, msgspec.Raw)
    return json.loads(bytes(value), parse_float=lambda number: round(float(number), 6))


@each
def test_what_an_answer_says_can_be_said_again(recording: Recording) -> None:
    if not _is_answer(recording) or recording.name in ALTERED:
        pytest.skip(SKIPPED.get(recording.name) or ALTERED.get(recording.name, "a refusal"))
    for decoded, final in _answers(recording):
        output = _last_told(recording, final)
        items = decoded.folded.items
        said = [_said(item) for item in output if item["type"] in MODELLED]
        assert [_said(item) for item in _encoded(items)] == [item for item in said if item]


def _last_told(recording: Recording, final: JSON) -> list[JSON]:
    """The items as `output_item.done` told them where they were streamed: encrypted content differs later."""
    told = {}
    for stream in recording.streams:
        frames = [json.loads(frame) for frame in stream if frame != b"[DONE]"]
        if frames[-1].get("response", {}).get("id") == final.get("id"):
            told = {f["output_index"]: f["item"] for f in frames if f["type"] == "response.output_item.done"}
    return list(told.values()) or final["output"]


def _encoded(items: tuple[Item, ...]) -> list[JSON]:
    """Each item as input, with an answer after it so that reasoning is followed by something."""
    last = Message("msg_last", "assistant")
    request = ModelRequest(model="gpt-5", items=(*items, last))
    body = json.loads(encode(request, profile=ResponsesProfile(), origin=ORIGIN).body)
    return body["input"]


def _said(item: JSON) -> JSON:
    """What of an item we promise to keep, nothing for reasoning that cannot be replayed."""
    match item["type"]:
        case "message":
            parts = [(part["type"], part.get("text", part.get("refusal"))) for part in item["content"]]
            return {"message": parts, "phase": item.get("phase")}
        case "function_call":
            return {name: item[name] for name in ("call_id", "name", "arguments")}
        case "web_search_call":
            return item
        case _:
            if not item.get("encrypted_content") and not item.get("content"):
                return {}
            summary = [part["text"] for part in item["summary"]]
            thoughts = [part["text"] for part in item.get("content") or ()]
            return {
                "id": item["id"],
                "summary": summary,
                "thoughts": thoughts,
                "sealed": item.get("encrypted_content"),
            }


@each
def test_no_item_vanishes(recording: Recording) -> None:
    for decoded, final in _answers(recording) if _is_answer(recording) else ():
        types = [item["type"] for item in final["output"]]
        told = " ".join(warning.message for warning in decoded.folded.warnings)
        assert len(decoded.folded.items) == sum(one in MODELLED for one in types)
        assert [one for one in types if one not in MODELLED and f"{one!r}" not in told] == []


@pytest.mark.parametrize("recording", [one for one in ALL if one.status >= 400], ids=lambda one: one.name)
def test_an_error_body_maps_to_a_failure(recording: Recording) -> None:
    failure = failure_from_response(recording.status, {}, json.dumps(recording.body).encode())
    told = decode_whole(recording.body).error
    assert type(failure) is not UpstreamError
    assert told is not None
    assert type(told) is not UpstreamError


@each
def test_a_request_is_one_we_could_have_written(recording: Recording) -> None:
    body = recording.request
    if "/input_tokens" in recording.path:
        pytest.skip(SKIPPED[recording.name])
    assert set(body) - set(wire.Body.__struct_fields__) - set(NOT_MODELLED) == set()
    assert {tool["type"] for tool in body.get("tools") or ()} - {
        "function",
        "web_search",
        *TOOLS_NOT_MODELLED,
    } == set()
    includes = {"reasoning.encrypted_content", "message.output_text.logprobs", *SEARCH_INCLUDES}
    includes |= set(INCLUDES_NOT_MODELLED)
    assert set(body.get("include") or ()) - includes == set()
    items = body.get("input")
    for item in items if isinstance(items, list) else ():
        _check_input_item(item)


INPUT_ITEMS = {
    "message": wire.InputMessage,
    "reasoning": wire.InputReasoning,
    "function_call": wire.InputCall,
    "function_call_output": wire.InputCallOutput,
}
ITEM_FIELDS_NOT_WRITTEN = {
    "type": "the tag",
    "id": "only reasoning is known upstream by its id",
    "status": "what is sent is complete",
    "namespace": "tool search is not modelled",
}


def _check_input_item(item: JSON) -> None:
    kind = item.get("type", "message")
    if kind in ITEMS_NOT_MODELLED:
        return
    written = INPUT_ITEMS[kind].__struct_fields__
    assert set(item) - set(written) - set(ITEM_FIELDS_NOT_WRITTEN) == set()
    content = item.get("content") if kind == "message" else item.get("output")
    types = {part["type"] for part in content} if isinstance(content, list) else set()
    assert types <= {"input_text", "input_image", "input_file", "output_text", "refusal"}


def test_every_entry_of_the_lists_is_needed() -> None:
    bodies = [recording.request for recording in ALL]
    items = [item for body in bodies if isinstance(body.get("input"), list) for item in body["input"]]
    assert {name for body in bodies for name in body} >= set(NOT_MODELLED)
    assert {item.get("type") for item in items} >= set(ITEMS_NOT_MODELLED)
    assert {tool["type"] for body in bodies for tool in body.get("tools") or ()} >= set(TOOLS_NOT_MODELLED)
    assert {one for body in bodies for one in body.get("include") or ()} >= set(INCLUDES_NOT_MODELLED)
    assert {recording.name for recording in ALL} >= {*SKIPPED, *ALTERED}
