"""What `POST /v1/responses/input_tokens` answers."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct


class InputTokens(Struct, frozen=True):
    """How many tokens an input has."""

    input_tokens: int
    estimated: bool
    """False where the model's provider counted; true where we did, which may differ from what is charged."""
    object: Literal["response.input_tokens"] = "response.input_tokens"
