"""The port between the loop and the tools the server runs."""

from __future__ import annotations

from typing import Protocol

from msgspec import Struct

from service.tools.purse import Purse
from service.tools.sampler import Sampler
from specs.agents import Agent
from specs.items import FunctionCall, HostedKind, ListedTool, Source
from specs.requests import RunRequest, Tool


class ToolOutcome(Struct, frozen=True):
    """What a call came to; a failure is an outcome the model sees, not an exception."""

    output: str | None = None
    error: str | None = None
    sources: tuple[Source, ...] = ()
    code: str | None = None
    """Why it failed in a word, for an API that has words for it."""


class Known(Struct, frozen=True):
    """What the loop has to know of a tool."""

    label: str
    """The server or action it belongs to."""
    name: str
    """The tool as its server calls it; the model may know it by another name."""
    kind: HostedKind = "mcp"
    asks: bool = False
    """Whether the caller has to approve a call of it."""
    fingerprint: str = ""
    """Of its definition: an approval holds for this one alone."""
    trusted: bool = False
    """Whether somebody said in so many words that its calls never ask, not even after it has changed."""


class Listed(Struct, frozen=True):
    """What a server answered when it was asked for its tools."""

    tools: tuple[ListedTool, ...] = ()
    error: str | None = None
    """Why there are none, for the model's user to read."""
    left_out: tuple[str, ...] = ()
    """What of them was not taken in, and why, a phrase each."""


class ToolSet(Protocol):
    """The hosted tools of one run. It belongs to one task from `list_tools` to `aclose`."""

    @property
    def servers(self) -> tuple[str, ...]:
        """Labels of the servers that have to be asked for their tools before the first model call."""
        ...

    async def list_tools(self, server: str) -> Listed:
        """Ask one of them, once; `definitions` has its tools afterwards. Raises nothing but cancellation."""
        ...

    @property
    def definitions(self) -> tuple[Tool, ...]:
        """What the model is told of the tools."""
        ...

    def known(self, name: str) -> Known | None:
        """The tool that the model calls so; None for one that is not ours to run."""
        ...

    async def call(self, call: FunctionCall) -> ToolOutcome:
        """Run one call. Raises nothing but cancellation."""
        ...

    async def aclose(self) -> None:
        """Let go of every connection; only wanted where there are `servers`."""
        ...


class RunFacts(Struct, frozen=True):
    """What tools may know of the run they are for."""

    run: str
    agent: Agent
    request: RunRequest
    project: str
    key: str
    user: str = ""
    """Whose key it is; "" where it is nobody's."""
    purse: Purse | None = None
    """What pays for tools that have a price; where there is none they are free."""
    sampler: Sampler | None = None
    """Asks the run's model for tools that may; where there is none, none may."""


class NoTools:
    """A run without hosted tools."""

    servers: tuple[str, ...] = ()
    definitions: tuple[Tool, ...] = ()

    async def list_tools(self, server: str) -> Listed:
        """There is nobody to ask."""
        return Listed()

    def known(self, name: str) -> Known | None:
        """Nothing is ours to run."""
        return None

    async def call(self, call: FunctionCall) -> ToolOutcome:
        """Say that there is no such tool."""
        return ToolOutcome(error=f"There is no tool {call.name!r}.")

    async def aclose(self) -> None:
        """There is nothing to let go of."""
