"""The model object of the Messages API: what `GET /v1/models` answers its callers.

https://platform.claude.com/docs/en/api/models-list
"""

from __future__ import annotations

from typing import Literal

from msgspec import Struct


class ModelInfo(Struct, frozen=True, tag_field="type", tag="model"):
    """An agent as a model."""

    id: str
    display_name: str
    created_at: str
    """RFC 3339."""
    lifecycle: Literal["active"] = "active"
    capabilities: None = None
    line: None = None
    max_input_tokens: int | None = None
    max_tokens: int | None = None
    """The most output tokens its agent allows; null where it sets no limit."""
    deprecated_at: None = None
    retires_at: None = None


class ModelInfoList(Struct, frozen=True):
    """A page of the agents a key may use."""

    data: tuple[ModelInfo, ...]
    has_more: bool
    first_id: str | None
    last_id: str | None
