"""Google's adapter: what it reads and writes, beside what the recordings show."""

from __future__ import annotations

import json
from typing import Any

import pytest
from msgspec import Raw

from providers.google.encode import encode
from providers.google.families import gemini_profile
from specs.errors import UpstreamCut, UpstreamRateLimited
from specs.events import StepEnded, Warned
from specs.items import (
    Audio,
    File,
    FunctionCall,
    FunctionResult,
    HostedCall,
    Image,
    Message,
    Reasoning,
    Sealed,
    Summary,
    Text,
    UrlCitation,
)
from specs.requests import FunctionTool, ModelRequest, ResponseFormat, Settings, ToolChoice
from specs.usage import Usage
from tests.support.google_answers import ORIGIN, chunk, counts, cut, items_of, streamed
from tests.support.laws import check_laws

USER = Message("m1", "user", (Text("hi"),))
JSON = Settings(response_format=ResponseFormat("json_object"))
WEATHER = FunctionTool(
    "weather", "Tells it.", Raw(b'{"type":"object","properties":{"city":{"type":"string"}}}')
)


def written(
    *items: Any, model: str = "gemini-3-flash-preview", origin: str = ORIGIN, **fields: Any
) -> dict[str, Any]:
    request = ModelRequest(model, items or (USER,), **fields)
    return json.loads(encode(request, profile=gemini_profile(model), origin=origin).body)


def warned(model: str = "gemini-2.5-pro", **fields: Any) -> list[str]:
    request = ModelRequest(model, (USER,), **fields)
    return [field for field, _ in encode(request, profile=gemini_profile(model), origin=ORIGIN).warnings]


def test_system_messages_at_the_head_are_instructions():
    body = written(Message("s", "developer", (Text("Be kind."),)), USER, instructions="Be brief.")
    assert [part["text"] for part in body["systemInstruction"]["parts"]] == ["Be brief.", "Be kind."]
    assert body["contents"] == [{"role": "user", "parts": [{"text": "hi"}]}]


def test_a_system_message_in_between_is_marked_user_text():
    body = written(USER, Message("s", "system", (Text("Now French."),)))
    assert body["contents"][0]["parts"][1]["text"] == "<system>\nNow French.\n</system>"


def test_parallel_calls_share_a_turn_and_so_do_their_results():
    calls = [FunctionCall(f"f{n}", f"call_{n}", "weather", '{"city":"Bern"}') for n in (1, 2)]
    results = [FunctionResult(f"r{n}", f"call_{n}", (Text("sun"),)) for n in (1, 2)]
    user, model, answers = written(USER, *calls, *results)["contents"]
    assert (user["role"], model["role"], answers["role"]) == ("user", "model", "user")
    assert [part["functionCall"]["id"] for part in model["parts"]] == ["call_1", "call_2"]
    assert [part["functionResponse"]["response"] for part in answers["parts"]] == [{"output": "sun"}] * 2


def test_a_call_goes_back_with_its_signature():
    call = FunctionCall("f", "c", "weather", "{}", signature="c2ln")
    assert written(USER, call)["contents"][1]["parts"][0]["thoughtSignature"] == "c2ln"


def test_a_call_nobody_signed_says_so_where_a_signature_is_wanted():
    call = FunctionCall("f", "c", "weather", "{}")
    assert written(USER, call)["contents"][1]["parts"][0]["thoughtSignature"].startswith("skip_thought")
    assert "thoughtSignature" not in written(USER, call, model="gemini-2.5-pro")["contents"][1]["parts"][0]


def test_sealed_thoughts_return_only_to_their_origin():
    thought = Reasoning("r", (Summary("hm"), Sealed("c2VhbA==")), origin=ORIGIN)
    assert written(USER, thought, USER)["contents"][1]["parts"] == [
        {"text": "", "thoughtSignature": "c2VhbA=="}
    ]
    assert len(written(USER, thought, USER, origin="gemini:elsewhere")["contents"]) == 1


