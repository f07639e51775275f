"""The limits of one key: ours, in the manner of OpenAI's administration API."""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

from msgspec import UNSET, Meta, Struct, UnsetType

Most: TypeAlias = Annotated[int, Meta(ge=0, le=10**15)]


class UpdateKeyLimits(Struct, frozen=True):
    """What is to be different; null goes back to the configured limit, what is left out stays."""

    requests_per_minute: Most | UnsetType | None = UNSET
    tokens_per_minute: Most | UnsetType | None = UNSET
    parallel_runs: Most | UnsetType | None = UNSET


class KeyRateLimits(Struct, frozen=True):
    """A key's own limits. Null: what is configured for every key holds."""

    key_id: str
    requests_per_minute: int | None
    tokens_per_minute: int | None
    parallel_runs: int | None
    object: Literal["organization.project.api_key.limits"] = "organization.project.api_key.limits"
