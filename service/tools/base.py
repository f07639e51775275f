"""The port between the loop and the tools the server runs."""

from __future__ import annotations

from typing import Protocol

from msgspec import Struct

from specs.items import FunctionCall
from specs.requests import Tool


class ToolOutcome(Struct, frozen=True):
    """What a call came to; a failure is an outcome the model sees, not an exception."""

    output: str | None = None
    error: str | None = None


class ToolSet(Protocol):
    """The hosted tools of one run."""

    def label(self, name: str) -> str | None:
        """The server or action a tool belongs to; None for a tool that is not ours to run."""
        ...

    @property
    def definitions(self) -> tuple[Tool, ...]:
        """What the model is told of them."""
        ...

    async def call(self, call: FunctionCall) -> ToolOutcome:
        """Run one call. Raises nothing but cancellation."""
        ...


class NoTools:
    """A run without hosted tools."""

    definitions: tuple[Tool, ...] = ()

    def label(self, name: str) -> str | None:
        """Nothing is ours to run."""
        return None

    async def call(self, call: FunctionCall) -> ToolOutcome:
        """Say that there is no such tool."""
        return ToolOutcome(error=f"There is no tool {call.name!r}.")