def test_a_result_with_an_image_holds_it_or_has_it_beside():
    call = FunctionCall("f", "c", "shot", "{}")
    result = FunctionResult("r", "c", (Text("see"), Image("data:image/png;base64,AAAA")))
    inside = written(USER, call, result)["contents"][2]["parts"]
    beside = written(USER, call, result, model="gemini-2.5-flash")["contents"][2]["parts"]
    data = {"inlineData": {"mimeType": "image/png", "data": "AAAA"}}
    assert inside[0]["functionResponse"]["parts"] == [data]
    assert beside[1] == data


def test_hosted_work_is_a_call_and_its_result():
    hosted = HostedCall("h", "c", "label", "search", '{"q":1}', output="found")
    _, model, user = written(USER, hosted)["contents"]
    assert model["parts"][0]["functionCall"]["args"] == {"q": 1}
    assert user["parts"][0]["functionResponse"]["response"] == {"output": "found"}


@pytest.mark.parametrize(
    ("part", "expected"),
    [
        (Image("https://x.example/a.jpg"), ("fileData", "fileUri", "https://x.example/a.jpg", "image/jpeg")),
        (File("data:application/pdf;base64,JVBERi0="), ("inlineData", "data", "JVBERi0=", "application/pdf")),
        (Audio("AAAA", "wav"), ("inlineData", "data", "AAAA", "audio/wav")),
    ],
)
def test_media_go_inline_or_by_their_address(part, expected):
    kind, field, value, media_type = expected
    (sent,) = written(Message("m", "user", (part,)))["contents"][0]["parts"]
    assert sent == {kind: {field: value, "mimeType": media_type}}


def test_tools_keep_their_schema_and_choices_their_names():
    body = written(tools=(WEATHER,), tool_choice=ToolChoice("required", name="weather"))
    declared = body["tools"][0]["functionDeclarations"][0]
    assert declared["parametersJsonSchema"] == json.loads(bytes(WEATHER.parameters))
    assert body["toolConfig"]["functionCallingConfig"] == {"mode": "ANY", "allowedFunctionNames": ["weather"]}


@pytest.mark.parametrize(
    ("model", "effort", "config"),
    [
        ("gemini-3-flash-preview", "low", {"thinkingLevel": "low"}),
        ("gemini-3-pro-preview", "minimal", {"thinkingLevel": "low"}),
        ("gemini-2.5-flash", "none", {"thinkingBudget": 0}),
        ("gemini-2.5-pro", "none", {"thinkingBudget": 128}),
        ("gemini-2.0-flash", "none", None),
    ],
)
def test_effort_is_a_level_or_a_budget(model, effort, config):
    body = written(model=model, settings=Settings(reasoning_effort=effort))
    assert body.get("generationConfig", {}).get("thinkingConfig") == config


def test_a_schema_holds_the_answer():
    shape = ResponseFormat("json_schema", "n", schema=Raw(b'{"type":"object"}'))
    config = written(settings=Settings(response_format=shape))["generationConfig"]
    assert config == {"responseMimeType": "application/json", "responseJsonSchema": {"type": "object"}}


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"settings": Settings(logit_bias={"1": 2.0})}, ["logit_bias"]),
        ({"settings": Settings(frequency_penalty=1.0)}, ["frequency_penalty"]),
        ({"settings": Settings(stop=("a", "b", "c", "d", "e", "f"))}, ["stop"]),
        ({"settings": Settings(service_tier="scale")}, ["service_tier"]),
        ({"settings": JSON, "tools": (WEATHER,)}, ["response_format"]),
    ],
)
def test_what_cannot_be_honoured_is_told(fields, told):
    assert warned(**fields) == told


def test_interleaved_thoughts_text_and_calls_keep_their_order():
    events = streamed(
        [
            chunk({"text": "let me see", "thought": True}),
            chunk({"text": "I look "}),
            chunk({"text": "it up."}),
            chunk(
                {"functionCall": {"name": "weather", "args": {"city": "Bern"}}, "thoughtSignature": "czE="}
            ),
            chunk({"functionCall": {"name": "weather", "args": {"city": "Rom"}}}, finish="STOP"),
            {"usageMetadata": counts(5, 9, thoughtsTokenCount=3)},
        ]
    )
    check_laws(events)
    thought, message, first, second = items_of(events)
    assert thought.content == (Summary("let me see"),)
    assert message.content == (Text("I look it up."),)
    assert (first.arguments, first.signature) == ('{"city": "Bern"}', "czE=")
    assert second.signature is None
    assert first.call_id != second.call_id
    assert events[-1].finish == "tool_calls"
    assert events[-1].usage == Usage(input=5, output=12, reasoning=3)


