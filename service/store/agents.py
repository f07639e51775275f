"""The agents there are: those of the configuration and those made over the API, looked up for a key.

Look-ups take no time and no database; `load` first reads what is not remembered yet.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Mapping, Sequence
from types import MappingProxyType

import msgspec
from msgspec import Struct, structs

from service.settings.model import Directory
from service.store.agents_access import may_change, may_see, may_see_configured
from service.store.agents_cache import LIMIT, AgentCache
from service.store.agents_credentials import credentials_of, with_credentials
from service.store.agents_records import Order, PageAsk, StoredAgent
from service.store.agents_store import SqlAgents
from service.store.records import KeyRecord
from specs.agents import Agent
from specs.errors import ModelNotFound

FIRST, LAST = -(2**62), 2**62
"""Before and after every place of a list."""
ALL = Directory()
LEAST_READ = 100
"""Agents that are read at once, as not all of them may be for the one who asks."""
MOST_LISTED = 1_000
"""Agents made over the API that one answer without pages tells of."""


class Known(Struct, frozen=True):
    """An agent of a list."""

    agent: Agent
    stored: StoredAgent | None
    """None where it is the configuration's."""
    place: int
    """In the order of lists: those of the configuration come before all others."""

    def is_read_only(self, key: KeyRecord) -> bool:
        """Whether this key cannot change it."""
        may = self.stored is not None and may_change(self.stored, key)
        return not may or "agents.write" not in key.scopes


