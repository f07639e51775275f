"""Answers and requests of real exchanges with the Messages API, read where they lie."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

import msgspec
import pytest

from providers.anthropic import body as written
from providers.anthropic.encode import encode
from providers.anthropic.families import messages_profile
from providers.failures import failure_from_response
from specs.errors import UpstreamError, UpstreamModelMissing, UpstreamRejected
from specs.events import StepEnded, Warned, decode_events, encode_events
from specs.fold import fold
from specs.items import FunctionCall, HostedCall, Item, Message, Reasoning, Text, Thought
from specs.requests import ModelRequest
from specs.tools import WebSearch
from specs.usage import mismatches
from tests.support.anthropic_answers import (
    ORIGIN,
    REAL,
    Answer,
    cut,
    real_answers,
    real_requests,
    streamed,
    whole,
)
from tests.support.laws import check_laws

pytestmark = pytest.mark.skipif(not REAL.is_dir(), reason="the real exchanges are not beside this checkout")

ANSWERS = real_answers() if REAL.is_dir() else []
GOOD = [answer for answer in ANSWERS if answer.status == 200]
REFUSED = [answer for answer in ANSWERS if answer.status != 200]
FILES = 88
STREAMS_MORE = 19
"""Streams beyond the first in the files that hold several."""
SKIPPED: dict[str, str] = {}
"""Answers not tried, each with its reason: none is left out."""
MODELLED = {"text", "thinking", "redacted_thinking", "tool_use", "web_search", "web_search_tool_result"}
"""Kinds of blocks; a call of a tool that the provider runs is known by the tool."""


def events_of(answer: Answer) -> list:
    return whole(answer.body) if answer.frames is None else streamed(answer.frames)


def named(answers: list[Answer]) -> Any:
    return pytest.mark.parametrize("answer", answers, ids=[answer.name for answer in answers])


def blocks_of(answer: Answer) -> list[dict[str, Any]]:
    """The content blocks as the wire starts them."""
    if answer.frames is None:
        return answer.messages[0]["content"]
    found = []
    for frame in answer.messages:
        if frame["type"] == "message_start":
            found.extend(frame["message"]["content"])
        elif frame["type"] == "content_block_start":
            found.append(frame["content_block"])
    return found


def kind_of(block: dict[str, Any]) -> str:
    kind = block["type"]
    return "web_search" if kind == "server_tool_use" and block["name"] == "web_search" else kind


def usage_of(answer: Answer) -> dict[str, Any]:
    """The wire's own counts, the last word on each."""
    told: dict[str, Any] = {}
    for frame in answer.messages:
        report = frame.get("usage") or frame.get("message", {}).get("usage") or {}
        told |= {name: value for name, value in report.items() if value is not None}
    return told


def test_every_answer_is_tried(capsys: pytest.CaptureFixture[str]) -> None:
    files = {answer.name.partition("#")[0] for answer in ANSWERS}
    with capsys.disabled():
        print(
            f"\nanthropic: {len(files)} files, {len(GOOD)} answers decoded, "
            f"{len(REFUSED)} refusals mapped, {len(SKIPPED)} skipped"
        )
    assert len(files) >= FILES
    assert len(GOOD) + len(REFUSED) + len(SKIPPED) >= FILES + STREAMS_MORE


@named(GOOD)
def test_an_answer_decodes_lawfully_and_survives_the_log(answer: Answer) -> None:
    events = events_of(answer)
    check_laws(events)
    assert decode_events(encode_events(events)) == events


