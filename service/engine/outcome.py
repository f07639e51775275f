"""How a run comes to its end."""

from __future__ import annotations

from msgspec import Struct

from specs.events import Finish, RunStatus


class Outcome(Struct, frozen=True):
    """How a run came to its end without failing."""

    status: RunStatus
    finish: Finish
    reason: str | None = None


TOO_MANY_CALLS = Outcome("incomplete", "length", "max_tool_calls")
INCOMPLETE_REASONS: dict[Finish, str] = {"length": "max_output_tokens", "content_filter": "content_filter"}
"""Why a run ends `incomplete` whose last model call finished so."""