class Agents:
    """Agents by id and alias. `models` are bare names and the `provider/model` each stands for."""

    def __init__(
        self,
        agents: Iterable[Agent] = (),
        models: Mapping[str, str] = MappingProxyType({}),
        *,
        providers: Collection[str] = (),
        directory: Directory = ALL,
        store: SqlAgents | None = None,
    ) -> None:
        self.cache = None if store is None else AgentCache(store)
        self._store = store
        self.replace(agents, models, providers=providers, directory=directory)

    def replace(
        self,
        agents: Iterable[Agent],
        models: Mapping[str, str] = MappingProxyType({}),
        *,
        providers: Collection[str] = (),
        directory: Directory = ALL,
    ) -> None:
        """Take over a new configuration."""
        self.directory = directory
        self._agents = tuple(fingerprinted(agent) for agent in agents)
        self._objects = tuple(agent for agent in self._agents if "/" not in agent.id)
        names: dict[str, list[Agent]] = {}
        for agent in self._agents:
            for name in dict.fromkeys((agent.id, *agent.aliases)):
                names.setdefault(name, []).append(agent)
        self._names = {name: tuple(found) for name, found in names.items()}
        self._models = models
        self._providers = frozenset(providers)
        self._ready: dict[tuple[str, int], tuple[StoredAgent, Agent]] = {}

    @property
    def configured(self) -> tuple[Agent, ...]:
        """The agents of the configuration."""
        return self._agents

    def find(self, name: str, key: KeyRecord) -> Agent | None:
        """The agent that this name means to a key: by id or alias, `@version` behind it or not, else by
        what the name stands for.

        Of those made over the API only what is remembered. Raises ModelNotFound where the model of such
        an agent is not served any more.
        """
        found = self._configured(name, key) or self._remembered(name, key)
        if found is not None or "@" not in name:
            return found
        name, _, version = name.rpartition("@")
        if not _is_version(version):
            return None
        found = self._configured(name, key)
        if found is not None:
            return found if found.version == int(version) else None
        return self._remembered(name, key, version=int(version))

    async def load(self, name: str, key: KeyRecord) -> Agent | None:
        """Like `find`, but looks in the database too.

        Raises ModelNotFound, StoreUnavailable.
        """
        found = self.find(name, key)
        if found is None and self.cache is not None:
            await self.cache.fetch(name, key.project)
            base, _, version = name.rpartition("@")
            if base and _is_version(version):
                await self.cache.fetch(base, key.project, version=int(version))
            found = self.find(name, key)
        return found

    async def maintain(self) -> None:
        """Follow what other processes change; the process runs this beside its requests."""
        if self.cache is not None:
            await self.cache.maintain()

    async def get(self, id: str, key: KeyRecord) -> Known | None:
        """The agent of this id, as it is now, if a key sees it. A plain `provider/model` is none.

        Raises StoreUnavailable.
        """
        for place, agent in enumerate(self._objects, -len(self._objects)):
            if agent.id == id and self._shows(agent, key):
                return Known(agent, None, place)
        stored = None if self._store is None else await self._store.current(id)
        if stored is None or not self._may_see(stored, key):
            return None
        return Known(stored.agent, stored, stored.place)

    async def page(
        self, key: KeyRecord, *, low: int = FIRST, high: int = LAST, order: Order, limit: int
    ) -> list[Known]:
        """The first so many agents that a key sees between two places, those of the configuration too.

        Raises StoreUnavailable.
        """
        configured = [
            Known(agent, None, place)
            for place, agent in enumerate(self._objects, -len(self._objects))
            if low < place < high and self._shows(agent, key)
        ]
        if order == "asc":
            if len(configured) < limit:
                configured += await self._stored(key, low, high, order, limit - len(configured))
            return configured[:limit]
        return [*await self._stored(key, low, high, order, limit), *reversed(configured)][:limit]

    async def visible(self, key: KeyRecord) -> list[Agent]:
        """The agents a key may use: those of the configuration in its order, then the others by age, but
        for those whose model is not served any more.

        Raises StoreUnavailable.
        """
        mine = [agent for agent in self._agents if self._shows(agent, key)]
        for known in await self._stored(key, FIRST, LAST, "asc", MOST_LISTED):
            name = "" if known.stored is None else known.stored.project_name
            if (model := self.model_of(known.agent.model, name)) is not None:
                mine.append(structs.replace(known.agent, model=model))
        return mine

    def is_taken(self, name: str, project_name: str) -> bool:
        """Whether an agent of the configuration has this name in a project, or it stands for a model."""
        return name in self._models or any(
            agent.projects is None or project_name in agent.projects for agent in self._names.get(name, ())
        )

    def model_of(self, name: str, project_name: str) -> str | None:
        """The `provider/model` that a name means in a project; None where it means none."""
        name = self._models.get(name, name)
        provider, _, model = name.partition("/")
        if model and provider in self._providers:
            return name
        for agent in self._names.get(name, ()):
            if self.directory.has(agent.id) and (agent.projects is None or project_name in agent.projects):
                return agent.model
        return None

    def _configured(self, model: str, key: KeyRecord) -> Agent | None:
        for name in (model, self._models.get(model)):
            for agent in self._names.get(name or "", ()):
                if self._shows(agent, key):
                    return agent
        return None

    def _remembered(self, name: str, key: KeyRecord, *, version: int | None = None) -> Agent | None:
        stored = None if self.cache is None else self.cache.peek(name, key.project)
        if stored is None or self.cache is None or not self._may_see(stored, key):
            return None
        wanted = stored.agent.version if version is None else version
        ready = self._ready.get((stored.agent.id, wanted))
        if ready is not None and ready[0] is stored:
            return ready[1]
        current = wanted == stored.agent.version
        agent = stored.agent if current else self.cache.peek_version(stored, wanted)
        return None if agent is None else self._made_ready(agent, stored)

    def _made_ready(self, agent: Agent, stored: StoredAgent) -> Agent:
        model = self.model_of(agent.model, stored.project_name)
        if model is None:
            raise ModelNotFound(
                f"model: {agent.model!r}, the model of this agent, is not served here any more",
                param="model",
            )
        if len(self._ready) >= LIMIT:
            self._ready.clear()
        fallbacks = (self.model_of(name, stored.project_name) for name in agent.fallbacks)
        ready = structs.replace(
            with_credentials(agent, credentials_of(stored.agent)),
            model=model,
            fallbacks=tuple(name for name in fallbacks if name is not None),
        )
        self._ready[agent.id, agent.version] = stored, ready
        return ready

    async def _stored(self, key: KeyRecord, low: int, high: int, order: Order, limit: int) -> Sequence[Known]:
        """What a key sees of the store: candidates are read until there are enough that it does see."""
        seen: list[Known] = []
        chunk = max(limit, LEAST_READ)
        while self._store is not None and len(seen) < limit and high > 0:
            ask = PageAsk(
                project=key.project,
                project_name=key.project_name,
                user=key.user,
                shared=not self.directory.private_only,
                low=max(low, 0),
                high=high,
                order=order,
                limit=chunk,
            )
            found = await self._store.page(ask)
            seen += [Known(one.agent, one, one.place) for one in found if self._may_see(one, key)]
            if len(found) < chunk:
                break
            low, high = (found[-1].place, high) if order == "asc" else (low, found[-1].place)
        return seen[:limit]

    def _shows(self, agent: Agent, key: KeyRecord) -> bool:
        return self.directory.has(agent.id) and may_see_configured(agent, key)

    def _may_see(self, stored: StoredAgent, key: KeyRecord) -> bool:
        return self.directory.has(stored.agent.id) and may_see(stored, key, self.directory)


def fingerprinted(agent: Agent) -> Agent:
    """The agent with a version that follows from what it is: the same in every process, and another
    whenever it changes.
    """
    plain = structs.replace(agent, version=1, created_at=0)
    digest = hashlib.sha256(msgspec.json.encode(plain, order="deterministic")).digest()
    return structs.replace(agent, version=int.from_bytes(digest[:4]) >> 1 or 1)


def _is_version(text: str) -> bool:
    return text.isascii() and text.isdigit() and 0 < len(text) <= 10
