"""Settings of a request in the words of `generateContent`; each it lacks is told of.

Source: https://ai.google.dev/api/generate-content#v1beta.GenerationConfig
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from msgspec import UNSET, Raw, UnsetType

from providers.efforts import nearest_effort
from providers.google.body import GenerationConfig, ThinkingConfig
from providers.google.families import GeminiProfile
from specs.requests import ResponseFormat, Settings

Warn: TypeAlias = Callable[[str, str], None]
"""Takes a field and what could not be honoured."""

BUDGETS = {
    "none": 0,
    "minimal": 512,
    "low": 2_048,
    "medium": 8_192,
    "high": 24_576,
    "xhigh": 32_768,
    "max": 32_768,
}
"""Tokens to think for, by effort, where a model is given a budget."""
LACKING = ("logit_bias", "verbosity", "safety_identifier")
PENALTIES = ("presence_penalty", "frequency_penalty")
MOST_STOPS = 5
SERVICE_TIERS = {"default": "standard", "standard": "standard", "flex": "flex", "priority": "priority"}


def generation_config(
    settings: Settings, profile: GeminiProfile, *, tools: bool, warn: Warn
) -> GenerationConfig:
    """Write the settings; `tools` is whether there are any."""
    _warn_of_lacking(settings, profile, warn)
    media_type, schema = _shape(settings.response_format, profile, tools=tools, warn=warn)
    return GenerationConfig(
        temperature=settings.temperature,
        top_p=settings.top_p,
        max_output_tokens=settings.max_output_tokens,
        stop_sequences=_stops(settings, warn),
        seed=settings.seed,
        presence_penalty=settings.presence_penalty if profile.penalties else None,
        frequency_penalty=settings.frequency_penalty if profile.penalties else None,
        response_mime_type=media_type,
        response_json_schema=schema,
        response_logprobs=settings.logprobs or None,
        logprobs=settings.top_logprobs if settings.logprobs else None,
        thinking_config=_thinking(settings, profile, warn),
    )


def service_tier(settings: Settings, warn: Warn) -> str | None:
    """The class of service, in Google's words."""
    asked = settings.service_tier
    if asked in (None, "auto"):
        return None
    if asked not in SERVICE_TIERS:
        warn("service_tier", f"The provider has no service tier {asked!r}; it is left out.")
    return SERVICE_TIERS.get(asked)


def _warn_of_lacking(settings: Settings, profile: GeminiProfile, warn: Warn) -> None:
    for name in (*LACKING, *(() if profile.penalties else PENALTIES)):
        if getattr(settings, name):
            warn(name, f"{name} is left out: this model's provider has no such setting.")


def _stops(settings: Settings, warn: Warn) -> tuple[str, ...]:
    stops = settings.stop or ()
    if len(stops) > MOST_STOPS:
        warn("stop", f"The provider takes {MOST_STOPS} stop sequences; the others are left out.")
    return stops[:MOST_STOPS]


def _thinking(settings: Settings, profile: GeminiProfile, warn: Warn) -> ThinkingConfig | None:
    asked = settings.reasoning_effort
    told = settings.reasoning_summary is not None and asked != "none"
    if profile.thinking == "none":
        if asked not in (None, "none") or settings.thinking_budget:
            warn("reasoning_effort", "reasoning_effort is left out: this model does not think.")
        return None
    level: str | UnsetType = UNSET
    budget: int | UnsetType = UNSET
    if profile.thinking == "budget":
        budget = _budget(settings, profile, warn)
    elif asked is not None:
        level = nearest_effort(asked, profile.levels)
        if level != asked:
            warn(
                "reasoning_effort",
                f"reasoning_effort {asked!r} is not known to this model: {level!r} is sent.",
            )
    config = ThinkingConfig(include_thoughts=told, thinking_budget=budget, thinking_level=level)
    return None if config == ThinkingConfig() else config


def _budget(settings: Settings, profile: GeminiProfile, warn: Warn) -> int | UnsetType:
    wanted = settings.thinking_budget
    if wanted is None and settings.reasoning_effort is not None:
        wanted = BUDGETS[settings.reasoning_effort]
    if wanted is None:
        return UNSET
    if settings.reasoning_effort == "none" and profile.least_budget:
        warn("reasoning_effort", "This model cannot but think; it is given the least there is.")
    return min(max(wanted, profile.least_budget), profile.most_budget)


def _shape(
    wanted: ResponseFormat | None, profile: GeminiProfile, *, tools: bool, warn: Warn
) -> tuple[str | None, Raw | UnsetType]:
    if wanted is None or wanted.kind == "text":
        return None, UNSET
    if tools and not profile.schema_with_tools:
        warn("response_format", "The model was not held to JSON: its provider cannot do that beside tools.")
        return None, UNSET
    return "application/json", wanted.schema if wanted.kind == "json_schema" else UNSET
