"""The messages of the Responses API's WebSocket that are none of its stream's events.

Source: Open Responses 2026-04-24, "WebSocket transport".
"""

from __future__ import annotations

from typing import Literal

from msgspec import UNSET, Raw, Struct, UnsetType

from specs.errors import Failure
from specs.openai.common import ErrorDetail


class CreateMessage(Struct, frozen=True):
    """What a message says besides the body of `POST /v1/responses`, which its other fields are."""

    type: Literal["response.create"]
    generate: bool | None = None
    """False only remembers the input, for a turn that goes on from it."""
    stream: bool | None = None
    """May be true, which it always is."""
    stream_options: Raw | UnsetType = UNSET
    """Not known here."""
    background: bool | None = None
    """May be false, which it always is."""
    stream_id: str | None = None
    """Not known here: a connection has one turn at a time."""


class ErrorFrame(Struct, frozen=True, tag_field="type", tag="error"):
    """A failure that ends a turn without a response."""

    status: int
    error: ErrorDetail


def error_frame(failure: Failure) -> ErrorFrame:
    """Put a failure into a frame."""
    detail = ErrorDetail(failure.message, failure.type, failure.code, failure.param)
    return ErrorFrame(failure.status, detail)
