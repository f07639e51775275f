"""Google's own search: who may ask for it, what is told of it, and how its searches are counted."""

from __future__ import annotations

import json
from typing import Any

import pytest
from msgspec import structs

from providers.google.encode import encode
from providers.google.families import gemini_profile
from specs.events import ItemEnded, ItemStarted, Warned
from specs.fold import fold
from specs.items import HostedCall, Message, Source, Text
from specs.requests import FunctionTool, ModelRequest, ResponseFormat, Settings, ToolChoice
from specs.tools import Location, WebSearch
from tests.support.google_answers import ORIGIN, chunk, counts, decoder, items_of, streamed, whole
from tests.support.laws import check_laws

USER = Message("m1", "user", (Text("Weather?"),))
WEATHER = FunctionTool("weather")
FOUND: dict[str, Any] = {
    "webSearchQueries": ["Lisbon weather", "", "Lisbon rain"],
    "groundingChunks": [
        {"web": {"uri": "https://a.example", "title": "A"}},
        {"retrievedContext": {"title": "no page"}},
        {"web": {"uri": "https://b.example", "title": "B"}},
    ],
    "groundingSupports": [{"segment": {"startIndex": 0, "endIndex": 4}, "groundingChunkIndices": [2]}],
}


def answer(finish: str = "STOP") -> dict[str, Any]:
    last = chunk({"text": "Mild."}, finish=finish, usageMetadata=counts(3, 2))
    last["candidates"][0]["groundingMetadata"] = FOUND
    return last


def asked(
    *items: Any, model: str = "gemini-3-flash-preview", search: WebSearch | None = None, **fields: Any
) -> tuple[dict[str, Any], list[str]]:
    request = ModelRequest(model, items or (USER,), search=search or WebSearch(), **fields)
    encoded = encode(request, profile=gemini_profile(model), origin=ORIGIN)
    return json.loads(encoded.body), [words for _, words in encoded.warnings]


def test_the_search_is_a_tool_of_its_own() -> None:
    body, warnings = asked()
    assert body["tools"] == [{"googleSearch": {}}]
    assert "toolConfig" not in body
    assert warnings == []


@pytest.mark.parametrize(
    ("model", "can"),
    [
        ("gemini-3-flash-preview", True),
        ("models/gemini-2.5-pro", True),
        ("gemini-2.0-flash", True),
        ("gemini-4-pro", True),
        ("gemini-2.0-flash-lite", False),
        ("gemini-2.5-flash-image", False),
        ("gemini-1.5-pro", False),
        ("gemma-3", False),
    ],
)
def test_families_that_have_one(model: str, can: bool) -> None:
    assert gemini_profile(model).searches is can


def test_beside_functions_it_is_left_out_and_the_functions_stay() -> None:
    body, warnings = asked(tools=(WEATHER,), tool_choice=ToolChoice("required", name="web_search"))
    assert [list(tool) for tool in body["tools"]] == [["functionDeclarations"]]
    assert "toolConfig" not in body
    assert warnings == ["tools: the search was left out: the provider does not search beside functions"]


def test_a_choice_of_the_search_and_a_function_is_one_of_the_function() -> None:
    choice = ToolChoice("required", allowed=("web_search", "weather"))
    body, _ = asked(tools=(WEATHER,), tool_choice=choice)
    assert body["toolConfig"]["functionCallingConfig"]["allowedFunctionNames"] == ["weather"]


@pytest.mark.parametrize("choice", [ToolChoice("none"), ToolChoice(allowed=()), ToolChoice(allowed=("f",))])
def test_who_may_not_search_is_not_given_the_search(choice: ToolChoice) -> None:
    body, warnings = asked(tool_choice=choice)
    assert "tools" not in body
    assert warnings == []


@pytest.mark.parametrize(
    ("search", "why"), [(WebSearch(("example.org",)), "domains"), (WebSearch(max_uses=0), "no use of it")]
)
def test_what_bounds_it_and_cannot_be_kept_to_leaves_it_out(search: WebSearch, why: str) -> None:
    body, (warning,) = asked(search=search)
    assert "tools" not in body
    assert why in warning


