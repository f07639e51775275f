"""Settings of a request in the words of the Messages API; each it lacks is told of.

Thinking refuses other settings, and each family has its own: what may be said is profile data.
Source: https://platform.claude.com/docs/en/build-with-claude/extended-thinking#feature-compatibility
"""

from __future__ import annotations

from typing import Literal

from providers.anthropic.body import Thinking
from providers.anthropic.content import Warn
from providers.anthropic.families import MessagesProfile
from specs.requests import Settings

FALLBACK_MAX_TOKENS = 16_384
"""Where neither the caller nor the profile knows a cap; the API wants one."""
MIN_BUDGET = 1_024
"""The fewest tokens thinking may be given."""
EFFORTS = ("none", "minimal", "low", "medium", "high", "xhigh", "max")
BUDGETS = {
    "minimal": MIN_BUDGET,
    "low": 4_096,
    "medium": 12_288,
    "high": 24_576,
    "xhigh": 32_768,
    "max": 49_152,
}
"""Tokens to think for, by effort, where a model is given a budget; at most half of the answer's."""
LACKING = (
    "presence_penalty",
    "frequency_penalty",
    "seed",
    "logprobs",
    "top_logprobs",
    "logit_bias",
    "verbosity",
)
SERVICE_TIERS: dict[str, Literal["auto", "standard_only"]] = {
    "auto": "auto",
    "priority": "auto",
    "default": "standard_only",
    "standard": "standard_only",
    "standard_only": "standard_only",
}


def warn_of_lacking(settings: Settings, warn: Warn) -> None:
    """Tell of settings the API has no word for. (`prompt_cache_key` has its purpose in our cache marks.)"""
    for name in LACKING:
        if getattr(settings, name):
            warn(name, f"The provider has no setting {name!r}; it is left out.")


def max_tokens(settings: Settings, profile: MessagesProfile, warn: Warn) -> int:
    """The cap on the answer, thinking included."""
    wanted, most = settings.max_output_tokens, profile.max_output_tokens
    if wanted is None:
        return most or FALLBACK_MAX_TOKENS
    if most is not None and wanted > most:
        warn(
            "max_output_tokens", f"The model answers with at most {most} tokens; the cap is lowered to that."
        )
        return most
    return wanted


def thinking(settings: Settings, profile: MessagesProfile, cap: int, warn: Warn) -> Thinking | None:
    """How the model is to think; None leaves the field out."""
    level, budget = settings.reasoning_effort, settings.thinking_budget
    if level == "none" or budget == 0:
        return _off(profile, warn)
    if level is None and budget is None:
        shown = settings.reasoning_summary is not None and profile.thinking_off != "omit"
        return _adaptive(settings, profile) if shown else None
    if profile.thinking == "none":
        warn("reasoning_effort", "The model does not think; the setting is left out.")
        return None
    if profile.thinking == "budget" or (profile.thinking == "either" and budget is not None):
        return _budgeted(level, budget, cap, warn)
    if budget is not None:
        warn("thinking_budget", "The model decides by itself how long it thinks; the budget is left out.")
    return _adaptive(settings, profile)


def effort(settings: Settings, profile: MessagesProfile, warn: Warn) -> str | None:
    """The level of effort the model knows that is nearest below the one wanted."""
    wanted = settings.reasoning_effort
    if wanted is None or not profile.efforts:
        return None
    if wanted == "none":
        return profile.efforts[0] if profile.thinking_off == "never" else None
    below = [level for level in profile.efforts if EFFORTS.index(level) <= EFFORTS.index(wanted)]
    found = below[-1] if below else profile.efforts[0]
    if found != wanted:
        warn("reasoning_effort", f"The model knows no effort {wanted!r}; {found!r} is used.")
    return found


def sampling(
    settings: Settings, profile: MessagesProfile, *, thinks: bool, warn: Warn
) -> tuple[float | None, float | None]:
    """`temperature` and `top_p` as far as they may be set; a 1 that may not be is as good as unset."""
    temperature, top_p = _clamped(settings.temperature, warn), settings.top_p
    if temperature not in (None, 1.0) and (profile.sampling == "none" or thinks):
        warn("temperature", f"{_refuser(profile)} no temperature; it is left out.")
        temperature = None
    if top_p not in (None, 1.0) and (profile.sampling == "none" or (thinks and top_p < 0.95)):
        warn("top_p", f"{_refuser(profile)} no such top_p; it is left out.")
        top_p = None
    if profile.sampling == "none":
        return None, None
    if profile.sampling == "one" and temperature is not None and top_p is not None:
        if top_p != 1.0:
            warn("top_p", "The model takes temperature or top_p, not both; top_p is left out.")
        top_p = None
    return temperature, top_p


def stop_sequences(settings: Settings, warn: Warn) -> tuple[str, ...]:
    """Where to stop; blank sequences are refused."""
    given = settings.stop or ()
    kept = tuple(each for each in given if each.strip())
    if len(kept) < len(given):
        warn("stop", "The provider refuses stop sequences without a visible character; they are left out.")
    return kept


def service_tier(settings: Settings, warn: Warn) -> Literal["auto", "standard_only"] | None:
    """The tier in the provider's words."""
    wanted = settings.service_tier
    if wanted is not None and wanted not in SERVICE_TIERS:
        warn("service_tier", f"The provider knows no service tier {wanted!r}; it is left out.")
    return SERVICE_TIERS.get(wanted or "")


def _off(profile: MessagesProfile, warn: Warn) -> Thinking | None:
    match profile.thinking_off:
        case "omit":
            return None
        case "never":
            warn("reasoning_effort", "The model always thinks; the lowest effort is used.")
            return None
        case kind:
            return Thinking(kind)


def _adaptive(settings: Settings, profile: MessagesProfile) -> Thinking:
    shown = profile.thinking_hidden and settings.reasoning_summary is not None
    return Thinking("adaptive", display="summarized" if shown else None)


def _budgeted(level: str | None, budget: int | None, cap: int, warn: Warn) -> Thinking | None:
    """A budget of the caller's is cut only where it must be; one of ours leaves room for the answer."""
    param = "reasoning_effort" if budget is None else "thinking_budget"
    if cap <= MIN_BUDGET:
        warn(
            param, f"Thinking takes at least {MIN_BUDGET} tokens, the answer may have {cap}; it is left out."
        )
        return None
    if budget is None:
        return Thinking("enabled", max(MIN_BUDGET, min(BUDGETS[level or "medium"], cap // 2)))
    allowed = min(max(budget, MIN_BUDGET), cap - 1)
    if allowed != budget:
        warn(param, f"The budget must be between {MIN_BUDGET} and the answer's cap; {allowed} is used.")
    return Thinking("enabled", allowed)


def _clamped(temperature: float | None, warn: Warn) -> float | None:
    if temperature is None or 0 <= temperature <= 1:
        return temperature
    clamped = min(max(temperature, 0.0), 1.0)
    warn("temperature", f"The provider takes temperatures from 0 to 1; {clamped:g} is used.")
    return clamped


def _refuser(profile: MessagesProfile) -> str:
    return "The model takes" if profile.sampling == "none" else "Thinking allows"
