"""Servers of the Model Context Protocol that the operator configured."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from msgspec import Struct

from specs.secret import Secret
from specs.tools import ApprovalRule, ToolFilter


class Program(Struct, frozen=True):
    """A server that is a process of this machine, spoken to over its standard input and output."""

    command: str
    args: tuple[str, ...] = ()
    env: Mapping[str, Secret] = {}
    """Its environment, besides PATH, HOME and the like."""
    folder: Path | None = None
    """Where it starts."""


class McpSpec(Struct, frozen=True):
    """A server by its name in the configuration: at a URL, or a program."""

    name: str
    url: str | None = None
    program: Program | None = None
    headers: Mapping[str, Secret] = {}
    authorization: Secret | None = None
    """What stands in `authorization` after `Bearer`."""
    allowed: ToolFilter | None = None
    approval: ApprovalRule | None = None
    description: str | None = None
    shared: bool = False
    """Whether callers may name it in a request."""
    sampling_calls: int = 0
    """How often it may ask the model of a run; 0 is never."""