@named(GOOD)
def test_nothing_in_an_answer_vanishes(answer: Answer) -> None:
    events = events_of(answer)
    kinds = Counter(map(kind_of, blocks_of(answer)))
    told = " ".join(event.message for event in events if isinstance(event, Warned))
    assert all(repr(kind) in told for kind in kinds if kind not in MODELLED)
    items = fold(events).items
    thoughts = [part for item in items if isinstance(item, Reasoning) for part in item.content]
    said = [part for item in items if isinstance(item, Message) for part in item.content]
    calls = [item for item in items if isinstance(item, FunctionCall)]
    assert len(said) == kinds["text"]
    assert len(thoughts) == kinds["thinking"] + kinds["redacted_thinking"]
    assert len(calls) == kinds["tool_use"]
    searches = [item for item in items if isinstance(item, HostedCall)]
    assert len(searches) == kinds["web_search"] == kinds["web_search_tool_result"]
    results = [block["content"] for block in blocks_of(answer) if block["type"] == "web_search_tool_result"]
    assert [[source.url for source in search.sources] for search in searches] == [
        [page["url"] for page in pages] for pages in results
    ]
    assert all(isinstance(json.loads(call.arguments), dict) for call in calls)


@named(GOOD)
def test_usage_is_exact(answer: Answer) -> None:
    told, usage = usage_of(answer), fold(events_of(answer)).usage
    read, written_ = told.get("cache_read_input_tokens"), told.get("cache_creation_input_tokens")
    assert usage.input == told["input_tokens"] + (read or 0) + (written_ or 0)
    assert usage.cache_read == read
    assert (usage.cache_write or 0) + (usage.cache_write_1h or 0) == (written_ or 0)
    assert usage.reasoning == told.get("output_tokens_details", {}).get("thinking_tokens")
    pieces = told.get("server_tool_use") or {}
    assert sum(usage.units.values()) == sum(pieces.values())
    final = answer.frames is None or any(frame["type"] == "message_delta" for frame in answer.messages)
    assert usage.output == (told["output_tokens"] if final else None)
    assert not mismatches(usage)


