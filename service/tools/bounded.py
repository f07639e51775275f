"""What every hosted call is held to, whatever runs it: its arguments' size, its time, its result's size."""

from __future__ import annotations

import asyncio

from msgspec import Struct, structs

from service.tools.base import Known, Listed, ToolOutcome, ToolSet
from specs.items import FunctionCall
from specs.requests import Tool


class CallBounds(Struct, frozen=True):
    argument_bytes: int = 64 * 1024
    result_bytes: int = 256 * 1024
    seconds: float = 60.0


class Bounded:
    """A `ToolSet` whose calls keep within bounds."""

    def __init__(self, tools: ToolSet, bounds: CallBounds) -> None:
        self._tools = tools
        self._bounds = bounds

    @property
    def definitions(self) -> tuple[Tool, ...]:
        """What the model is told of them."""
        return self._tools.definitions

    @property
    def servers(self) -> tuple[str, ...]:
        """Labels of the servers that have to be asked for their tools."""
        return self._tools.servers

    async def list_tools(self, server: str) -> Listed:
        """Ask one of them."""
        return await self._tools.list_tools(server)

    def known(self, name: str) -> Known | None:
        """The tool that the model calls so."""
        return self._tools.known(name)

    async def call(self, call: FunctionCall) -> ToolOutcome:
        """Run one call, within its bounds."""
        bounds = self._bounds
        size = len(call.arguments.encode("utf-8", "surrogatepass"))
        if size > bounds.argument_bytes:
            return ToolOutcome(error=f"The arguments have {size} bytes; {bounds.argument_bytes} are allowed.")
        try:
            async with asyncio.timeout(bounds.seconds):
                outcome = await self._tools.call(call)
        except TimeoutError:
            return ToolOutcome(
                error=f"The call took longer than {bounds.seconds:g} seconds and was given up."
            )
        return structs.replace(outcome, output=self._cut(outcome.output), error=self._cut(outcome.error))

    async def aclose(self) -> None:
        """Let go of every connection."""
        await self._tools.aclose()

    def _cut(self, text: str | None) -> str | None:
        """What of a result the model gets; it is told where that is not all."""
        if text is None:
            return None
        data = text.encode("utf-8", "surrogatepass")
        most = self._bounds.result_bytes
        if len(data) <= most:
            return text
        kept = data[:most].decode("utf-8", "ignore")
        return f"{kept}\n[cut: {len(data) - most} of {len(data)} bytes are left out]"