@pytest.mark.parametrize(
    ("search", "what"),
    [
        (WebSearch(context_size="high"), "search_context_size"),
        (WebSearch(location=Location(city="Porto")), "user_location"),
        (WebSearch(max_uses=2), "limit of uses"),
    ],
)
def test_what_it_does_not_take_is_told(search: WebSearch, what: str) -> None:
    body, (warning,) = asked(search=search)
    assert body["tools"] == [{"googleSearch": {}}]
    assert what in warning


def test_that_it_cannot_be_demanded_is_told() -> None:
    body, (warning,) = asked(tool_choice=ToolChoice("required", name="web_search"))
    assert body["tools"] == [{"googleSearch": {}}]
    assert warning.startswith("tool_choice: ")


def test_beside_it_older_models_are_not_held_to_json() -> None:
    settings = Settings(response_format=ResponseFormat("json_object"))
    body, (warning,) = asked(model="gemini-2.5-pro", settings=settings)
    assert "responseMimeType" not in body.get("generationConfig", {})
    assert "held to JSON" in warning


def test_what_was_searched_is_one_call_behind_the_text_streamed_and_whole() -> None:
    for events in (streamed([chunk({"text": "So: "}), answer()]), whole(answer())):
        check_laws(events)
        message, search = items_of(events)
        assert isinstance(message, Message)
        assert isinstance(search, HostedCall)
        assert [note.url for note in message.content[0].annotations] == ["https://b.example"]
        assert search.kind == "web_search"
        assert json.loads(search.arguments) == {"query": "Lisbon weather | Lisbon rain"}
        assert search.sources == (Source("https://a.example", "A"), Source("https://b.example", "B"))
        assert (search.status, search.origin) == ("completed", ORIGIN)
        assert not any(isinstance(event, Warned) for event in events)
        kinds = [type(event) for event in events if isinstance(event, ItemStarted | ItemEnded)]
        assert kinds == [ItemStarted, ItemEnded] * 2


def test_a_text_that_was_cut_stays_cut() -> None:
    message, search = items_of(streamed([answer("MAX_TOKENS")]))
    assert (message.status, search.status) == ("incomplete", "completed")


def test_what_is_told_twice_is_searched_once() -> None:
    first = answer()
    del first["candidates"][0]["finishReason"]
    events = streamed([first, answer()])
    assert len([item for item in items_of(events) if isinstance(item, HostedCall)]) == 1
    assert events[-1].usage.units == {"web_searches": 2}


@pytest.mark.parametrize(("once", "searches"), [(False, 2), (True, 1)])
def test_searches_are_counted_as_the_family_is_charged(once: bool, searches: int) -> None:
    reading = decoder(search_once=once)
    reading.whole(json.dumps(answer()).encode())
    assert fold(reading.tracker.take()).usage.units == {"web_searches": searches}


def test_families_are_charged_by_query_or_by_prompt() -> None:
    assert gemini_profile("gemini-2.5-flash").search_once
    assert not gemini_profile("gemini-3-pro").search_once


def test_a_search_does_not_return_to_who_made_it_and_is_told_to_others() -> None:
    _, search = items_of(streamed([answer()]))
    body, _ = asked(USER, Message("a", "assistant", (Text("Mild."),)), search, USER)
    assert [part for content in body["contents"] for part in content["parts"] if "text" not in part] == []
    elsewhere = structs.replace(search, origin="responses:elsewhere")
    body, _ = asked(USER, elsewhere, tools=(WEATHER,))
    (call,) = body["contents"][1]["parts"]
    assert call["functionCall"]["args"] == {"query": "Lisbon weather | Lisbon rain"}
    assert "https://a.example" in body["contents"][2]["parts"][0]["functionResponse"]["response"]["output"]


def test_beside_the_search_anothers_is_told_as_its_query() -> None:
    search = HostedCall("ws", "ws", "web_search", "web_search", '{"query":"Porto"}', "x", kind="web_search")
    body, _ = asked(USER, search, USER)
    (content,) = body["contents"]
    assert [part["text"] for part in content["parts"]] == [
        "Weather?",
        '<web_search>\n{"query":"Porto"}\n</web_search>',
        "Weather?",
    ]


def test_an_answer_that_was_not_searched_for_has_no_search() -> None:
    plain = chunk({"text": "Hi."}, finish="STOP", usageMetadata=counts(3, 2))
    plain["candidates"][0]["groundingMetadata"] = {}
    events = streamed([plain])
    assert [type(item) for item in items_of(events)] == [Message]
    assert events[-1].usage.units == {}
