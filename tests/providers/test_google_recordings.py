"""Answers and requests of real exchanges over `generateContent`, read where they lie."""

from __future__ import annotations

import json
from typing import Any

import pytest
from msgspec import structs

from providers.failures import failure_from_response
from providers.google import body as written
from specs.errors import UpstreamRejected
from specs.events import StepEnded, Warned, decode_events, encode_events
from specs.items import FunctionCall, HostedCall, Item, Message, Reasoning, Sealed, Text
from specs.usage import mismatches
from tests.support.google_answers import (
    REAL,
    Recorded,
    events_of,
    items_of,
    recorded,
    streamed,
)
from tests.support.laws import check_laws

pytestmark = pytest.mark.skipif(not REAL.is_dir(), reason="the real exchanges are not beside this checkout")

ALL = list(recorded()) if REAL.is_dir() else []
ANSWERS = [one for one in ALL if one.method != "countTokens"]
GOOD = [one for one in ANSWERS if one.status == 200]
REFUSED = [one for one in ANSWERS if one.status != 200]
WHOLE = [one for one in GOOD if not one.streamed]
FILES = 118

TWINS_THAT_DIFFER = {"recorded-google/google-reasoning-gemini3", "recorded-google/google-reasoning"}
"""Two generations of one prompt."""
NOT_PASSED_ON = {"executableCode", "codeExecutionResult", "toolCall", "toolResponse"}
"""Parts of tools that the provider runs, which we do not ask for."""
NOT_MODELLED = {
    "modelArmorConfig": "a filter of one project's own",
    "cachedContent": "caches made beforehand",
    "safetySettings": "left to the provider's defaults",
}
NOT_MODELLED_CONFIG = {"responseModalities": "text is the default"}
NOT_MODELLED_TOOLS = {"fileSearch", "codeExecution", "urlContext", "google_search"}
NOT_MODELLED_TOOL_CONFIG = {"includeServerSideToolInvocations"}


def _id(one: Recorded) -> str:
    return one.path


@pytest.fixture(scope="module", autouse=True)
def told() -> Any:
    yield
    print(f"\ngoogle recordings: {len(GOOD)} answers, {len(REFUSED)} refusals")


def test_every_recording_is_read():
    assert len(ALL) == FILES


@pytest.mark.parametrize("one", GOOD, ids=_id)
def test_an_answer_decodes_lawfully(one):
    events = events_of(one)
    check_laws(events)
    assert decode_events(encode_events(events)) == events


@pytest.mark.parametrize("one", GOOD, ids=_id)
def test_nothing_an_answer_says_vanishes(one):
    events = events_of(one)
    parts = _parts(one)
    items = items_of(events)
    said = "".join(part.get("text", "") for part in parts if not part.get("thought"))
    assert "".join(_texts(items)) == said
    signatures = {part["thoughtSignature"] for part in parts if "thoughtSignature" in part}
    assert signatures == set(_signatures(items))
    assert len([part for part in parts if part.get("functionCall", {}).get("name")]) == len(
        [item for item in items if isinstance(item, FunctionCall)]
    )
    left_out = {name for part in parts for name in part if name in NOT_PASSED_ON}
    warned = " ".join(event.message for event in events if isinstance(event, Warned))
    assert all(name in warned for name in left_out)


@pytest.mark.parametrize("one", GOOD, ids=_id)
def test_every_search_is_shown_and_counted(one):
    events = events_of(one)
    told = [found for found in _groundings(one) if any(found.get("webSearchQueries", ()))]
    searches = [item for item in items_of(events) if isinstance(item, HostedCall)]
    assert len(searches) == len(told[:1])
    queries = [query for found in told for query in found["webSearchQueries"] if query]
    assert events[-1].usage.units == ({"web_searches": len(set(queries))} if queries else {})
    for search in searches:
        assert json.loads(search.arguments) == {"query": " | ".join(dict.fromkeys(queries))}
        pages = [page["web"]["uri"] for found in told for page in found.get("groundingChunks", ())]
        assert [source.url for source in search.sources] == list(dict.fromkeys(pages))


@pytest.mark.parametrize("one", GOOD, ids=_id)
def test_usage_is_exact(one):
    said = [chunk["usageMetadata"] for chunk in one.chunks if "totalTokenCount" in chunk["usageMetadata"]][-1]
    ended = events_of(one)[-1]
    assert isinstance(ended, StepEnded)
    assert ended.usage is not None
    assert ended.usage.total == said["totalTokenCount"]
    assert ended.usage.input == said.get("promptTokenCount", 0) + said.get("toolUsePromptTokenCount", 0)
    assert ended.usage.reasoning == said.get("thoughtsTokenCount")
    assert ended.usage.cache_read == said.get("cachedContentTokenCount")
    assert mismatches(ended.usage) == []
    assert json.loads(bytes(ended.raw_usage)) == said