@named([answer for answer in GOOD if answer.frames is not None])
def test_a_stream_cut_after_any_frame_stays_lawful(answer: Answer) -> None:
    frames = answer.frames or []
    for length in range(1, len(frames), max(1, len(frames) // 12)):
        check_laws(cut(frames[:length]))


@named(REFUSED)
def test_a_refusal_has_its_class(answer: Answer) -> None:
    failure = failure_from_response(answer.status, {}, answer.body)
    assert isinstance(failure, UpstreamError)
    assert isinstance(failure, {404: UpstreamModelMissing, 400: UpstreamRejected}[answer.status])


def bare(item: Item) -> Any:
    """An item without what differs from one answer to the next: ids, and how JSON is spaced."""
    match item:
        case FunctionCall():
            return (item.name, json.loads(item.arguments))
        case HostedCall():
            return (json.loads(item.arguments), json.loads(item.native or ""), item.output, item.sources)
        case Message():
            return [(part.text, part.annotations) for part in item.content if isinstance(part, Text)]
        case _:
            return item


@named([answer for answer in GOOD if answer.frames is not None])
def test_a_streamed_answer_folds_to_the_same_items_as_the_whole_one(answer: Answer) -> None:
    """The whole twin is put together by the published rules: most recorded pairs are of two answers."""
    message = assembled(answer)
    from_stream, from_whole = fold(streamed(answer.frames or [])), fold(whole(json.dumps(message).encode()))
    assert [bare(item) for item in from_stream.items] == [
        bare(item) if not isinstance(item, Reasoning) else from_stream.items[position]
        for position, item in enumerate(from_whole.items)
    ]
    assert thoughts_of(from_stream.items) == thoughts_of(from_whole.items)
    assert from_stream.finish == from_whole.finish


@pytest.mark.parametrize("name", ["anthropic-json-other-tool.1", "anthropic-refusal"])
def test_a_recorded_stream_folds_to_the_same_items_as_its_recorded_twin(name: str) -> None:
    recorded = {answer.name: answer for answer in ANSWERS}
    streamed_one = fold(events_of(recorded[f"{name}.chunks.txt#0"]))
    whole_one = fold(events_of(recorded[f"{name}.json"]))
    assert [bare(item) for item in streamed_one.items] == [bare(item) for item in whole_one.items]
    assert (streamed_one.finish, streamed_one.usage) == (whole_one.finish, whole_one.usage)


def thoughts_of(items: tuple[Item, ...]) -> list[Any]:
    return [item.content for item in items if isinstance(item, Reasoning)]


def assembled(answer: Answer) -> dict[str, Any]:
    """What the official SDKs accumulate: blocks by index, their deltas joined."""
    message: dict[str, Any] = {}
    for frame in answer.messages:
        match frame:
            case {"type": "message_start"}:
                message = message or frame["message"]
            case {"type": "content_block_start"}:
                message["content"].append(dict(frame["content_block"]))
            case {"type": "content_block_delta"}:
                grow(message["content"][frame["index"]], frame["delta"])
            case {"type": "message_delta"}:
                message["stop_reason"] = frame["delta"]["stop_reason"]
    for block in message["content"]:
        if isinstance(pieces := block.pop("pieces", None), str):
            block["input"] = json.loads(pieces or "{}")
    return message


def grow(block: dict[str, Any], delta: dict[str, Any]) -> None:
    match delta:
        case {"type": "text_delta"}:
            block["text"] += delta["text"]
        case {"type": "thinking_delta"}:
            block["thinking"] += delta["thinking"]
        case {"type": "signature_delta"}:
            block["signature"] += delta["signature"]
        case {"type": "input_json_delta"}:
            block["pieces"] = block.get("pieces", "") + delta["partial_json"]
        case {"type": "citations_delta"}:
            block["citations"] = [*(block.get("citations") or []), delta["citation"]]


SEARCHED = {"server_tool_use", "web_search_tool_result"}
SEARCHING = [answer for answer in GOOD if "web_search" in map(kind_of, blocks_of(answer))]


@named(SEARCHING)
def test_searches_return_as_they_were(answer: Answer) -> None:
    items = fold(events_of(answer)).items
    request = ModelRequest("claude-sonnet-4-5", items, search=WebSearch())
    encoded = encode(request, profile=messages_profile(request.model), origin=ORIGIN)
    turns = json.loads(encoded.body)["messages"]
    sent = [block for turn in turns for block in turn["content"] if block["type"] in SEARCHED]
    message = answer.messages[0] if answer.frames is None else assembled(answer)
    assert sent == [block for block in message["content"] if block["type"] in SEARCHED]


THOUGHTS = {"thinking", "redacted_thinking"}
THINKING = [answer for answer in GOOD if THOUGHTS & {block["type"] for block in blocks_of(answer)}]


@named(THINKING)
def test_thoughts_return_byte_for_byte(answer: Answer) -> None:
    items = fold(events_of(answer)).items
    # A turn must not end in a thought: what follows here stands for the rest of the conversation.
    request = ModelRequest("claude-sonnet-4-5", (*items, Message("m", "assistant", (Text("…"),))))
    encoded = encode(request, profile=messages_profile(request.model), origin=ORIGIN)
    sent = [
        block
        for turn in json.loads(encoded.body)["messages"]
        for block in turn["content"]
        if block["type"] in THOUGHTS
    ]
    message = answer.messages[0] if answer.frames is None else assembled(answer)
    assert sent == [block for block in message["content"] if block["type"] in THOUGHTS]


def test_a_thought_of_another_origin_stays_here() -> None:
    thought = Reasoning("rs", (Thought("secret", "c2ln"),), origin="anthropic:elsewhere")
    request = ModelRequest("claude-sonnet-4-5", (thought, Message("m", "assistant", (Text("…"),))))
    assert b"secret" not in encode(request, profile=messages_profile(request.model), origin=ORIGIN).body


NOT_MODELLED = {
    "cache_control": "the marks on blocks do what one for the whole request does",
    "container": "code execution by the provider is not offered",
    "mcp_servers": "MCP servers are called by the service, where its address policy holds",
    "tools[].type=advisor_20260301": "tools that the provider runs are not offered",
    "tools[].type=code_execution_20260120": "tools that the provider runs are not offered",
    "tools[].type=tool_search_tool_bm25_20251119": "tools that the provider runs are not offered",
    "tools[].type=web_fetch_20250910": "tools that the provider runs are not offered",
    "tools[].type=custom": "the default, left out",
    "tools[].defer_loading": "there is no tool search to load them",
    "tools[].max_tokens": "of a tool that the provider runs",
    "tools[].model": "of a tool that the provider runs",
    "block=container_upload": "files of the provider's own store are not used",
    "block=server_tool_use": "a search goes back as it came; other calls are told of, not replayed",
    "block=bash_code_execution_tool_result": "calls that the provider ran are told of, not replayed",
    "block=tool_search_tool_result": "calls that the provider ran are told of, not replayed",
    "block=tool_reference": "there is no tool search to load them",
    "block=tool_addition": "there is no tool search to load them",
    "source=file": "files of the provider's own store are not used",
}
"""What real requests hold that ours never will, and why."""

BODY_FIELDS = {field.name for field in msgspec.structs.fields(written.Body)}
SEARCH = str(written.SearchTool.__struct_config__.tag)
TOOL_FIELDS = {
    field.name for kind in (written.ToolParam, written.SearchTool) for field in msgspec.structs.fields(kind)
}
BLOCKS: dict[str, type[msgspec.Struct]] = {
    str(kind.__struct_config__.tag): kind
    for kind in (
        written.TextBlock,
        written.ImageBlock,
        written.DocumentBlock,
        written.ThinkingBlock,
        written.RedactedThinkingBlock,
        written.ToolUseBlock,
        written.ToolResultBlock,
    )
}


def fields_we_lack(request: dict[str, Any]) -> set[str]:
    found = {name for name in request if name not in BODY_FIELDS}
    for tool in request.get("tools") or []:
        found |= {f"tools[].{name}" for name in tool if name not in TOOL_FIELDS | {"type"}}
        found |= {f"tools[].type={tool['type']}"} if tool.get("type", SEARCH) != SEARCH else set()
    for turn in request["messages"]:
        assert turn["role"] in ("user", "assistant", "system")
        found |= blocks_we_lack(turn["content"])
    if isinstance(request.get("system"), list):
        found |= blocks_we_lack(request["system"])
    return found


def blocks_we_lack(blocks: Any) -> set[str]:
    found: set[str] = set()
    for block in blocks if isinstance(blocks, list) else []:
        kind = BLOCKS.get(block["type"])
        if kind is None:
            found.add(f"block={block['type']}")
            continue
        known = {"type", *(field.name for field in msgspec.structs.fields(kind))}
        found |= {f"{block['type']}.{name}" for name in block if name not in known}
        source = block.get("source", {}).get("type", "base64")
        found |= {f"source={source}"} if source not in ("base64", "url", "text") else set()
        found |= blocks_we_lack(block.get("content"))
    return found


def test_every_request_is_one_we_could_write_or_names_what_we_do_not_model() -> None:
    requests = real_requests()
    lacking = {field for _, request in requests for field in fields_we_lack(request)}
    assert len(requests) >= 58
    assert lacking == set(NOT_MODELLED)


def test_settings_of_every_request_fit_what_we_write() -> None:
    for _, request in real_requests():
        for name, kind in (
            ("thinking", written.Thinking),
            ("tool_choice", written.ToolChoiceParam),
            ("output_config", written.OutputConfig),
        ):
            if name in request:
                msgspec.json.decode(json.dumps(request[name]), type=kind)


def test_usage_events_are_the_last_of_every_answer() -> None:
    assert all(isinstance(events_of(answer)[-1], StepEnded) for answer in GOOD)
