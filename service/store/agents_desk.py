"""Where agents are made, changed, deleted and set back, for a key that may."""

from __future__ import annotations

import time
from collections.abc import Callable

from msgspec import Struct, structs

from service.store.agents import Agents, Known
from service.store.agents_access import is_insider, may_change
from service.store.agents_changes import changes, creation
from service.store.agents_credentials import credentials_of, with_credentials
from service.store.agents_records import AgentUpdate, AgentVersion, Order, Sharing, StoredAgent
from service.store.agents_rules import AgentRules
from service.store.agents_store import SqlAgents
from service.store.noting import Note
from service.store.records import KeyRecord
from specs.agents import Agent
from specs.errors import Conflict, NotFound, PermissionDenied

ATTEMPTS = 5
"""How often a change is made anew to what another change made of the agent meanwhile."""


class VersionPage(Struct, frozen=True):
    """Some versions of an agent."""

    known: Known
    versions: tuple[AgentVersion, ...]
    has_more: bool


class _Change(Struct, frozen=True):
    """What is to be done to an agent, and for whom."""

    key: KeyRecord
    note: Note
    edit: Callable[[Agent], Agent]
    sharing: Sharing | None
    expected: int | None
    restored: int | None


class AgentDesk:
    """Changes agents for a key, by the rules of this deployment. `note` writes each change down."""

    def __init__(
        self,
        agents: Agents,
        store: SqlAgents,
        rules: AgentRules,
        *,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.rules = rules
        self._agents = agents
        self._store = store
        self._clock = clock

    async def find(self, id: str, key: KeyRecord) -> Known:
        """An agent as it is now.

        Raises NotFound, StoreUnavailable.
        """
        known = await self._agents.get(id, key)
        if known is None:
            raise NotFound(f'No agent "{id[:200]}" for this key.', param="agent_id")
        return known

    async def create(
        self, agent: Agent, key: KeyRecord, note: Note, *, sharing: Sharing | None = None
    ) -> Known:
        """Make an agent of a new id; where nothing is said of sharing, all keys of the project see it.

        Raises PermissionDenied for a key that is bound to certain agents, InvalidRequest, StorageFull.
        """
        if key.agents is not None:
            raise PermissionDenied(f'Key "{key.name}" is bound to certain agents; it cannot make others.')
        self.rules.check(agent, key.project_name, before=None)
        now = self._now()
        new = StoredAgent(
            agent=structs.replace(agent, version=1, created_at=now),
            project=key.project,
            project_name=key.project_name,
            owner=key.user,
            sharing=self.rules.default_sharing(key) if sharing is None else self.rules.checked(sharing),
            updated_at=now,
        )
        events = creation(new.agent, new.sharing, note)
        return self._remembered(
            await self._store.create(new, by=_author(key), events=events, most=self._most)
        )

    async def change(
        self,
        id: str,
        key: KeyRecord,
        note: Note,
        edit: Callable[[Agent], Agent],
        *,
        sharing: Sharing | None = None,
        expected: int | None = None,
        restored: int | None = None,
    ) -> Known:
        """Give an agent its next version, unless nothing changes; sharing None leaves that as it is.
        `restored` is the version that the edit goes back to.

        Raises NotFound, PermissionDenied, InvalidRequest, and Conflict where it is not at the version
        that is expected.
        """
        change = _Change(key, note, edit, sharing, expected, restored)
        for _ in range(ATTEMPTS - 1):
            try:
                return await self._change(id, change)
            except Conflict:
                if expected is not None:
                    raise
        return await self._change(id, change)

    async def delete(self, id: str, key: KeyRecord, note: Note) -> None:
        """Forget an agent with all its versions.

        Raises NotFound, PermissionDenied.
        """
        stored = await self._changeable(id, key)
        events = (note("agent.deleted", id),)
        if not await self._store.delete(stored.project, id, now=self._now(), events=events):
            await self.find(id, key)
        if self._agents.cache is not None:
            self._agents.cache.drop(id)

    async def versions(
        self, id: str, key: KeyRecord, *, after: int | None, order: Order, limit: int
    ) -> VersionPage:
        """What an agent was, for those of its project; of one of the configuration only what it is.

        Raises NotFound, PermissionDenied.
        """
        known = await self.find(id, key)
        if known.stored is None:
            agent = known.agent
            versions = () if after is not None else (AgentVersion(agent, agent.created_at, None),)
            return VersionPage(known, versions, has_more=False)
        if not is_insider(known.stored, key):
            raise PermissionDenied("Only the agent's own project sees its versions.")
        start = 0 if order == "asc" else 2**31
        found = await self._store.versions(
            known.stored, place=start if after is None else after, order=order, limit=limit + 1
        )
        return VersionPage(known, tuple(found[:limit]), has_more=len(found) > limit)

    async def version(self, known: Known, version: int, key: KeyRecord) -> AgentVersion:
        """One version of an agent.

        Raises NotFound, PermissionDenied.
        """
        if known.stored is None and known.agent.version == version:
            return AgentVersion(known.agent, known.agent.created_at, None)
        if known.stored is not None and not is_insider(known.stored, key):
            raise PermissionDenied("Only the agent's own project sees its versions.")
        found = None if known.stored is None else await self._store.version(known.stored, version)
        if found is None:
            raise NotFound(f'The agent "{known.agent.id[:200]}" has no version {version}.', param="version")
        return found

    async def restore(self, id: str, key: KeyRecord, note: Note, version: int) -> Known:
        """Make an agent again what it was at a version; that is its next one. Sharing stays as it is, and so
        do credentials of tools that go where they went.

        Raises NotFound, PermissionDenied, InvalidRequest where that cannot be had any more.
        """
        stored = await self._changeable(id, key)
        past = await self.version(_known(stored), version, key)

        def as_it_was(agent: Agent) -> Agent:
            return structs.replace(with_credentials(past.agent, credentials_of(agent)), version=agent.version)

        return await self.change(id, key, note, as_it_was, restored=version)

    async def _changeable(self, id: str, key: KeyRecord) -> StoredAgent:
        known = await self.find(id, key)
        if known.stored is None:
            raise PermissionDenied(f"{id!r} is an agent of the configuration, which is changed there.")
        if not may_change(known.stored, key):
            raise PermissionDenied(f"{id!r} is another's agent: this key may use it but not change it.")
        return known.stored

    async def _change(self, id: str, change: _Change) -> Known:
        key, expected = change.key, change.expected
        stored = await self._changeable(id, key)
        if expected is not None and stored.agent.version != expected:
            raise Conflict(
                f"version: this agent is at version {stored.agent.version}, not {expected}", param="version"
            )
        agent = change.edit(stored.agent)
        self.rules.check(agent, key.project_name, before=stored.agent)
        shared = stored.sharing if change.sharing is None else self.rules.checked(change.sharing)
        if (agent, shared) == (stored.agent, stored.sharing):
            return _known(stored)
        events = changes(stored, agent, shared, change.note, restored=change.restored)
        update = AgentUpdate(
            agent=agent, project=stored.project, sharing=shared, by=_author(key), now=self._now()
        )
        version = await self._store.update(update, events=events, most=self._most)
        if version is None:
            raise NotFound(f'No agent "{agent.id[:200]}" for this key.', param="agent_id")
        agent = structs.replace(agent, version=version)
        return self._remembered(structs.replace(stored, agent=agent, sharing=shared, updated_at=update.now))

    def _remembered(self, stored: StoredAgent) -> Known:
        if self._agents.cache is not None:
            self._agents.cache.put(stored)
        return _known(stored)

    @property
    def _most(self) -> int:
        return self._agents.directory.max_project_bytes

    def _now(self) -> int:
        return int(self._clock())


def _author(key: KeyRecord) -> str:
    return key.user or key.id


def _known(stored: StoredAgent) -> Known:
    return Known(stored.agent, stored, stored.place)
