"""Token counts of Google's into ours: inclusive buckets.

Source: https://ai.google.dev/api/generate-content#UsageMetadata (v1beta).
"""

from __future__ import annotations

from collections.abc import Sequence

from providers.google.wire import Counts, Modality
from specs.usage import Usage


def usage_of(counts: Counts) -> Usage | None:
    """The usage so far; None where nothing has been counted yet.

    What tools put into the prompt counts as input, thoughts as output.
    """
    if counts.prompt_token_count is None and counts.total_token_count is None:
        return None
    thoughts = counts.thoughts_token_count
    return Usage(
        input=(counts.prompt_token_count or 0) + (counts.tool_use_prompt_token_count or 0),
        cache_read=counts.cached_content_token_count,
        input_audio=_audio(counts.prompt_tokens_details),
        output=(counts.candidates_token_count or 0) + (thoughts or 0),
        reasoning=thoughts,
        output_audio=_audio(counts.candidates_tokens_details),
    )


def _audio(details: Sequence[Modality]) -> int | None:
    found = [detail.token_count for detail in details if detail.modality == "AUDIO"]
    return sum(found) if found else None
