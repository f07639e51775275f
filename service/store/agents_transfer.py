"""Agents as a file: written out of one database, read into another or the same."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from typing import Literal, TypeAlias

import msgspec
from msgspec import Struct, structs

from service.store.agents_records import AgentUpdate, PageAsk, Sharing, StoredAgent
from service.store.agents_rules import AgentRules
from service.store.agents_store import AGENT_SCHEMA, SqlAgents, read_body
from service.store.records import Project
from specs.agents import Agent
from specs.errors import DragomanError, InvalidRequest

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
        written += [_write(stored) for stored in found if not wanted or stored.agent.id in wanted]
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
    by: str,
    clock: Callable[[], float] = time.time,
) -> list[Imported]:
    """Make the agents of a file in a project under their own ids; those that are there get a new version,
    unless they are the same. One that cannot be had leaves the others alone.
    """
    outcomes = []
    for written in file.agents:
        agent = structs.replace(read_body(file.schema, bytes(written.agent).decode()), id=written.id)
        try:
            outcome = await _import(store, project, agent, written, rules=rules, by=by, now=int(clock()))
        except DragomanError as error:
            outcomes.append(Imported(written.id, "refused", error.message))
        else:
            outcomes.append(Imported(written.id, outcome))
    return outcomes


async def _import(
    store: SqlAgents,
    project: Project,
    agent: Agent,
    written: WrittenAgent,
    *,
    rules: AgentRules,
    by: str,
    now: int,
) -> Outcome:
    rules.check_id(agent.id)
    before = await store.current(agent.id)
    if before is not None and before.project != project.id:
        raise InvalidRequest("id: this is an agent of another project.", param="id")
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
        await store.create(new, by=by)
        return "created"
    agent = structs.replace(agent, version=before.agent.version, created_at=before.agent.created_at)
    if (agent, sharing) == (before.agent, before.sharing):
        return "unchanged"
    await store.update(AgentUpdate(agent=agent, project=project.id, sharing=sharing, by=by, now=now))
    return "changed"


def _write(stored: StoredAgent) -> WrittenAgent:
    agent = structs.replace(stored.agent, version=1, created_at=0)
    return WrittenAgent(
        id=agent.id,
        created_at=stored.agent.created_at,
        sharing=stored.sharing,
        agent=msgspec.Raw(msgspec.json.encode(agent)),
        owner=stored.owner,
    )
