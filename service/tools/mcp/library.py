"""Brings the protocol's library in when it is first needed, beside the event loop."""

from __future__ import annotations

import asyncio
from contextlib import AbstractAsyncContextManager
from importlib import import_module
from typing import TYPE_CHECKING, Protocol, cast

from service.egress import Door
from service.tools.mcp.connection import Heard
from service.tools.mcp.places import Endpoint
from specs.mcp import Program

if TYPE_CHECKING:
    from service.tools.mcp.session import Session

_WIRE = "service.tools.mcp.wire"


class Wire(Protocol):
    """What is used of the module `wire`."""

    def connect(
        self, at: Endpoint | Program, door: Door, heard: Heard
    ) -> AbstractAsyncContextManager[Session]:
        """Connect to a server. Raises McpFailure where that fails."""
        ...


async def library() -> Wire:
    """The module `wire`, whole: another connection may be bringing it in just now."""
    return cast("Wire", await asyncio.to_thread(import_module, _WIRE))
