"""Agents as a file: written out of one database, read into another or the same."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from typing import Literal, TypeAlias

import msgspec
from msgspec import Struct, structs

from service.store.agents_changes import changes, creation
from service.store.agents_credentials import credentialed, credentials_of, with_credentials
from service.store.agents_records import AgentUpdate, PageAsk, Sharing, StoredAgent
from service.store.agents_rules import AgentRules
from service.store.agents_store import AGENT_SCHEMA, SqlAgents, read_body
from service.store.noting import Note
from service.store.records import Project
from specs.agents import Agent
from specs.errors import DragomanError, InvalidRequest
from specs.tools import CredentialedTool

FORMAT = "dragoman.agents"
PAGE = 200
Outcome: TypeAlias = Literal["created", "changed", "unchanged", "refused"]


class WrittenAgent(Struct, frozen=True):
    """An agent in a file: its newest version."""

    id: str
    created_at: int
    sharing: Sharing
    agent: msgspec.Raw
    """The agent, in the schema that the file says."""
    owner: str | None = None
    credentials: tuple[int, ...] = ()
    """Places of the tools that had a credential. No file has the credentials themselves."""


class AgentFile(Struct, frozen=True):
    """A file of agents."""

    agents: tuple[WrittenAgent, ...]
    format: Literal["dragoman.agents"] = FORMAT
    schema: int = AGENT_SCHEMA


class Imported(Struct, frozen=True):
    """What came of one agent of a file."""

    id: str
    outcome: Outcome
    reason: str | None = None


_file = msgspec.json.Decoder(AgentFile)


async def export_agents(store: SqlAgents, project: Project, ids: Iterable[str] = ()) -> AgentFile:
    """The agents of a project, or those of these ids, oldest first."""
    wanted, written, low = set(ids), [], 0
    while True:
        ask = PageAsk(
            project=project.id,
            project_name=project.name,
            user=None,
            shared=False,
            low=low,
            high=2**62,
            order="asc",
            limit=PAGE,
        )
        found = await store.page(ask)
        for stored in found:
            if not wanted or stored.agent.id in wanted:
                written.append(_write(stored, await _armed(store, stored)))
        if len(found) < PAGE:
            return AgentFile(tuple(written))
        low = found[-1].place


def read_file(content: bytes) -> AgentFile:
    """Read a file of agents.

    Raises InvalidRequest where it is none.
    """
    try:
        file = _file.decode(content)
        for written in file.agents:
            read_body(file.schema, bytes(written.agent).decode())
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise InvalidRequest(f"This is no file of agents: {error}.") from error
    return file


async def import_agents(
    store: SqlAgents,
    project: Project,
    file: AgentFile,
    *,
    rules: AgentRules,
    remake: Callable[[Agent], Agent],
    note: Note,
    by: str,
    clock: Callable[[], float] = time.time,
) -> list[Imported]:
    """Make the agents of a file in a project under their own ids; those that are there get a new version,
    unless they are the same. One that cannot be had leaves the others alone. `remake` reads what a file says
    of tools as a request is read. Credentials stay with tools that go where they went.
    """
    outcomes = []
    for written in file.agents:
        agent = structs.replace(read_body(file.schema, bytes(written.agent).decode()), id=written.id)
        try:
            before = await _before(store, project, agent, rules)
            held = {} if before is None else credentials_of(before.agent)
            agent = with_credentials(remake(agent), held)
            outcome = await _import(
                store, project, agent, written, before, rules, note, by=by, now=int(clock())
            )
        except DragomanError as error:
            outcomes.append(Imported(written.id, "refused", error.message))
        else:
            outcomes.append(Imported(written.id, outcome, _wanted(agent, written)))
    return outcomes


async def _before(store: SqlAgents, project: Project, agent: Agent, rules: AgentRules) -> StoredAgent | None:
    """The agent as it is there already."""
    rules.check_id(agent.id)
    before = await store.current(agent.id)
    if before is not None and before.project != project.id:
        raise InvalidRequest("id: this is an agent of another project.", param="id")
    return before


async def _import(
    store: SqlAgents,
    project: Project,
    agent: Agent,
    written: WrittenAgent,
    before: StoredAgent | None,
    rules: AgentRules,
    note: Note,
    *,
    by: str,
    now: int,
) -> Outcome:
    rules.check(agent, project.name, before=None if before is None else before.agent)
    sharing = rules.checked(written.sharing)
    if before is None:
        new = StoredAgent(
            agent=structs.replace(agent, created_at=written.created_at),
            project=project.id,
            owner=written.owner,
            sharing=sharing,
            updated_at=now,
        )
        await store.create(new, by=by, events=creation(agent, sharing, note))
        return "created"
    agent = structs.replace(agent, version=before.agent.version, created_at=before.agent.created_at)
    if (agent, sharing) == (before.agent, before.sharing):
        return "unchanged"
    update = AgentUpdate(agent=agent, project=project.id, sharing=sharing, by=by, now=now)
    await store.update(update, events=changes(before, agent, sharing, note))
    return "changed"


async def _armed(store: SqlAgents, stored: StoredAgent) -> tuple[int, ...]:
    """Places of the tools that have a credential."""
    if not credentialed(stored.agent):
        return ()
    held = await store.credentials.of(stored.agent.id, stored.project)
    return _places(with_credentials(stored.agent, held))


def _places(agent: Agent) -> tuple[int, ...]:
    tools = enumerate(agent.tools)
    return tuple(place for place, tool in tools if isinstance(tool, CredentialedTool) and tool.credential)


def _wanted(agent: Agent, written: WrittenAgent) -> str | None:
    """Which tools have to be given their credentials again."""
    lacking = [f"tools[{place}]" for place in written.credentials if place not in _places(agent)]
    return f"Give these their credentials again: {', '.join(lacking)}." if lacking else None


def _write(stored: StoredAgent, credentials: tuple[int, ...]) -> WrittenAgent:
    agent = structs.replace(with_credentials(stored.agent, {}), version=1, created_at=0)
    return WrittenAgent(
        id=agent.id,
        created_at=stored.agent.created_at,
        sharing=stored.sharing,
        agent=msgspec.Raw(msgspec.json.encode(agent)),
        owner=stored.owner,
        credentials=credentials,
    )
