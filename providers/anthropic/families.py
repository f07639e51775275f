"""Facts about the model families that speak the Messages API, as data.

Sources: https://platform.claude.com/docs/en/about-claude/models/overview (limits, thinking),
…/build-with-claude/effort, …/build-with-claude/structured-outputs,
…/build-with-claude/mid-conversation-system-messages,
…/agents-and-tools/tool-use/web-search-tool; read in November 2026.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Literal

from msgspec.structs import replace

from providers.profiles import Profile


class MessagesProfile(Profile, frozen=True, omit_defaults=True):
    """What one family can do over the Messages API."""

    thinking: Literal["none", "budget", "either", "adaptive"] = "none"
    """How thinking is asked for: with a budget of tokens, as the model sees fit, or not at all."""
    thinking_off: Literal["omit", "disabled", "between_tools", "never"] = "omit"
    """What turns it off: leaving it out, that type of `thinking`, or nothing does."""
    thinking_hidden: bool = False
    """Its text comes back empty unless `display` asks for a summary."""
    efforts: tuple[str, ...] = ()
    """The levels of `output_config.effort`, ascending; none: there is no such setting."""
    sampling: Literal["both", "one", "none"] = "both"
    """Whether `temperature` and `top_p` go together, exclude each other, or are refused."""
    forced_tools: bool = True
    """Whether a `tool_choice` may force a call."""
    structured_outputs: bool = False
    """Whether `output_config.format` and strict tools are understood."""
    system_turns: bool = False
    """Whether a system message may stand between turns; else it goes as marked user text."""
    prefill: bool = True
    """Whether the last turn may be the assistant's, for the model to go on from."""
    native_search: bool = False
    """Whether the provider searches the web for it."""

    @property
    def searches(self) -> bool:
        """Whether the provider searches the web for the model."""
        return self.native_search


_THREE = ("low", "medium", "high")
_FOUR = (*_THREE, "max")
_FIVE = (*_THREE, "xhigh", "max")

_OTHER = MessagesProfile(thinking="budget", overhead_tokens=800)
_CLAUDE_3 = MessagesProfile(
    max_output_tokens=4_096, context_window=200_000, image_tokens=1_700, overhead_tokens=800, count_margin=1.4
)
_CLAUDE_3_5 = replace(_CLAUDE_3, max_output_tokens=8_192)
_HAIKU_3_5 = replace(_CLAUDE_3_5, native_search=True)
_CLAUDE_3_7 = replace(_HAIKU_3_5, max_output_tokens=64_000, thinking="budget")
_OPUS_4 = replace(_CLAUDE_3_7, max_output_tokens=32_000)
_OPUS_4_1 = replace(_OPUS_4, sampling="one", structured_outputs=True)
_CLAUDE_4_5 = replace(_OPUS_4_1, max_output_tokens=64_000)
_OPUS_4_5 = replace(_CLAUDE_4_5, efforts=_THREE)
_SONNET_4_6 = replace(
    _OPUS_4_5, context_window=1_000_000, file_tokens=300_000, thinking="either", efforts=_FOUR, prefill=False
)
_OPUS_4_6 = replace(_SONNET_4_6, max_output_tokens=128_000)
_OPUS_4_7 = replace(
    _OPUS_4_6,
    image_tokens=5_000,
    overhead_tokens=1_200,
    count_margin=1.9,
    thinking="adaptive",
    thinking_hidden=True,
    efforts=_FIVE,
    sampling="none",
)
_OPUS_4_8 = replace(_OPUS_4_7, system_turns=True)
_SONNET_5 = replace(_OPUS_4_7, thinking_off="disabled")
_OPUS_5 = replace(_OPUS_4_8, thinking_off="disabled")
_FABLE_5 = replace(_OPUS_4_8, thinking_off="never")
_OPUS_5_5 = replace(_FABLE_5, forced_tools=False)
_SONNET_5_5 = replace(_OPUS_5_5, thinking_off="between_tools")
_NEWER = replace(_OPUS_5_5, max_output_tokens=64_000, system_turns=False)

FAMILIES: dict[str, MessagesProfile] = {
    "claude-3": _CLAUDE_3,
    "claude-3-5": _CLAUDE_3_5,
    "claude-3-5-haiku": _HAIKU_3_5,
    "claude-3-7": _CLAUDE_3_7,
    "claude-opus-4": _OPUS_4,
    "claude-opus-4-1": _OPUS_4_1,
    "claude-opus-4-5": _OPUS_4_5,
    "claude-opus-4-6": _OPUS_4_6,
    "claude-opus-4-7": _OPUS_4_7,
    "claude-opus-4-8": _OPUS_4_8,
    "claude-opus-5": _OPUS_5,
    "claude-opus-5-5": _OPUS_5_5,
    "claude-sonnet-4": _CLAUDE_3_7,
    "claude-sonnet-4-5": _CLAUDE_4_5,
    "claude-sonnet-4-6": _SONNET_4_6,
    "claude-sonnet-5": _SONNET_5,
    "claude-sonnet-5-5": _SONNET_5_5,
    "claude-haiku-4-5": _CLAUDE_4_5,
    "claude-haiku-5-5": _OPUS_5,
    "claude-fable-5": _FABLE_5,
    "claude-fable-5-1": _OPUS_5_5,
    "claude-fable-5-2": _OPUS_5_5,
    "claude-mythos": replace(_OPUS_5_5, system_turns=False),
    "claude-mythos-5": _FABLE_5,
    "claude-mythos-5-1": _OPUS_5_5,
    "claude-mythos-5-2": _OPUS_5_5,
    "claude": _NEWER,
}
"""Profiles by the beginning of a model's name; the longest that fits counts. A Claude that is none
of these is taken for a newer one. What is not known to be understood is left out.
"""


@lru_cache(maxsize=256)
def messages_profile(model: str) -> MessagesProfile:
    """The profile of a model, by its name with or without a prefix of the platform that hosts it."""
    name = model.lower().replace(".", "-")
    name = name[max(name.find("claude"), 0) :]
    fitting = [
        family for family in FAMILIES if name == family or name.startswith((f"{family}-", f"{family}@"))
    ]
    return FAMILIES[max(fitting, key=len)] if fitting else _OTHER
