"""What lets the tools of stored agents in at their servers: sealed, and kept beside the versions.

A version keeps no secret. What an agent has now serves all its versions, each tool by its destination: a
credential never goes where it was not given for.
"""

from __future__ import annotations

import hashlib
from base64 import b64decode, b64encode
from collections.abc import Mapping, Sequence

from msgspec import Struct, structs

from service.store.reader import Reader
from service.store.statements import sql
from service.store.writer import Connection, Writer, row
from specs.agents import Agent, AgentTool
from specs.tools import CredentialedTool

_SQL = sql("agent_credentials")


class SealedToolCredential(Struct, frozen=True):
    """The credential of one tool of an agent, as it lies in the database."""

    agent: str
    project: str
    destination: str
    text: str

    @property
    def id(self) -> str:
        """What it is called where it does not open."""
        return f"{self.agent}:{self.destination[:12]}"

    @property
    def sealed(self) -> bytes:
        """What only the key-encryption key opens."""
        return b64decode(self.text)

    @property
    def about(self) -> str:
        """What it is sealed for."""
        return sealed_for(self.project, self.agent)


def sealed_for(project: str, agent: str) -> str:
    """What the credentials of an agent's tools are sealed for: its owner's project, and the agent."""
    return f"agent:{project}:{agent}"


def credentials_of(agent: Agent) -> dict[str, str]:
    """The sealed credentials of an agent's tools, by their destinations' digests."""
    return {digest_of(tool): tool.credential for tool in credentialed(agent) if tool.credential}


def credentialed(agent: Agent) -> tuple[CredentialedTool, ...]:
    """The tools of an agent that may have credentials."""
    return tuple(tool for tool in agent.tools if isinstance(tool, CredentialedTool))


def with_credentials(agent: Agent, credentials: Mapping[str, str]) -> Agent:
    """The agent, each tool with the credential of its destination, or none."""
    if not any(isinstance(tool, CredentialedTool) for tool in agent.tools):
        return agent
    return structs.replace(agent, tools=tuple(_given(tool, credentials) for tool in agent.tools))


def digest_of(tool: CredentialedTool) -> str:
    """A tool's destination, as it is stored."""
    return hashlib.sha256(tool.destination.encode("utf-8", "surrogatepass")).hexdigest()


def _given(tool: AgentTool, credentials: Mapping[str, str]) -> AgentTool:
    if not isinstance(tool, CredentialedTool):
        return tool
    sealed = credentials.get(digest_of(tool), "")
    return tool if tool.credential == sealed else structs.replace(tool, credential=sealed)


def write_credentials(connection: Connection, agent: Agent, project: str) -> None:
    """Keep the credentials an agent has now, and no others. Part of the command that changes it."""
    keys = {"agent": agent.id, "project": project}
    connection.execute(_SQL["drop"], keys)
    for destination, sealed in credentials_of(agent).items():
        connection.execute(_SQL["put"], {**keys, "destination": destination, "sealed": sealed})


def drop_credentials(connection: Connection, agent: str, project: str) -> None:
    """Forget every credential of an agent. Part of the command that deletes it."""
    connection.execute(_SQL["drop"], {"agent": agent, "project": project})


class SqlAgentCredentials:
    """Reads them for an agent, and all of them for commands of the operator."""

    def __init__(self, writer: Writer, reader: Reader) -> None:
        self._writer = writer
        self._reader = reader

    async def of(self, agent: str, project: str) -> dict[str, str]:
        """The sealed credentials of an agent's tools, by their destinations' digests."""
        found = await self._reader.rows(_SQL["of_agent"], {"agent": agent, "project": project})
        return {destination: sealed for destination, sealed in found}

    async def every(self) -> Sequence[SealedToolCredential]:
        """Every credential of every project's agents."""
        return [SealedToolCredential(*each) for each in await self._reader.rows(_SQL["every"])]

    async def reseal(self, before: SealedToolCredential, sealed: bytes) -> bool:
        """Put the same secret, sealed anew, in its place; False where it has changed meanwhile.

        Other processes learn of it as of any change of the agent.
        """
        values = {
            "agent": before.agent,
            "destination": before.destination,
            "before": before.text,
            "sealed": b64encode(sealed).decode(),
        }

        def command(connection: Connection) -> bool:
            if row(connection, _SQL["reseal"], values) is None:
                return False
            connection.execute(_SQL["tell"], {"agent": before.agent, "number": _count(connection)})
            return True

        return await self._writer.submit(command)


def _count(connection: Connection) -> int:
    return row(connection, sql("agents")["count"])[0]