@pytest.mark.parametrize("one", WHOLE, ids=_id)
def test_a_whole_answer_streamed_folds_to_the_same_items(one):
    again = streamed(_restreamed(one.chunks[0]))
    check_laws(again)
    assert _plain(items_of(again)) == _plain(items_of(events_of(one)))
    assert again[-1].finish == events_of(one)[-1].finish


def _twins() -> list[tuple[str, Recorded, Recorded]]:
    by_path = {one.path: one for one in GOOD}
    names = [path.removesuffix(".chunks.txt") for path in by_path if path.endswith(".chunks.txt")]
    return [
        (name, by_path[f"{name}.chunks.txt"], by_path[f"{name}.json"])
        for name in names
        if f"{name}.json" in by_path
    ]


@pytest.mark.parametrize(("name", "stream", "one"), _twins(), ids=lambda value: str(value)[:50])
def test_twins_fold_to_the_same_kinds(name, stream, one):
    first, second = items_of(events_of(stream)), items_of(events_of(one))
    if name not in TWINS_THAT_DIFFER:
        assert [type(item) for item in first] == [type(item) for item in second]


@pytest.mark.parametrize("one", REFUSED, ids=_id)
def test_a_refusal_has_its_class(one):
    failure = failure_from_response(one.status, {}, json.dumps(one.chunks[0]).encode())
    assert type(failure) is UpstreamRejected
    assert one.chunks[0]["error"]["message"][:100] in failure.message


@pytest.mark.parametrize("one", [one for one in ANSWERS if one.request], ids=_id)
def test_a_request_is_one_we_could_write(one):
    request = one.request or {}
    assert set(request) <= {*_fields(written.Body), *NOT_MODELLED}
    config = request.get("generationConfig", {})
    assert set(config) <= {*_fields(written.GenerationConfig), *NOT_MODELLED_CONFIG, "responseSchema"}
    assert {_camel(name) for name in config.get("thinkingConfig", {})} <= _fields(written.ThinkingConfig)
    for content in request["contents"]:
        for part in content["parts"]:
            assert {_camel(name) for name in part} <= {*_fields(written.Part), *NOT_PASSED_ON, "thought"}
    for tool in request.get("tools", ()):
        assert set(tool) <= {*_fields(written.Tools), *NOT_MODELLED_TOOLS}
    assert set(request.get("toolConfig", {})) <= {"functionCallingConfig", *NOT_MODELLED_TOOL_CONFIG}


def _fields(kind: Any) -> set[str]:
    return set(kind.__struct_encode_fields__)


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(word.title() for word in rest)


def _parts(one: Recorded) -> list[dict[str, Any]]:
    candidates = [candidate for chunk in one.chunks for candidate in chunk.get("candidates", ())]
    return [part for candidate in candidates for part in candidate.get("content", {}).get("parts", ())]


def _groundings(one: Recorded) -> list[dict[str, Any]]:
    candidates = [candidate for chunk in one.chunks for candidate in chunk.get("candidates", ())]
    return [candidate.get("groundingMetadata", {}) for candidate in candidates]


def _texts(items: tuple[Item, ...]) -> list[str]:
    messages = [item for item in items if isinstance(item, Message)]
    return [part.text for item in messages for part in item.content if isinstance(part, Text)]


def _signatures(items: tuple[Item, ...]) -> list[str]:
    calls = [item.signature for item in items if isinstance(item, FunctionCall) and item.signature]
    thoughts = [item for item in items if isinstance(item, Reasoning)]
    return calls + [part.data for item in thoughts for part in item.content if isinstance(part, Sealed)]


def _restreamed(answer: dict[str, Any]) -> list[dict[str, Any]]:
    """The same answer, a part a chunk."""
    candidate = answer["candidates"][0]
    parts = candidate.get("content", {}).get("parts", [])
    beside = {key: value for key, value in candidate.items() if key != "content"}
    chunks = [
        {**answer, "candidates": [{"index": 0, "content": {"role": "model", "parts": [part]}}]}
        for part in parts
    ]
    return [*chunks, {**answer, "candidates": [beside]}]


def _plain(items: tuple[Item, ...]) -> list[Item]:
    """The items without the ids we mint."""
    return [
        structs.replace(item, id="", call_id="")
        if isinstance(item, FunctionCall | HostedCall)
        else structs.replace(item, id="")
        for item in items
    ]
