"""Settings in the words of the Responses API: what is sent, left out, and told of, model by model."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec import UNSET, Raw

from providers.openai_responses import body as wire
from providers.openai_responses.profile import responses_profile
from specs.items import Message, Text
from specs.requests import FunctionTool, ResponseFormat, Settings
from tests.support.responses_answers import encode_request

HELLO = Message("msg_1", "user", (Text("Hello"),))
TOOL = FunctionTool("get_weather")


def _with(settings: Settings, model: str = "gpt-4o") -> tuple[dict[str, Any], list[str]]:
    return encode_request(HELLO, settings=settings, profile=responses_profile(model))


@pytest.mark.parametrize(
    ("model", "included"),
    [
        ("gpt-5", True),
        ("o3-mini", True),
        ("gpt-6-sol", True),
        ("openai.gpt-5.5", True),
        ("gpt-4o", False),
        ("gpt-5-chat-latest", False),
        ("gpt-oss-120b", False),
        ("my-own", False),
    ],
)
def test_encrypted_reasoning_is_asked_for_where_it_exists(model: str, included: bool) -> None:
    assert ("reasoning.encrypted_content" in _with(Settings(), model)[0].get("include", ())) is included


def test_every_setting_the_wire_has_is_sent() -> None:
    settings = Settings(
        temperature=0.2,
        top_p=0.9,
        max_output_tokens=100,
        logprobs=True,
        top_logprobs=3,
        parallel_tool_calls=False,
        service_tier="flex",
        prompt_cache_key="cache",
        safety_identifier="user",
    )
    body, warned = encode_request(
        HELLO, instructions="Be brief.", tools=(TOOL,), settings=settings, profile=responses_profile("gpt-4o")
    )
    sent = {name: body[name] for name in body if name not in ("model", "input", "stream", "store", "tools")}
    assert warned == []
    assert sent == {
        "instructions": "Be brief.",
        "include": ["message.output_text.logprobs"],
        "parallel_tool_calls": False,
        "temperature": 0.2,
        "top_p": 0.9,
        "top_logprobs": 3,
        "max_output_tokens": 100,
        "service_tier": "flex",
        "prompt_cache_key": "cache",
        "safety_identifier": "user",
    }


@pytest.mark.parametrize(
    ("settings", "field"),
    [
        (Settings(stop=("END",)), "stop"),
        (Settings(seed=0), "seed"),
        (Settings(presence_penalty=0.5), "presence_penalty"),
        (Settings(frequency_penalty=-0.5), "frequency_penalty"),
        (Settings(logit_bias={"1": 1.0}), "logit_bias"),
        (Settings(thinking_budget=1024), "thinking_budget"),
    ],
)
def test_a_setting_the_wire_lacks_is_warned_about(settings: Settings, field: str) -> None:
    body, warned = _with(settings)
    assert warned == [field]
    assert field not in body


def test_a_setting_that_asks_for_nothing_is_not_worth_a_warning() -> None:
    settings = Settings(stop=(), presence_penalty=0.0, frequency_penalty=0.0, logit_bias={}, logprobs=False)
    assert _with(settings, "gpt-5")[1] == []


def test_every_setting_is_sent_or_warned_about() -> None:
    """A new field of `Settings` must not be lost in silence here."""
    known = {"reasoning_effort", "reasoning_summary", "verbosity", "response_format", "logprobs"}
    lacking = {"stop", "seed", "presence_penalty", "frequency_penalty", "logit_bias", "thinking_budget"}
    assert set(Settings.__struct_fields__) - known - lacking <= set(wire.Body.__struct_fields__)


@pytest.mark.parametrize(("asked", "sent"), [(None, None), (1, 16), (16, 16), (17, 17)])
def test_a_cap_below_the_apis_least_is_raised_to_it(asked: int | None, sent: int | None) -> None:
    assert _with(Settings(max_output_tokens=asked))[0].get("max_output_tokens") == sent


@pytest.mark.parametrize(
    ("model", "effort", "taken"),
    [
        ("gpt-4o", None, True),
        ("gpt-4.1-mini", None, True),
        ("gpt-5-chat-latest", None, True),
        ("my-own", None, True),
        ("gpt-5", None, False),
        ("gpt-5-mini-2025-08-07", "minimal", False),
        ("o3-mini", None, False),
        ("o4-mini", "low", False),
        ("gpt-5.1", None, True),
        ("gpt-5.2-2025-12-11", "none", True),
        ("gpt-5.2", "low", False),
        ("gpt-5.1-codex-max", None, False),
        ("gpt-5.4", None, True),
        ("gpt-5.5", None, False),
        ("openai.gpt-5.5", "none", True),
        ("gpt-6.1-sol", None, False),
    ],
)
def test_sampling_settings_go_only_to_models_that_take_them(model: str, effort: Any, taken: bool) -> None:
    settings = Settings(temperature=0.2, top_p=0.9, logprobs=True, top_logprobs=2, reasoning_effort=effort)
    body, warned = _with(settings, model)
    names = ["temperature", "top_p", "logprobs", "top_logprobs"]
    assert ("temperature" in body, "top_p" in body, "top_logprobs" in body) == (taken,) * 3
    assert ("message.output_text.logprobs" in body.get("include", ())) is taken
    assert warned == ([] if taken else names)


def test_reasoning_options_go_together() -> None:
    body, warned = _with(Settings(reasoning_effort="low", reasoning_summary="auto"), "gpt-5")
    assert (body["reasoning"], warned) == ({"effort": "low", "summary": "auto"}, [])


@pytest.mark.parametrize(
    ("model", "asked", "sent"),
    [
        ("gpt-5", "none", "minimal"),
        ("gpt-5", "xhigh", "high"),
        ("o3", "minimal", "low"),
        ("gpt-5.1", "minimal", "none"),
    ],
)
def test_an_effort_the_model_lacks_becomes_the_nearest_below(model: str, asked: Any, sent: str) -> None:
    body, warned = _with(Settings(reasoning_effort=asked), model)
    assert (body["reasoning"], warned) == ({"effort": sent}, ["reasoning_effort"])


@pytest.mark.parametrize(("model", "effort"), [("gpt-5.2", "xhigh"), ("gpt-6-sol", "max"), ("my-own", "max")])
def test_an_effort_the_model_knows_or_may_know_is_sent(model: str, effort: Any) -> None:
    body, warned = _with(Settings(reasoning_effort=effort), model)
    assert (body["reasoning"], warned) == ({"effort": effort}, [])


def test_what_says_the_default_is_left_out_in_silence() -> None:
    body, warned = _with(Settings(temperature=1.0, top_p=1.0, top_logprobs=0), "gpt-5")
    assert (set(body) & {"temperature", "top_p", "top_logprobs"}, warned) == (set(), [])


def test_a_model_that_does_not_reason_gets_no_reasoning_options() -> None:
    body, warned = _with(Settings(reasoning_effort="low", reasoning_summary="auto"), "gpt-4o")
    assert "reasoning" not in body
    assert warned == ["reasoning_effort", "reasoning_summary"]
    assert _with(Settings(reasoning_effort="none"), "gpt-4o")[1] == []


@pytest.mark.parametrize(
    ("given", "encoded"),
    [
        (ResponseFormat("text"), {"type": "text"}),
        (ResponseFormat("json_object"), {"type": "json_object"}),
        (
            ResponseFormat("json_schema", "answer", "One.", Raw(b'{"type":"object"}'), strict=True),
            {
                "type": "json_schema",
                "name": "answer",
                "description": "One.",
                "schema": {"type": "object"},
                "strict": True,
            },
        ),
        (
            ResponseFormat("json_schema", schema=Raw(b"{}")),
            {"type": "json_schema", "name": "response", "schema": {}},
        ),
        (ResponseFormat("json_schema", "a", schema=UNSET), {"type": "json_schema", "name": "a"}),
    ],
)
def test_a_response_format_in_every_form(given: ResponseFormat, encoded: dict[str, Any]) -> None:
    assert _with(Settings(response_format=given))[0]["text"] == {"format": encoded}


def test_verbosity_goes_to_models_that_take_it() -> None:
    assert _with(Settings(verbosity="low"), "gpt-5")[0]["text"] == {"verbosity": "low"}
    body, warned = _with(Settings(verbosity="low"), "gpt-4o")
    assert ("text" in body, warned) == (False, ["verbosity"])


# Profiles


@pytest.mark.parametrize(
    ("model", "window", "most"),
    [
        ("gpt-4", 8_192, 8_192),
        ("gpt-4-turbo-2024-04-09", 128_000, 4_096),
        ("gpt-4o-2024-05-13", 128_000, 4_096),
        ("ft:gpt-4o-mini-2024-07-18:org::x", 128_000, 16_384),
        ("openai/gpt-4.1-nano", 1_047_576, 32_768),
        ("o1-pro", 200_000, 100_000),
        ("gpt-5-pro", 400_000, 272_000),
        ("gpt-5.4-mini", 400_000, 128_000),
        ("gpt-5.5-2026-04-23", 1_050_000, 128_000),
        ("gpt-5.9-chat-latest", 128_000, 16_384),
        ("gpt-7", 1_050_000, 128_000),
        ("GPT-5", 400_000, 128_000),
        ("unheard-of", None, None),
        ("", None, None),
    ],
)
def test_a_models_limits_are_its_familys(model: str, window: int | None, most: int | None) -> None:
    profile = responses_profile(model)
    assert (profile.context_window, profile.max_output_tokens) == (window, most)
