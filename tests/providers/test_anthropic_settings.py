"""Settings in the words of the Messages API, by model family."""

from __future__ import annotations

import json
from typing import Any

import pytest
from msgspec import Raw

from providers.anthropic.encode import encode
from providers.anthropic.families import FAMILIES, messages_profile
from specs.items import FunctionCall, FunctionResult, Message, Reasoning, Text, Thought
from specs.requests import FunctionTool, ModelRequest, Settings, ToolChoice
from tests.support.anthropic_answers import ORIGIN

BUDGETED, EITHER, ADAPTIVE, ALWAYS = (
    "claude-sonnet-4-5",
    "claude-opus-4-6",
    "claude-opus-4-8",
    "claude-opus-5-5",
)
HI = (Message("u", "user", (Text("Hi"),)),)


def written(model: str, **settings: Any) -> tuple[dict[str, Any], list[str]]:
    """The body without the conversation, and the fields warned of."""
    request = ModelRequest(model, HI, settings=Settings(**settings))
    encoded = encode(request, profile=messages_profile(model), origin=ORIGIN)
    body = json.loads(encoded.body)
    return {name: value for name, value in body.items() if name not in ("messages", "stream", "model")}, [
        field for field, _ in encoded.warnings
    ]


@pytest.mark.parametrize(
    ("model", "given", "sent", "told"),
    [
        (BUDGETED, {}, {"max_tokens": 64_000}, []),
        (BUDGETED, {"max_output_tokens": 100}, {"max_tokens": 100}, []),
        (BUDGETED, {"max_output_tokens": 99_999}, {"max_tokens": 64_000}, ["max_output_tokens"]),
        ("claude-3-haiku-20240307", {}, {"max_tokens": 4_096}, []),
        ("some-other-model", {}, {"max_tokens": 16_384}, []),
        (BUDGETED, {"temperature": 0.3}, {"max_tokens": 64_000, "temperature": 0.3}, []),
        (BUDGETED, {"temperature": 1.7}, {"max_tokens": 64_000, "temperature": 1.0}, ["temperature"]),
        (BUDGETED, {"temperature": 0, "top_p": 0.5}, {"max_tokens": 64_000, "temperature": 0}, ["top_p"]),
        (BUDGETED, {"top_p": 0.5}, {"max_tokens": 64_000, "top_p": 0.5}, []),
        (
            "claude-sonnet-4-0",
            {"temperature": 0.5, "top_p": 0.5},
            {"max_tokens": 64_000, "temperature": 0.5, "top_p": 0.5},
            [],
        ),
        (ADAPTIVE, {"temperature": 1.0, "top_p": 1.0}, {"max_tokens": 128_000}, []),
        (
            ADAPTIVE,
            {"temperature": 0.2, "top_p": 0.5},
            {"max_tokens": 128_000},
            ["temperature", "top_p"],
        ),
        (BUDGETED, {"stop": ("END", "\n")}, {"max_tokens": 64_000, "stop_sequences": ["END"]}, ["stop"]),
        (BUDGETED, {"safety_identifier": "u1"}, {"max_tokens": 64_000, "metadata": {"user_id": "u1"}}, []),
        (
            BUDGETED,
            {"service_tier": "default"},
            {"max_tokens": 64_000, "service_tier": "standard_only"},
            [],
        ),
        (BUDGETED, {"service_tier": "flex"}, {"max_tokens": 64_000}, ["service_tier"]),
        (BUDGETED, {"prompt_cache_key": "k"}, {"max_tokens": 64_000}, []),
    ],
)
def test_a_setting_is_sent_or_told_of(
    model: str, given: dict[str, Any], sent: dict[str, Any], told: list[str]
) -> None:
    assert written(model, **given) == (sent, told)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("seed", 7),
        ("presence_penalty", 0.5),
        ("frequency_penalty", 0.5),
        ("logprobs", True),
        ("top_logprobs", 3),
        ("logit_bias", {"50256": -100}),
        ("verbosity", "low"),
    ],
)
def test_a_setting_the_api_lacks_is_told_of(name: str, value: object) -> None:
    assert written(BUDGETED, **{name: value}) == ({"max_tokens": 64_000}, [name])


def enabled(budget: int) -> dict[str, Any]:
    return {"type": "enabled", "budget_tokens": budget}


