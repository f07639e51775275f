"""The programs that are servers: one process each, for all runs, started when it is first needed."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable

from service.tools.mcp.connection import Connection
from specs.mcp import McpSpec, Program

Connect = Callable[[Program, str], Connection]


class Running:
    """A program and those who use it."""

    def __init__(self, program: Program, connection: Connection) -> None:
        self.program = program
        self.connection = connection
        self.users = 0
        self.retired = False

    def lend(self) -> Connection:
        """Its connection, wanted until `take_back`."""
        self.users += 1
        return self.connection

    def take_back(self) -> None:
        """A run has ended; the last to use what was retired ends it."""
        self.users -= 1
        if self.retired and self.users == 0:
            self.connection.end()

    async def settle(self) -> None:
        """Nobody has to wait: it belongs to the service."""

    def retire(self) -> None:
        """It is to end when nobody uses it any more."""
        self.retired = True
        if self.users == 0:
            self.connection.end()


class Programs:
    """Those of the configuration. What a reload takes away goes on for runs under way."""

    def __init__(self, connect: Connect) -> None:
        self._connect = connect
        self._running: dict[str, Running] = {}
        self._retired: list[Running] = []

    def take(self, specs: Iterable[McpSpec]) -> None:
        """Have these programs from now on."""
        wanted = {spec.name: spec.program for spec in specs if spec.program is not None}
        for name, running in list(self._running.items()):
            if wanted.get(name) != running.program:
                self._retire(self._running.pop(name))
        for name, program in wanted.items():
            if name not in self._running:
                self._running[name] = Running(program, self._connect(program, name))

    def find(self, name: str) -> Running:
        """The program of this name."""
        return self._running[name]

    async def aclose(self) -> None:
        """End every process."""
        every = (*self._running.values(), *self._retired)
        self._running, self._retired = {}, []
        for each in every:
            each.connection.end()
        await asyncio.gather(*(each.connection.wait() for each in every))

    def _retire(self, running: Running) -> None:
        running.retire()
        self._retired = [each for each in self._retired if each.users or not each.connection.ended]
        self._retired.append(running)
