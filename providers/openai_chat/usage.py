"""Token counts of the Chat Completions wire, made inclusive."""

from __future__ import annotations

from msgspec import Raw

from providers.openai_chat.wire import (
    WireCompletionDetails,
    WirePromptDetails,
    WireUsage,
    decode_usage,
)
from specs.usage import Usage


def usage_from_wire(raw: Raw) -> Usage | None:
    """Read a `usage` object; None when it counts nothing."""
    wire = decode_usage(raw)
    if wire is None or (wire.prompt_tokens is None and wire.completion_tokens is None):
        return None
    prompt = wire.prompt_tokens_details or WirePromptDetails()
    completion = wire.completion_tokens_details or WireCompletionDetails()
    hidden = _hidden_reasoning(wire, completion)
    reasoning = hidden or completion.reasoning_tokens
    return Usage(
        input=_count(wire.prompt_tokens),
        cache_read=_count(_cache_read(wire, prompt)),
        cache_write=_count(prompt.cache_write_tokens),
        input_audio=_count(prompt.audio_tokens),
        output=_count((wire.completion_tokens or 0) + hidden if hidden else wire.completion_tokens),
        reasoning=_count(reasoning),
        output_audio=_count(completion.audio_tokens),
        units=_units(wire),
    )


def _hidden_reasoning(wire: WireUsage, details: WireCompletionDetails) -> float:
    """Reasoning that a vendor counts in the total but not in `completion_tokens`.

    xAI reports it beside the completion, Google's imitation not at all; OpenAI's own completion
    includes it, and there nothing is left over.
    """
    left = (wire.total_tokens or 0) - (wire.prompt_tokens or 0) - (wire.completion_tokens or 0)
    return left if left > 0 and details.reasoning_tokens in (None, left) else 0


def _cache_read(wire: WireUsage, details: WirePromptDetails) -> float | None:
    names = (
        details.cached_tokens,
        wire.prompt_cache_hit_tokens,
        wire.cached_tokens,
        wire.num_cached_tokens,
    )
    return next((count for count in names if count is not None), None)


def _units(wire: WireUsage) -> dict[str, int]:
    tools = wire.server_tool_use_details
    searches = _count(tools.web_search_requests) if tools else None
    return {"searches": searches} if searches else {}


def _count(number: float | None) -> int | None:
    return None if number is None else int(number)
