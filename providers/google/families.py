"""Facts about the model families that speak `generateContent`, as data.

Sources: https://ai.google.dev/gemini-api/docs/thinking (levels, budgets), …/thought-signatures,
…/structured-output, …/function-calling, …/google-search; read in November 2026.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Literal

from msgspec.structs import replace

from providers.families import profile_for
from providers.profiles import Profile
from specs.requests import Effort


class GeminiProfile(Profile, frozen=True, omit_defaults=True):
    """What one family can do over `generateContent`."""

    thinking: Literal["none", "budget", "level"] = "none"
    """How it is told how long to think."""
    levels: tuple[Effort, ...] = ()
    """The levels of `thinkingLevel`, ascending."""
    least_budget: int = 0
    """Tokens of the smallest `thinkingBudget`; 0 turns thinking off."""
    most_budget: int = 24_576
    signed_calls: bool = False
    """Whether a call in the history is refused without its signature."""
    media_in_results: bool = False
    """Whether a function's result may hold images and files; else they go beside it."""
    schema_with_tools: bool = False
    """Whether an answer can be held to a schema while there are tools."""
    penalties: bool = True
    """Whether presence and frequency penalties are taken."""
    native_search: bool = False
    """Whether the provider searches the web for it."""
    search_once: bool = False
    """Whether a prompt that was searched for is charged once, and not each search."""

    @property
    def searches(self) -> bool:
        """Whether the provider searches the web for the model."""
        return self.native_search


_BASE = GeminiProfile(image_tokens=2_600, count_margin=1.3)
_SEARCHES_2 = replace(_BASE, native_search=True, search_once=True)
_BUDGET = replace(_SEARCHES_2, thinking="budget", penalties=False)
_BUDGET_ALONE = replace(_BUDGET, native_search=False)
_PRO = replace(_BUDGET, least_budget=128, most_budget=32_768)
_GEMINI_3 = replace(
    _BASE,
    thinking="level",
    levels=("low", "medium", "high"),
    signed_calls=True,
    media_in_results=True,
    schema_with_tools=True,
    penalties=False,
    native_search=True,
)
_GEMINI_3_FLASH = replace(_GEMINI_3, levels=("minimal", "low", "medium", "high"))

FAMILIES: dict[str, GeminiProfile] = {
    "gemini-1": _BASE,
    "gemini-2.0": _SEARCHES_2,
    "gemini-2.0-flash-lite": _BASE,
    "gemini-2.5-pro": _PRO,
    "gemini-2.5-pro-preview-tts": replace(_PRO, native_search=False),
    "gemini-2.5-flash": _BUDGET,
    "gemini-2.5-flash-image": _BUDGET_ALONE,
    "gemini-2.5-flash-preview-tts": _BUDGET_ALONE,
    "gemini-2.5-flash-lite": replace(_BUDGET, least_budget=0),
    "gemini-3": _GEMINI_3,
    "gemini-3-flash": _GEMINI_3_FLASH,
    "gemini": _GEMINI_3_FLASH,
}
"""Profiles by the beginning of a model's name; the longest that fits counts. A Gemini that is none of
these is taken for a newer one."""


@lru_cache(maxsize=256)
def gemini_profile(model: str) -> GeminiProfile:
    """The profile of a model, by its name with or without `models/` or another prefix."""
    name = model.rsplit("/", 1)[-1].lower()
    fitting = [family for family in FAMILIES if name.startswith(family)]
    return profile_for(name, FAMILIES[max(fitting, key=len)] if fitting else _BASE)
