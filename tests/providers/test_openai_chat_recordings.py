"""Answers and requests of real exchanges over Chat Completions, read where they lie."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

import pytest
from msgspec import structs

from providers.failures import failure_from_response
from providers.openai_chat import request as written
from providers.openai_chat.decode import KNOWN_FIELDS
from specs.errors import UpstreamError, UpstreamModelMissing, UpstreamRateLimited, UpstreamRejected
from specs.events import Event, StepEnded, Warned, decode_events, encode_events
from specs.items import FunctionCall, Item, Message, Reasoning, Text
from specs.usage import mismatches
from tests.support.chat_answers import (
    REAL,
    Recorded,
    events_of,
    items_of,
    recorded_answers,
    restreamed,
    stream_events,
)
from tests.support.laws import check_laws

pytestmark = pytest.mark.skipif(not REAL.is_dir(), reason="the real exchanges are not beside this checkout")

ANSWERS = list(recorded_answers()) if REAL.is_dir() else []
GOOD = [answer for answer in ANSWERS if answer.status == 200]
REFUSED = [answer for answer in ANSWERS if answer.status != 200]
WHOLE = [answer for answer in GOOD if not answer.streamed]
FILES = 207
SKIPPED: dict[str, str] = {}
"""Path of a recording that is left out, and why."""

FAILED_IN_STREAM = {
    "groq/test_groq-test_tool_use_failed_error_streaming_with_text.json": UpstreamRejected,
}
MISCOUNTED = {
    "openrouter/test_cache-test_openrouter_cache_instructions_gemini_real_api.json": [
        "cached 4322 > input 2168"
    ],
}
"""The vendor says that the same tokens were read from the cache and written to it: told, not mended."""
TWINS_THAT_DIFFER = {
    "recorded-deepseek/deepseek-reasoning": "two generations of one prompt",
    "recorded-deepseek/deepseek-text": "two generations of one prompt",
    "recorded-deepseek/deepseek-tool-call": "two generations of one prompt",
    "recorded-mistral/mistral-text": "answers to two prompts",
    "recorded-openai-compatible/xai-text": "two generations of one prompt",
}

NOT_MODELLED = {
    "n": "one answer a request",
    "reasoning": "the effort goes as reasoning_effort",
    "reasoning_format": "thought is told from text when it is read",
    "thinking": "a switch of one vendor's beside reasoning_effort",
    "clear_thinking": "a switch of one vendor's",
    "provider": "routing inside an aggregator",
    "models": "routing inside an aggregator",
    "transforms": "shortening of the prompt by an aggregator",
    "moderation": "a service of one vendor's beside the model",
}
NOT_MODELLED_IN_MESSAGES = {
    "prefix": "one vendor's prefill",
    "reasoning_details": "an aggregator's reasoning in its own shape: of use only with fields we do not keep",
}
NOT_MODELLED_PARTS = {"document_url": "one vendor's way to give a file"}
NOT_MODELLED_TOOLS = {
    "openrouter:web_search": "a tool the provider runs",
    "openrouter:advisor": "a tool the provider runs",
}


def _id(answer: Recorded) -> str:
    return answer.path


@pytest.fixture(scope="module", autouse=True)
def told() -> Any:
    yield
    print(f"\nchat recordings: {len(GOOD)} answers, {len(REFUSED)} refusals, {len(SKIPPED)} left out")


def test_every_recording_is_read() -> None:
    assert len(ANSWERS) + len(SKIPPED) == FILES


@pytest.mark.parametrize("answer", GOOD, ids=_id)
def test_an_answer_decodes_lawfully(answer: Recorded) -> None:
    events, failure = events_of(answer)
    assert type(failure) is FAILED_IN_STREAM.get(answer.path, type(None))
    check_laws(events)
    assert decode_events(encode_events(events)) == events


@pytest.mark.parametrize("answer", GOOD, ids=_id)
def test_nothing_an_answer_says_vanishes(answer: Recorded) -> None:
    events, _ = events_of(answer)
    warned = [event for event in events if isinstance(event, Warned)]
    unread = _fields_said(answer) - KNOWN_FIELDS - {"audio"}
    assert bool(warned) == bool(unread)
    assert _text_of(items_of(events)) == _text_said(answer)


@pytest.mark.parametrize("answer", GOOD, ids=_id)
def test_usage_is_exact(answer: Recorded) -> None:
    said = _usage_said(answer)
    ended = _ended(events_of(answer)[0])
    if said is None:
        assert ended.usage is None
        return
    assert ended.usage is not None
    assert ended.usage.input == said["prompt_tokens"]
    assert ended.usage.output == said["total_tokens"] - said["prompt_tokens"]
    assert mismatches(ended.usage) == MISCOUNTED.get(answer.path, [])
    details = said.get("prompt_tokens_details") or {}
    for ours, theirs in (("cache_read", "cached_tokens"), ("cache_write", "cache_write_tokens")):
        if details.get(theirs) is not None:
            assert getattr(ended.usage, ours) == details[theirs]
    reasoning = (said.get("completion_tokens_details") or {}).get("reasoning_tokens")
    assert reasoning is None or ended.usage.reasoning == reasoning
    assert json.loads(bytes(ended.raw_usage)) == said


@pytest.mark.parametrize("answer", WHOLE, ids=_id)
@pytest.mark.parametrize("size", [1, 9, 10_000])
def test_a_whole_answer_streamed_folds_to_the_same_items(answer: Recorded, size: int) -> None:
    whole, _ = events_of(answer)
    again = stream_events(restreamed(json.loads(answer.body), size))
    check_laws(again)
    assert _plain(items_of(again)) == _plain(items_of(whole))
    assert _ended(again).usage == _ended(whole).usage
    assert _ended(again).finish == _ended(whole).finish


def _twins() -> list[tuple[str, Recorded, Recorded]]:
    by_path = {answer.path: answer for answer in GOOD}
    names = [path.removesuffix(".chunks.txt") for path in by_path if path.endswith(".chunks.txt")]
    return [
        (name, by_path[f"{name}.chunks.txt"], by_path[f"{name}.json"])
        for name in names
        if f"{name}.json" in by_path
    ]


@pytest.mark.parametrize(("name", "stream", "whole"), _twins(), ids=lambda value: str(value)[:50])
def test_twins_fold_to_the_same(name: str, stream: Recorded, whole: Recorded) -> None:
    one, other = (items_of(events_of(answer)[0]) for answer in (stream, whole))
    assert [type(item) for item in one] == [type(item) for item in other]
    assert (_plain(one) == _plain(other)) == (name not in TWINS_THAT_DIFFER)


@pytest.mark.parametrize("answer", REFUSED, ids=_id)
def test_a_refusal_has_its_class(answer: Recorded) -> None:
    failure = failure_from_response(answer.status, {}, answer.body)
    expected = {404: UpstreamModelMissing, 400: UpstreamRejected, 429: UpstreamRateLimited}
    assert type(failure) is expected[answer.status]
    assert type(failure) is not UpstreamError
    message = json.loads(answer.body)["error"]["message"]
    assert (message in failure.message) == (answer.status == 400)


@pytest.mark.parametrize("answer", [a for a in ANSWERS if a.request], ids=_id)
def test_a_request_is_one_we_could_write(answer: Recorded) -> None:
    request = answer.request or {}
    known = {*written.ChatRequest.__struct_fields__, *NOT_MODELLED}
    assert set(request) <= known
    for message in request["messages"]:
        given = {name for name, value in message.items() if value is not None}
        assert given <= {*written.ChatMessage.__struct_fields__, *NOT_MODELLED_IN_MESSAGES}
        parts = message["content"] if isinstance(message.get("content"), list) else []
        assert {part["type"] for part in parts} <= {*_part_kinds(), *NOT_MODELLED_PARTS}
    tools = Counter(tool.get("type", "function") for tool in request.get("tools") or ())
    assert set(tools) <= {"function", *NOT_MODELLED_TOOLS}


def _part_kinds() -> set[str]:
    parts = (
        written.TextPart,
        written.ImagePart,
        written.AudioPart,
        written.FilePart,
        written.VideoPart,
    )
    return {part.__struct_config__.tag for part in parts}


def _ended(events: list[Event]) -> StepEnded:
    last = events[-1]
    assert isinstance(last, StepEnded)
    return last


def _chunks(answer: Recorded) -> list[dict[str, Any]]:
    if not answer.streamed:
        return [json.loads(answer.body)]
    lines = [line[5:].strip() for line in answer.body.splitlines() if line.startswith(b"data:")]
    return [json.loads(line) for line in lines if line != b"[DONE]"]


def _messages(answer: Recorded) -> list[dict[str, Any]]:
    choices = [choice for chunk in _chunks(answer) for choice in chunk.get("choices") or ()]
    return [choice.get("delta") or choice.get("message") or {} for choice in choices]


def _fields_said(answer: Recorded) -> set[str]:
    return {name for message in _messages(answer) for name, value in message.items() if value}


def _text_said(answer: Recorded) -> str:
    said = []
    for message in _messages(answer):
        content = message.get("content") or ""
        parts = [{"text": content}] if isinstance(content, str) else content
        said.extend(part.get("text", "") for part in parts)
    return "".join(said)


def _text_of(items: tuple[Item, ...]) -> str:
    messages = [item for item in items if isinstance(item, Message)]
    return "".join(part.text for item in messages for part in item.content if isinstance(part, Text))


def _usage_said(answer: Recorded) -> dict[str, Any] | None:
    chunks = _chunks(answer)
    said = [chunk["usage"] for chunk in chunks if chunk.get("usage")]
    said = said or [chunk["x_groq"]["usage"] for chunk in chunks if (chunk.get("x_groq") or {}).get("usage")]
    return said[-1] if said else None


def _plain(items: tuple[Item, ...]) -> list[Item]:
    """The items without the ids we mint; a call id of the provider's own stays."""
    return [
        structs.replace(item, id="", call_id="" if item.call_id.startswith("call_") else item.call_id)
        if isinstance(item, FunctionCall)
        else structs.replace(item, id="")
        for item in items
        if isinstance(item, FunctionCall | Message | Reasoning)
    ]
