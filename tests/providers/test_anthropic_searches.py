"""The provider's own search over the Messages API: asked for, read, and said again."""

from __future__ import annotations

import json
from typing import Any

import pytest

from providers.anthropic.encode import encode
from providers.anthropic.families import messages_profile
from specs.events import Event, Warned
from specs.fold import fold
from specs.items import (
    FunctionCall,
    FunctionResult,
    HostedCall,
    Item,
    Message,
    Reasoning,
    Source,
    Text,
    Thought,
)
from specs.requests import FunctionTool, ModelRequest, Settings, ToolChoice
from specs.tools import Location, WebSearch
from tests.support.anthropic_answers import ORIGIN, Frame, cut, own, streamed, whole
from tests.support.laws import check_laws

MODEL = "claude-sonnet-4-5"
PAGE = {
    "type": "web_search_result",
    "url": "https://a.example/",
    "title": "A",
    "encrypted_content": "c2VhbA==",
}
USE = {"type": "server_tool_use", "id": "srvtoolu_1", "name": "web_search", "input": {"query": "Lisbon"}}
RESULT = {"type": "web_search_tool_result", "tool_use_id": "srvtoolu_1", "content": [PAGE]}
FAILURE = {"type": "web_search_tool_result_error", "error_code": "max_uses_exceeded"}
TEXT = {"type": "text", "text": "Mild."}
HELLO = Message("u", "user", (Text("Weather?"),))
AGAIN = Message("u2", "user", (Text("Sure?"),))
LOOK_UP = FunctionTool("look_up")


def answered(*content: Any, stop: str = "end_turn") -> list[Event]:
    message = {"type": "message", "id": "m", "model": MODEL, "content": content, "stop_reason": stop}
    events = whole(json.dumps(message).encode())
    check_laws(events)
    return events


def items_of(*content: Any, stop: str = "end_turn") -> tuple[Item, ...]:
    return fold(answered(*content, stop=stop)).items


def search_of(*content: Any) -> HostedCall:
    found = items_of(*content)[0]
    assert isinstance(found, HostedCall)
    return found


def frame(kind: str, index: int, **fields: Any) -> Frame:
    name = f"content_block_{kind}"
    return name, json.dumps({"type": name, "index": index, **fields}).encode()


def frames(*between: Frame) -> list[Frame]:
    """A stream's frames around those of its blocks."""
    start, *_, delta, stop = own("text")
    return [start, *between, delta, stop]


def body_of(*items: Item, search: WebSearch | None, model: str = MODEL, **fields: Any) -> dict[str, Any]:
    return encoded(*items, search=search, model=model, **fields)[0]


def encoded(
    *items: Any, search: WebSearch | None, model: str = MODEL, origin: str = ORIGIN, **fields: Any
) -> tuple[dict[str, Any], str]:
    request = ModelRequest(model, items, search=search, **fields)
    written = encode(request, profile=messages_profile(model), origin=origin)
    return json.loads(written.body), " ".join(words for _, words in written.warnings)


def test_a_search_is_asked_for_in_its_words() -> None:
    search = WebSearch(("example.org",), location=Location("Porto", country="PT"), max_uses=3)
    body, told = encoded(HELLO, search=search, tools=(LOOK_UP,))
    assert body["tools"][1] == {
        "type": "web_search_20250305",
        "name": "web_search",
        "max_uses": 3,
        "allowed_domains": ["example.org"],
        "user_location": {"type": "approximate", "city": "Porto", "country": "PT"},
        "cache_control": {"type": "ephemeral"},
    }
    assert "tool_choice" not in body
    assert told == ""


def test_what_it_has_no_word_for_is_told_of() -> None:
    body, told = encoded(HELLO, search=WebSearch(context_size="high"))
    assert "search_context_size is left out" in told
    assert body["tools"][0]["name"] == "web_search"


def test_domains_are_left_out_where_none_are_kept_to() -> None:
    body = body_of(HELLO, search=WebSearch(blocked_domains=("ads.example",)))
    assert body["tools"][0]["blocked_domains"] == ["ads.example"]


