"""A search that a provider made itself, in our words: the same whichever wire tells of it."""

from __future__ import annotations

from collections.abc import Sequence

from specs.items import HostedCall, Source
from specs.tools import SEARCH_TOOL

UNTOLD = "What was found is not repeated here."
"""Where a provider does not tell what it has found, or not always."""


def search_begun(id: str, call_id: str, *, step: int, origin: str) -> HostedCall:
    """A search that has begun."""
    return HostedCall(
        id,
        call_id,
        SEARCH_TOOL,
        SEARCH_TOOL,
        status="in_progress",
        step=step,
        kind="web_search",
        origin=origin,
    )


def listed(pages: Sequence[Source], *, nothing: str) -> str:
    """What another provider's model is told of what was found; `nothing` where no page is known."""
    if not pages:
        return nothing
    lines = (
        f"[{number}] {page.title}\n{page.url}" if page.title else f"[{number}] {page.url}"
        for number, page in enumerate(pages, start=1)
    )
    return "Found:\n" + "\n".join(lines)
