"""The model object, and the key's own: what `GET /v1/models` and `GET /v1/key` answer."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct


class Model(Struct, frozen=True):
    """An agent as a model. No field is ever null."""

    id: str
    created: int
    """Unix seconds."""
    owned_by: str
    """The provider that runs it, by its name in the configuration."""
    name: str
    description: str
    object: Literal["model"] = "model"


class ModelList(Struct, frozen=True):
    """Every agent a key may use."""

    data: tuple[Model, ...]
    object: Literal["list"] = "list"


class KeyLimits(Struct, frozen=True):
    """What bounds a key beside its balance."""

    agents: tuple[str, ...] | None
    """The agents it may use; null is every agent its project sees."""
    requests_per_minute: int | None = None
    """Its own limits; null is what is configured for every key."""
    tokens_per_minute: int | None = None
    parallel_runs: int | None = None


class KeyInfo(Struct, frozen=True):
    """A key, as it sees itself. Money is USD in decimal strings."""

    id: str
    name: str
    project: str
    scopes: tuple[str, ...]
    limits: KeyLimits
    user_id: str | None
    """Whose it is; neither is set where it is the project's own."""
    service_account_id: str | None
    account_id: str
    granted: str
    settled: str
    held: str
    available: str | None
    """What it can still spend; null on an account without a limit."""
    unlimited: bool
    created_at: int
    expires_at: int | None
    """Unix seconds."""
    object: Literal["key"] = "key"
