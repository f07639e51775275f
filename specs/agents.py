"""An agent: instructions, model, tools, settings, limits, and what callers may override."""

from __future__ import annotations

from typing import Literal, TypeAlias

from msgspec import Struct

from specs.requests import Settings, Tool

Override: TypeAlias = Literal[
    "sampling", "max_output_tokens", "response_format", "tools", "instructions", "model"
]
DEFAULT_OVERRIDES: tuple[Override, ...] = (
    "sampling",
    "max_output_tokens",
    "response_format",
    "tools",
    "instructions",
)


class Limits(Struct, frozen=True, omit_defaults=True):
    """Ceilings no caller can raise. None is no ceiling of the agent's own."""

    max_output_tokens: int | None = None
    """Per model call."""
    max_cost: int | None = None
    """Nano-dollars a run may cost."""
    max_steps: int = 25
    max_tool_calls: int | None = None


class Agent(Struct, frozen=True, omit_defaults=True):
    id: str
    model: str
    """`provider/model`, the provider being a name of the configuration."""
    name: str | None = None
    description: str | None = None
    instructions: str | None = None
    aliases: tuple[str, ...] = ()
    """Other names it answers to; unique per project."""
    projects: tuple[str, ...] | None = None
    """Projects that see it; None is every project."""
    tools: tuple[Tool, ...] = ()
    settings: Settings = Settings()
    """Defaults for what a caller leaves out."""
    limits: Limits = Limits()
    overrides: tuple[Override, ...] = DEFAULT_OVERRIDES
    """What callers may change. `tools` and `instructions` are added to the agent's own."""
    on_disconnect: Literal["cancel", "drain"] = "cancel"
    """When a foreground caller goes away: cancel the model call, or read on to its usage (30 s at most)."""
    version: int = 1
    created_at: int = 0
    """Unix seconds."""