def test_a_search_with_both_lists_is_left_out_and_not_demanded() -> None:
    search = WebSearch(("a.example",), ("b.a.example",))
    demanded = ToolChoice("required", "web_search")
    body, told = encoded(HELLO, search=search, tools=(LOOK_UP,), tool_choice=demanded)
    assert "The provider's search was left out" in told
    assert [tool["name"] for tool in body["tools"]] == ["look_up"]
    assert "tool_choice" not in body


def test_a_function_of_its_name_goes_before_it() -> None:
    body, told = encoded(HELLO, search=WebSearch(), tools=(FunctionTool("web_search"),))
    assert "The provider's search was left out" in told
    assert ["type" in tool for tool in body["tools"]] == [False]


def test_it_can_be_demanded_and_forbidden() -> None:
    demanded = body_of(HELLO, search=WebSearch(), tool_choice=ToolChoice("required", "web_search"))
    assert demanded["tool_choice"] == {"type": "tool", "name": "web_search"}
    single = Settings(parallel_tool_calls=False)
    assert "tool_choice" not in body_of(HELLO, search=WebSearch(), settings=single)
    only = ToolChoice(allowed=("look_up",))
    without = body_of(HELLO, search=WebSearch(), tools=(LOOK_UP,), tool_choice=only)
    assert [tool["name"] for tool in without["tools"]] == ["look_up"]


@pytest.mark.parametrize(
    ("model", "can"),
    [
        ("claude-3-haiku-20240307", False),
        ("claude-3-5-sonnet-20240620", False),
        ("claude-3-5-haiku-20241022", True),
        ("claude-3-7-sonnet-20250219", True),
        ("claude-opus-4-1", True),
        ("claude-haiku-4-5", True),
        ("claude-sonnet-5-5", True),
        ("other", False),
    ],
)
def test_which_models_have_one_is_known(model: str, can: bool) -> None:
    assert messages_profile(model).searches is can


def test_both_blocks_are_one_call_in_its_place() -> None:
    search, said = items_of(USE, RESULT, TEXT)
    assert isinstance(search, HostedCall)
    assert (search.kind, search.call_id, search.status) == ("web_search", "srvtoolu_1", "completed")
    assert json.loads(search.arguments) == {"query": "Lisbon"}
    assert search.sources == (Source("https://a.example/", "A"),)
    assert search.output == "Found:\n[1] A\nhttps://a.example/"
    assert isinstance(said, Message)


def test_a_stream_gives_the_same_call() -> None:
    pieces = ('{"query": ', '"Lisbon"}')
    events = streamed(
        frames(
            frame("start", 0, content_block={**USE, "input": {}}),
            *(frame("delta", 0, delta={"type": "input_json_delta", "partial_json": it}) for it in pieces),
            frame("stop", 0),
            frame("start", 1, content_block=RESULT),
            frame("stop", 1),
        )
    )
    check_laws(events)
    (search,) = fold(events).items
    assert isinstance(search, HostedCall)
    assert json.loads(search.native or "") == [USE, RESULT]
    assert search.output == search_of(USE, RESULT).output


def test_searches_beside_each_other_have_their_own_results() -> None:
    other = {**USE, "id": "srvtoolu_2", "input": {"query": "Porto"}}
    found = items_of(USE, other, {**RESULT, "tool_use_id": "srvtoolu_2", "content": []}, RESULT, TEXT)
    assert [item.output for item in found if isinstance(item, HostedCall)] == [
        "Found:\n[1] A\nhttps://a.example/",
        "Nothing was found.",
    ]


@pytest.mark.parametrize("content", [FAILURE, "garbled", None, [1]])
def test_a_failed_search_says_so(content: Any) -> None:
    search = search_of(USE, {**RESULT, "content": content}, TEXT)
    assert search.status == "failed"
    assert (search.error or "").startswith("The search failed")
    assert search.code == ("max_uses_exceeded" if content is FAILURE else None)


def test_a_search_without_its_result_is_unfinished() -> None:
    found = items_of(TEXT, USE, stop="pause_turn")
    assert [item.status for item in found if isinstance(item, HostedCall)] == ["incomplete"]
    assert [item.native for item in found if isinstance(item, HostedCall)] == [None]