def test_arguments_in_pieces_are_put_together():
    def piece(path: str, **value: Any) -> dict[str, Any]:
        return {"functionCall": {"partialArgs": [{"jsonPath": path, **value}], "willContinue": True}}

    events = streamed(
        [
            chunk({"functionCall": {"name": "f", "willContinue": True}}),
            chunk(piece("$.list[0].name", stringValue="a", willContinue=True)),
            chunk(piece("$.list[0].name", stringValue="b")),
            chunk(piece("$.list[1].n", numberValue=2)),
            chunk(piece("$['odd key']", boolValue=False)),
            chunk({"functionCall": {}}, finish="STOP"),
        ]
    )
    check_laws(events)
    (call,) = items_of(events)
    assert json.loads(call.arguments) == {"list": [{"name": "ab"}, {"n": 2}], "odd key": False}


def test_a_signature_of_text_is_kept_behind_it():
    events = streamed(
        [chunk({"text": "done"}), chunk({"text": "", "thoughtSignature": "czI="}, finish="STOP")]
    )
    message, sealed = items_of(events)
    assert message.content == (Text("done"),)
    assert (sealed.content, sealed.origin) == ((Sealed("czI="),), ORIGIN)


def test_sources_are_cited_where_they_stand():
    grounding = {
        "groundingChunks": [{"web": {"uri": "https://a.example", "title": "A"}}],
        "groundingSupports": [{"segment": {"startIndex": 3, "endIndex": 6}, "groundingChunkIndices": [0, 7]}],
    }
    last = chunk({"text": "é abc"}, finish="STOP")
    last["candidates"][0]["groundingMetadata"] = grounding
    (message,) = items_of(streamed([last]))
    assert message.content[0].annotations == (UrlCitation("https://a.example", "A", 2, 5),)


def test_a_refused_prompt_is_a_filtered_answer():
    events = streamed([{"promptFeedback": {"blockReason": "SAFETY"}, "usageMetadata": counts(4, 0)}])
    assert events[-1].finish == "content_filter"
    assert any("refused the prompt" in event.message for event in events if isinstance(event, Warned))


def test_a_stream_that_stops_without_a_reason_was_cut():
    events, failure = cut([chunk({"text": "half"}), {"usageMetadata": counts(4, 1)}])
    assert isinstance(failure, UpstreamCut)
    check_laws(events)
    assert isinstance(events[-1], StepEnded)
    assert events[-1].usage == Usage(input=4, output=1)


def test_an_error_inside_the_stream_is_raised():
    _, failure = cut([chunk({"text": "half"}), {"error": {"code": 429, "status": "RESOURCE_EXHAUSTED"}}])
    assert isinstance(failure, UpstreamRateLimited)


@pytest.mark.parametrize("usage", [{}, {"trafficType": "ON_DEMAND"}])
def test_usage_that_counts_nothing_is_unknown(usage):
    assert streamed([chunk({"text": "x"}, finish="STOP", usageMetadata=usage)])[-1].usage is None


def test_usage_of_zero_is_zero():
    events = streamed([chunk({"text": "x"}, finish="STOP", usageMetadata=counts(0, 0))])
    assert events[-1].usage == Usage(input=0, output=0)


def test_log_probabilities_are_in_openais_shape():
    last = chunk({"text": "A"}, finish="STOP")
    last["candidates"][0]["logprobsResult"] = {
        "chosenCandidates": [{"token": "A", "logProbability": -0.5}],
        "topCandidates": [{"candidates": [{"token": "B", "logProbability": -1.5}]}],
    }
    (message,) = items_of(streamed([last]))
    assert [json.loads(bytes(one)) for one in message.content[0].logprobs] == [
        {
            "token": "A",
            "logprob": -0.5,
            "bytes": [65],
            "top_logprobs": [{"token": "B", "logprob": -1.5, "bytes": [66]}],
        }
    ]
