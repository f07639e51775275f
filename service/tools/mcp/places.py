"""Where a run's servers are, and what lets it in: resolved from what agent, caller and operator said."""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import sha256

import msgspec
from msgspec import Struct

from service.tools.mcp.rules import usual_rule
from specs.mcp import McpSpec, Program
from specs.secret import Secret
from specs.tools import ApprovalRule, McpServer, ToolFilter


class Endpoint(Struct, frozen=True):
    """A server at a URL."""

    url: str
    headers: Mapping[str, Secret] = {}
    """Names in lower case."""

    @property
    def digest(self) -> str:
        """Tells this address with this credential from every other."""
        told = [self.url, sorted((name, value.reveal()) for name, value in self.headers.items())]
        return sha256(msgspec.json.encode(told)).hexdigest()


class Place(Struct, frozen=True):
    """A server as one run has it."""

    server: McpServer
    own: bool
    """Whether it is the agent's, not the caller's."""
    at: Endpoint | Program
    spec: McpSpec | None = None
    """What the operator said of it, where it is of the configuration."""

    @property
    def label(self) -> str:
        """How its calls are shown."""
        return self.server.label

    @property
    def server_name(self) -> str:
        """Tells the server from every other, as this run has it."""
        return self.at.digest if isinstance(self.at, Endpoint) else self.server.connector or self.label

    @property
    def filters(self) -> tuple[ToolFilter, ...]:
        """All of them have to let a tool through."""
        operators = None if self.spec is None else self.spec.allowed
        return tuple(each for each in (self.server.allowed, operators) if each is not None)

    def rules(self, *, alone: bool) -> tuple[ApprovalRule, ...]:
        """A call asks where any of these says so."""
        operators = None if self.spec is None else self.spec.approval
        given: list[ApprovalRule] = [each for each in (self.server.approval, operators) if each is not None]
        return tuple(given or [usual_rule(own=self.own, alone=alone)])

    @property
    def trusted(self) -> bool:
        """Whether `never` is what was said of it, by all who said something."""
        operators = None if self.spec is None else self.spec.approval
        return {self.server.approval, operators} - {None} == {"never"}

    @property
    def description(self) -> str | None:
        """What the model is told of the server."""
        return self.server.description or (None if self.spec is None else self.spec.description)


def endpoint(url: str, headers: Mapping[str, str]) -> Endpoint:
    """A server that agent or caller name by its URL."""
    return Endpoint(url, {name: Secret(value) for name, value in headers.items()})


def at_spec(spec: McpSpec, given: Mapping[str, str]) -> Endpoint | Program:
    """A configured server, with the headers that the caller or agent brings.

    Raises ValueError saying which of them cannot be taken.
    """
    if spec.program is not None:
        if given:
            raise ValueError("This server takes no headers and no authorization.")
        return spec.program
    headers = {name.lower(): value for name, value in spec.headers.items()}
    taken = sorted(headers.keys() & given.keys() - {"authorization"})
    if taken:
        raise ValueError(f"The header {taken[0]!r} of this server is the operator's to set.")
    if spec.authorization is not None:
        headers["authorization"] = Secret(f"Bearer {spec.authorization.reveal()}")
    return Endpoint(spec.url or "", headers | {name: Secret(value) for name, value in given.items()})
