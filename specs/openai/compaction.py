"""The body of `POST /v1/responses/compact`, and what it answers.

https://www.openresponses.org (2026-04-24), https://platform.openai.com/docs/api-reference/responses/compact
"""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Raw, Struct

from specs.openai.marks import MODEL, listed, shaped, sized
from specs.openai.response_items import CompactionItem
from specs.openai.responses import ResponseUsage, ServiceTier


class CompactRequest(Struct, frozen=True):
    """Null is the same as absent throughout."""

    model: Annotated[str, MODEL] | None = None
    """An agent's id or alias; its model writes the summary. Required."""
    input: str | Annotated[list[Annotated[Raw, shaped("InputItem")]], listed(1, 8_192)] | None = None
    """A string is one user message. May be left out after a `previous_response_id`."""
    previous_response_id: str | None = None
    """Its whole context goes before the input."""
    instructions: str | None = None
    """What the context was made under; it counts as part of it."""
    prompt_cache_key: Annotated[str, sized(0, 64)] | None = None
    service_tier: ServiceTier | None = None


class CompactedResponse(Struct, frozen=True):
    """A window to go on from, not a response: its id continues nothing."""

    id: str
    created_at: int
    """Unix seconds."""
    output: tuple[CompactionItem, ...]
    usage: ResponseUsage
    object: Literal["response.compaction"] = "response.compaction"