@pytest.mark.parametrize(
    ("model", "given", "thinking", "effort", "told"),
    [
        (BUDGETED, {"reasoning_effort": "high"}, enabled(24_576), None, []),
        (BUDGETED, {"reasoning_effort": "minimal"}, enabled(1_024), None, []),
        (BUDGETED, {"reasoning_effort": "high", "max_output_tokens": 4_000}, enabled(2_000), None, []),
        (
            BUDGETED,
            {"reasoning_effort": "high", "max_output_tokens": 500},
            None,
            None,
            ["reasoning_effort"],
        ),
        (BUDGETED, {"reasoning_effort": "none"}, None, None, []),
        (BUDGETED, {"thinking_budget": 5_000}, enabled(5_000), None, []),
        (BUDGETED, {"thinking_budget": 0}, None, None, []),
        (BUDGETED, {"thinking_budget": 5}, enabled(1_024), None, ["thinking_budget"]),
        (
            BUDGETED,
            {"thinking_budget": 5_000, "max_output_tokens": 5_000},
            enabled(4_999),
            None,
            ["thinking_budget"],
        ),
        ("claude-3-5-haiku-latest", {"reasoning_effort": "low"}, None, None, ["reasoning_effort"]),
        ("claude-opus-4-5", {"reasoning_effort": "low"}, enabled(4_096), "low", []),
        (EITHER, {"reasoning_effort": "medium"}, {"type": "adaptive"}, "medium", []),
        (EITHER, {"reasoning_effort": "xhigh"}, {"type": "adaptive"}, "high", ["reasoning_effort"]),
        (EITHER, {"reasoning_effort": "max"}, {"type": "adaptive"}, "max", []),
        (EITHER, {"thinking_budget": 5_000}, enabled(5_000), None, []),
        (ADAPTIVE, {"reasoning_effort": "xhigh"}, {"type": "adaptive"}, "xhigh", []),
        (ADAPTIVE, {"reasoning_effort": "minimal"}, {"type": "adaptive"}, "low", ["reasoning_effort"]),
        (ADAPTIVE, {"thinking_budget": 5_000}, {"type": "adaptive"}, None, ["thinking_budget"]),
        (
            ADAPTIVE,
            {"reasoning_effort": "low", "reasoning_summary": "auto"},
            {"type": "adaptive", "display": "summarized"},
            "low",
            [],
        ),
        (ADAPTIVE, {"reasoning_summary": "auto"}, None, None, []),
        (ALWAYS, {"reasoning_summary": "auto"}, {"type": "adaptive", "display": "summarized"}, None, []),
        (ADAPTIVE, {"reasoning_effort": "none"}, None, None, []),
        ("claude-opus-5", {"reasoning_effort": "none"}, {"type": "disabled"}, None, []),
        ("claude-sonnet-5-5", {"reasoning_effort": "none"}, {"type": "between_tools"}, None, []),
        (ALWAYS, {"reasoning_effort": "none"}, None, "low", ["reasoning_effort"]),
    ],
)
def test_thinking_is_asked_for_in_the_way_of_the_family(
    model: str, given: dict[str, Any], thinking: dict[str, Any] | None, effort: str | None, told: list[str]
) -> None:
    body, warned = written(model, **given)
    assert (body.get("thinking"), body.get("output_config", {}).get("effort")) == (thinking, effort)
    assert warned == told


@pytest.mark.parametrize("model", [BUDGETED, EITHER])
def test_thinking_leaves_out_what_it_refuses(model: str) -> None:
    body, told = written(model, reasoning_effort="low", temperature=0.3, top_p=0.5)
    assert "temperature" not in body
    assert "top_p" not in body
    assert told == ["temperature", "top_p"]


def test_thinking_allows_a_top_p_near_one() -> None:
    assert written(BUDGETED, reasoning_effort="low", top_p=0.97)[0]["top_p"] == 0.97


@pytest.mark.parametrize("cap", [1, 256, 1_024, 1_025, 1_500, 2_048, 30_000, 200_000])
@pytest.mark.parametrize("given", [{"reasoning_effort": "max"}, {"thinking_budget": 60_000}])
def test_a_budget_is_always_below_the_cap(cap: int, given: dict[str, Any]) -> None:
    body, _ = written(BUDGETED, max_output_tokens=cap, **given)
    assert body.get("thinking", {}).get("budget_tokens", 0) < body["max_tokens"]


TOOLS = (FunctionTool("f", parameters=Raw(b'{"type":"object"}')),)


@pytest.mark.parametrize(("model", "sent"), [(BUDGETED, None), (EITHER, {"type": "any"})])
def test_a_model_with_a_budget_cannot_be_made_to_call(model: str, sent: dict[str, Any] | None) -> None:
    settings = Settings(reasoning_effort="low")
    request = ModelRequest(model, HI, tools=TOOLS, tool_choice=ToolChoice("required"), settings=settings)
    encoded = encode(request, profile=messages_profile(model), origin=ORIGIN)
    assert json.loads(encoded.body).get("tool_choice") == sent
    assert [field for field, _ in encoded.warnings] == ([] if sent else ["tool_choice"])


@pytest.mark.parametrize(("origin", "thinks"), [(ORIGIN, True), ("elsewhere", False)])
def test_with_a_budget_it_answers_a_call_without_thinking_where_the_thought_is_gone(
    origin: str, thinks: bool
) -> None:
    items = (
        *HI,
        Reasoning("rs", (Thought("hm", "c2ln"),), origin=origin),
        FunctionCall("fc", "c1", "f", "{}"),
        FunctionResult("fr", "c1", (Text("42"),)),
    )
    request = ModelRequest(BUDGETED, items, tools=TOOLS, settings=Settings(reasoning_effort="low"))
    encoded = encode(request, profile=messages_profile(BUDGETED), origin=ORIGIN)
    assert ("thinking" in json.loads(encoded.body)) is thinks
    assert bool(encoded.warnings) is not thinks


@pytest.mark.parametrize(
    ("model", "family"),
    [
        ("claude-sonnet-4-5-20250929", "claude-sonnet-4-5"),
        ("claude-sonnet-4-5@20250929", "claude-sonnet-4-5"),
        ("us.anthropic.claude-opus-4-5-20251101-v1:0", "claude-opus-4-5"),
        ("anthropic/claude-opus-4.8", "claude-opus-4-8"),
        ("claude-opus-4-20250514", "claude-opus-4"),
        ("claude-opus-5-20260724", "claude-opus-5"),
        ("Claude-Fable-5.1", "claude-fable-5-1"),
        ("claude-novel-9", "claude"),
    ],
)
def test_a_model_has_the_profile_of_its_family(model: str, family: str) -> None:
    assert messages_profile(model) is FAMILIES[family]


def test_a_model_that_is_no_claude_has_a_careful_profile() -> None:
    profile = messages_profile("glm-5")
    assert (profile.structured_outputs, profile.efforts, profile.system_turns) == (False, (), False)
