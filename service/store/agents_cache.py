"""Agents made over the API, as this process remembers them: what was asked for, until it changes.

What this process changes it knows at once. For what others change it looks at one number each second;
an agent that nobody here has asked for yet is always read anew.
"""

from __future__ import annotations

import asyncio
from typing import TypeVar

import structlog
from msgspec import structs

from service.store.agents_records import StoredAgent
from service.store.agents_store import SqlAgents
from specs.agents import Agent
from specs.errors import StoreUnavailable
from specs.tools import OpenApiTool

POLL_SECONDS = 1.0
"""How late a change by another process may show."""
LIMIT = 10_000
"""Agents, names and versions that are remembered, each."""
STORED_PREFIXES = ("agent_", "asst_")
"""What the id of an agent made over the API begins with."""

log = structlog.get_logger()
K = TypeVar("K")
V = TypeVar("V")


class AgentCache:
    """Remembers agents of a store by id, alias and version."""

    def __init__(self, store: SqlAgents) -> None:
        self._store = store
        self._agents: dict[str, StoredAgent] = {}
        self._aliases: dict[tuple[str, str], str] = {}
        self._versions: dict[tuple[str, int], Agent] = {}
        self._seen: int | None = None

    def peek(self, name: str, project: str) -> StoredAgent | None:
        """What is remembered under an id, or under what a project calls its own."""
        found = self._agents.get(name)
        if found is None and (id := self._aliases.get((project, name))) is not None:
            found = self._agents.get(id)
            if found is not None and name not in found.agent.aliases:
                return None
        return found

    def peek_version(self, stored: StoredAgent, version: int) -> Agent | None:
        """One version of an agent, if it is remembered."""
        return self._versions.get((stored.agent.id, version))

    async def fetch(self, name: str, project: str, *, version: int | None = None) -> None:
        """Read anew what a name means to a project, and one of its versions.

        Raises StoreUnavailable.
        """
        stored = await self._store.current(name) if name.startswith(STORED_PREFIXES) else None
        if stored is None and (id := await self._store.by_alias(project, name)) is not None:
            stored = await self._store.current(id)
            if stored is not None:
                _remember(self._aliases, (project, name), id)
        if stored is None:
            return
        self.put(stored)
        if version is not None:
            found = await self._store.version(stored, version)
            if found is not None:
                _remember(self._versions, (stored.agent.id, version), _as_run(found.agent))

    def put(self, stored: StoredAgent) -> None:
        """Remember an agent as it is now."""
        before = self._agents.get(stored.agent.id)
        if before is None or before.agent.version <= stored.agent.version:
            _remember(self._agents, stored.agent.id, structs.replace(stored, agent=_as_run(stored.agent)))

    def drop(self, id: str) -> None:
        """Forget an agent: it is no more."""
        self._agents.pop(id, None)

    async def refresh(self) -> None:
        """Learn what other processes changed.

        Raises StoreUnavailable.
        """
        number = await self._store.changes()
        if self._seen is None:
            changed = set(self._agents)
        elif number == self._seen:
            return
        else:
            changed = await self._store.changed(self._seen)
        for id in changed & self._agents.keys():
            stored = await self._store.current(id)
            if stored is None:
                self.drop(id)
            else:
                self.put(stored)
        self._seen = number

    async def maintain(self) -> None:
        """Go round for ever; the process runs this beside its requests."""
        while True:
            await asyncio.sleep(POLL_SECONDS)
            try:
                await self.refresh()
            except StoreUnavailable:
                log.error("agents_refresh_failed")


def _as_run(agent: Agent) -> Agent:
    """The agent without what no run reads: a document may be a megabyte, and has been read."""
    if not any(isinstance(tool, OpenApiTool) for tool in agent.tools):
        return agent
    tools = (
        structs.replace(tool, document="") if isinstance(tool, OpenApiTool) else tool for tool in agent.tools
    )
    return structs.replace(agent, tools=tuple(tools))


def _remember(known: dict[K, V], key: K, value: V) -> None:
    known.pop(key, None)
    if len(known) >= LIMIT:
        del known[next(iter(known))]
    known[key] = value