def test_a_result_nobody_asked_for_and_other_tools_are_told_of() -> None:
    events = answered({**USE, "name": "web_fetch"}, RESULT, TEXT)
    told = " ".join(event.message for event in events if isinstance(event, Warned))
    assert "'server_tool_use'" in told
    assert "'web_search_tool_result'" in told
    assert [type(item) for item in fold(events).items] == [Message]


def test_a_result_may_come_before_its_call_has_ended_and_be_cut() -> None:
    overlapping = frames(
        frame("start", 0, content_block=USE),
        frame("start", 1, content_block=RESULT),
        frame("stop", 0),
        frame("stop", 1),
    )
    assert fold(streamed(overlapping)).items[0].status == "completed"  # pyright: ignore[reportAttributeAccessIssue]
    for length in range(1, len(overlapping)):
        check_laws(cut(overlapping[:length]))


def test_arguments_that_are_no_object_do_not_go_back() -> None:
    delta = {"type": "input_json_delta", "partial_json": '{"query": '}
    events = streamed(
        frames(
            frame("start", 0, content_block={**USE, "input": {}}),
            frame("delta", 0, delta=delta),
            frame("stop", 0),
            frame("start", 1, content_block=RESULT),
        )
    )
    (search,) = fold(events).items
    assert isinstance(search, HostedCall)
    assert search.native is None


def test_it_goes_back_where_it_stood() -> None:
    thought = Reasoning("rs", (Thought("Hm.", "c2ln"),), origin=ORIGIN)
    turns = body_of(HELLO, thought, *items_of(USE, RESULT, TEXT), AGAIN, search=WebSearch())["messages"]
    assert [turn["role"] for turn in turns] == ["user", "assistant", "user"]
    assert turns[1]["content"][1:] == [USE, RESULT, TEXT]


def test_a_call_beside_it_is_answered_in_the_next_turn() -> None:
    call, result = FunctionCall("fc", "call_1", "look_up"), FunctionResult("fr", "call_1", (Text("Yes."),))
    turns = body_of(HELLO, call, search_of(USE, RESULT), result, search=WebSearch(), tools=(LOOK_UP,))
    kinds = [[block["type"] for block in turn["content"]] for turn in turns["messages"]]
    assert kinds == [["text"], ["tool_use", "server_tool_use", "web_search_tool_result"], ["tool_result"]]


@pytest.mark.parametrize(
    ("origin", "search"),
    [("anthropic:elsewhere", WebSearch()), (ORIGIN, None)],
    ids=["another origin", "no search"],
)
def test_elsewhere_it_is_told_as_a_call(origin: str, search: WebSearch | None) -> None:
    items = (HELLO, search_of(USE, RESULT), AGAIN)
    body, _ = encoded(*items, search=search, origin=origin)
    (use,), (result, _) = body["messages"][1]["content"], body["messages"][2]["content"]
    assert (use["type"], use["input"]) == ("tool_use", {"query": "Lisbon"})
    assert result["content"] == [{"type": "text", "text": "Found:\n[1] A\nhttps://a.example/"}]
    assert "c2VhbA==" not in json.dumps(body)


def test_the_same_search_does_not_go_back_twice() -> None:
    search = search_of(USE, RESULT)
    body = body_of(HELLO, search, search, AGAIN, search=WebSearch())
    kinds = [block["type"] for turn in body["messages"] for block in turn["content"]]
    assert kinds.count("server_tool_use") == 1
    assert kinds.count("tool_use") == kinds.count("tool_result") == 1


def test_its_bytes_are_untouched() -> None:
    spaced = b'{"type" : "web_search_tool_result", "tool_use_id":"srvtoolu_1", "content" : [ ]}'
    message = b'{"type":"message","content":[%s,%s],"stop_reason":"end_turn"}'
    use = json.dumps(USE).encode()
    (search,) = fold(whole(message % (use, spaced))).items
    assert isinstance(search, HostedCall)
    assert (search.native or "").encode() == b"[%s,%s]" % (use, spaced)
    request = ModelRequest(MODEL, (HELLO, search, AGAIN), search=WebSearch())
    assert spaced in encode(request, profile=messages_profile(MODEL), origin=ORIGIN).body
