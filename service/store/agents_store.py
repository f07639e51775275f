"""Agents in the database: each with all its versions, and the names a project calls it by.

Knows nothing of who may see what; that is for the directory in `agents`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import msgspec
from msgspec import structs

from service.store.access_records import AuditEvent
from service.store.agents_credentials import (
    SqlAgentCredentials,
    credentialed,
    drop_credentials,
    with_credentials,
    write_credentials,
)
from service.store.agents_records import AgentUpdate, AgentVersion, Order, PageAsk, Sharing, StoredAgent
from service.store.audit import write_audit
from service.store.reader import Reader
from service.store.statements import sql
from service.store.writer import Connection, Writer, row, rows
from specs.agents import Agent
from specs.errors import Conflict, InvalidRequest, SchemaMismatch, StorageFull

AGENT_SCHEMA = 1
"""Of the JSON that versions are written in."""
NO_LIMIT = 2**62
"""Bytes that the agents of a project may have where nobody says how many."""
UPCASTERS: dict[int, Callable[[str], str]] = {}
"""By schema: what makes JSON of it one of the next."""

_SQL = sql("agents")
_agent = msgspec.json.Decoder(Agent)
_sharing = msgspec.json.Decoder(Sharing)


class SqlAgents:
    """Agents by id and alias, of every project."""

    def __init__(self, writer: Writer, reader: Reader) -> None:
        self._writer = writer
        self._reader = reader
        self.credentials = SqlAgentCredentials(writer, reader)

    async def create(
        self, new: StoredAgent, *, by: str, events: Sequence[AuditEvent] = (), most: int = NO_LIMIT
    ) -> StoredAgent:
        """Make an agent, at version 1 unless there was one of its id, and write `events` down with it.

        Raises InvalidRequest where its id or one of its aliases is another's, StorageFull where the project's
        agents would have more than `most` bytes with it.
        """

        def command(connection: Connection) -> StoredAgent:
            number = _count(connection)
            values = {"owner": new.owner, "number": number, "now": new.agent.created_at}
            found = row(connection, _SQL["create"], _keys(new) | _shown(new.sharing) | values)
            if found is None:
                raise InvalidRequest(f"id: {new.agent.id!r} is another agent", param="id")
            made = structs.replace(new, agent=structs.replace(new.agent, version=found[0]), place=number)
            _put(connection, made, by=by, now=new.agent.created_at, most=most)
            _note(connection, events)
            return made

        return await self._writer.submit(command)

    async def update(
        self, update: AgentUpdate, *, events: Sequence[AuditEvent] = (), most: int = NO_LIMIT
    ) -> int | None:
        """Give an agent its next version, write `events` down with it, and return the version's number; None
        where there is no such agent.

        Raises Conflict where it has another version by now, InvalidRequest where one of its aliases
        is another's, StorageFull as `create`.
        """

        def command(connection: Connection) -> int | None:
            stored = StoredAgent(agent=update.agent, project=update.project, sharing=update.sharing)
            keys = _keys(stored)
            expected = {"expected": update.agent.version, "number": _count(connection), "now": update.now}
            found = row(connection, _SQL["update"], keys | _shown(update.sharing) | expected)
            if found is None:
                if row(connection, _SQL["standing"], keys) is None:
                    return None
                raise Conflict("This agent was changed meanwhile; read it again.", param="version")
            connection.execute(_SQL["drop_aliases"], keys)
            connection.execute(_SQL["drop_shares"], keys)
            next = structs.replace(update.agent, version=found[0])
            _put(connection, structs.replace(stored, agent=next), by=update.by, now=update.now, most=most)
            _note(connection, events)
            return found[0]

        return await self._writer.submit(command)

    async def delete(self, project: str, id: str, *, now: int, events: Sequence[AuditEvent] = ()) -> bool:
        """Forget an agent with all its versions, and write `events` down with that."""

        def command(connection: Connection) -> bool:
            keys = {"id": id, "project": project}
            values = keys | {"number": _count(connection), "now": now}
            if row(connection, _SQL["delete"], values) is None:
                return False
            for statement in ("drop_aliases", "drop_shares", "drop_versions"):
                connection.execute(_SQL[statement], keys)
            drop_credentials(connection, id, project)
            _note(connection, events)
            return True

        return await self._writer.submit(command)

    async def current(self, id: str) -> StoredAgent | None:
        """An agent as it is now, with the credentials of its tools, as nothing else has them."""
        found = await self._reader.row(_SQL["current"], {"id": id})
        if found is None:
            return None
        stored = _row_to_stored(found)
        if not credentialed(stored.agent):
            return stored
        credentials = await self.credentials.of(id, stored.project)
        return structs.replace(stored, agent=with_credentials(stored.agent, credentials))

    async def by_alias(self, project: str, alias: str) -> str | None:
        """The id of the agent that a project calls so."""
        found = await self._reader.row(_SQL["by_alias"], {"project": project, "alias": alias})
        return None if found is None else found[0]

    async def page(self, ask: PageAsk) -> list[StoredAgent]:
        """Agents of the project and such as others share, in order."""
        values = {**structs.asdict(ask), "user": ask.user or "", "shared": int(ask.shared)}
        return [_row_to_stored(found) for found in await self._reader.rows(_SQL[f"page_{ask.order}"], values)]

    async def version(self, stored: StoredAgent, version: int) -> AgentVersion | None:
        """One version of an agent."""
        values = {"id": stored.agent.id, "project": stored.project, "version": version}
        found = await self._reader.row(_SQL["version"], values)
        return None if found is None else _row_to_version(stored, found)

    async def versions(
        self, stored: StoredAgent, *, place: int, order: Order, limit: int
    ) -> list[AgentVersion]:
        """The versions of an agent that follow one in this order."""
        values = {"id": stored.agent.id, "project": stored.project, "place": place, "limit": limit}
        found = await self._reader.rows(_SQL[f"versions_{order}"], values)
        return [_row_to_version(stored, each) for each in found]

    async def changes(self) -> int:
        """How many changes to agents there were."""
        return (await self._reader.row(_SQL["counted"]))[0]

    async def changed(self, seen: int) -> set[str]:
        """The ids of the agents that changed after so many changes."""
        return {id for (id,) in await self._reader.rows(_SQL["changed"], {"seen": seen})}


def _note(connection: Connection, events: Sequence[AuditEvent]) -> None:
    for event in events:
        write_audit(connection, event)


def _count(connection: Connection) -> int:
    return row(connection, _SQL["count"])[0]


def _keys(stored: StoredAgent) -> dict[str, Any]:
    return {"id": stored.agent.id, "project": stored.project}


def _shown(sharing: Sharing) -> dict[str, Any]:
    return {"visibility": sharing.visibility, "sharing": _json(sharing)}


def _put(connection: Connection, stored: StoredAgent, *, by: str, now: int, most: int) -> None:
    """Write a version, what its tools are let in with, and what lists and names find the agent by."""
    keys, agent = _keys(stored), stored.agent
    body = _json(structs.replace(with_credentials(agent, {}), version=1, created_at=0))
    version = {"version": agent.version, "schema": AGENT_SCHEMA, "body": body, "now": now, "by": by}
    size = {"size": len(body.encode()), "most": most}
    if not rows(connection, _SQL["put_version"], keys | version | size):
        raise StorageFull(
            f"The agents of this project may have at most {most} bytes, all their versions together. "
            "Delete agents, or ask your operator for more room."
        )
    write_credentials(connection, agent, stored.project)
    for position, alias in enumerate(agent.aliases):
        if not rows(connection, _SQL["put_alias"], keys | {"alias": alias}):
            param = f"aliases[{position}]"
            raise InvalidRequest(f"{param}: another agent of this project answers to {alias!r}", param=param)
    for kind, names in (("project", stored.sharing.projects), ("user", stored.sharing.users)):
        for name in names:
            connection.execute(_SQL["put_share"], keys | {"kind": kind, "name": name})


def _row_to_stored(values: Sequence[Any]) -> StoredAgent:
    id, project, name, owner, sharing, version, place, created_at, updated_at, schema, body = values
    agent = read_body(schema, body)
    return StoredAgent(
        agent=structs.replace(agent, id=id, version=version, created_at=created_at),
        project=project,
        project_name=name,
        owner=owner,
        sharing=_sharing.decode(sharing),
        updated_at=updated_at,
        place=place,
    )


def _row_to_version(stored: StoredAgent, values: Sequence[Any]) -> AgentVersion:
    version, schema, body, created_at, created_by = values
    agent = structs.replace(read_body(schema, body), version=version, created_at=stored.agent.created_at)
    return AgentVersion(agent, created_at, created_by)


def read_body(schema: int, body: str) -> Agent:
    """Read an agent from the JSON of any schema that is known here. Raises SchemaMismatch."""
    while schema != AGENT_SCHEMA:
        if schema not in UPCASTERS:
            raise SchemaMismatch(f"an agent of schema {schema} cannot be read here")
        body = UPCASTERS[schema](body)
        schema += 1
    return _agent.decode(body)


def _json(value: Agent | Sharing) -> str:
    return msgspec.json.encode(value).decode()
