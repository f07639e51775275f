"""The servers of the house: those of the configuration, and how runs get at them and at others."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable, Collection, Hashable, Iterator, Sequence
from contextlib import asynccontextmanager
from functools import partial
from typing import TYPE_CHECKING

from service.egress import Door
from service.secrets import BadKeyFile, Sealer, Unsealable
from service.settings import Settings
from service.tools.base import RunFacts, ToolSet
from service.tools.credentials import in_agent, in_request, unseal
from service.tools.mcp.connection import Ask, Connection, Heard
from service.tools.mcp.library import library
from service.tools.mcp.listings import Listings
from service.tools.mcp.places import Endpoint, Place, at_spec, endpoint
from service.tools.mcp.programs import Programs
from service.tools.mcp.sampling import NoModel, Sampling, sampling_of
from service.tools.mcp.source import Lender, OwnConnection, Source
from service.tools.mcp.tools import McpTools, Unreachable
from service.tools.sampler import Sampler
from specs.errors import InvalidRequest
from specs.mcp import McpSpec, Program
from specs.tools import McpServer

if TYPE_CHECKING:
    from service.tools.mcp.session import Session

OPENING_SECONDS = 30.0
"""How long a server may take until it can be asked; a program has longer, as it may have to be fetched."""
STARTING_SECONDS = 60.0


class McpServers:
    """Hands every run the tools of its servers. Make it on the event loop, and `aclose` it."""

    def __init__(self, door: Door, sealer: Sealer, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._door = door
        self._sealer = sealer
        self._listings = Listings(seconds=0, clock=clock)
        self._programs = Programs(self._connect_program)
        self._specs: dict[str, McpSpec] = {}
        self._having: dict[str, frozenset[str]] = {}
        self._seconds = 0.0

    def take(self, settings: Settings) -> None:
        """Serve what these settings say from now on."""
        self._specs = {spec.name: spec for spec in settings.mcp}
        self._having = {
            agent.id: frozenset(agent.connectors) for agent in settings.agents if agent.connectors
        }
        self._seconds = settings.tools.seconds
        self._listings.take(seconds=settings.tools.listing_seconds)
        self._programs.take(settings.mcp)

    def of(self, run: RunFacts, *, beside: Sequence[ToolSet]) -> McpTools | None:
        """The tools of the run's servers, `beside` its other tools; None where it has no servers.

        Raises InvalidRequest where two servers have one label, or a caller's is not there.
        """
        wanted = list(_wanted(run)) if run.agent.tools or run.request.hosted else ()
        if not wanted:
            return None
        found: dict[str, tuple[Place, Source] | Unreachable] = {}
        for server, param in wanted:
            self._check(server, param, taken=found)
            place = self._place(server, run, own=param is None)
            if not isinstance(place, Unreachable):
                place = (place, self._source(place, run.project, run.user, run.sampler))
            found[server.label] = place
        hosted = (tool for each in beside for tool in each.definitions)
        taken = {tool.name for tool in (*run.agent.functions, *run.request.tools, *hosted)}
        return McpTools(found, taken=taken, seconds=self._seconds)

    def alone(self, name: str) -> McpTools:
        """The tools of a configured server by itself, as its operator looks at it."""
        spec = self._specs[name]
        place = Place(McpServer(name, connector=name), own=True, at=at_spec(spec, {}), spec=spec)
        return McpTools(
            {name: (place, self._source(place, "", "", NoModel()))}, taken=(), seconds=self._seconds
        )

    async def aclose(self) -> None:
        """End every process."""
        await self._programs.aclose()

    def _check(self, server: McpServer, param: str | None, *, taken: Collection[str]) -> None:
        """Refuse what a caller can mend. `param` is where it wrote the server; None is the agent's own."""
        if server.label in taken:
            at = f"{param or 'tools'}.server_label"
            raise InvalidRequest(f"{at}: another server is labelled {server.label!r}", param=at)
        shared = sorted(spec.name for spec in self._specs.values() if spec.shared)
        if param is not None and server.connector is not None and server.connector not in shared:
            at = f"{param}.connector_id"
            there = f"there are {', '.join(map(repr, shared))}" if shared else "there are none"
            raise InvalidRequest(f"{at}: there is no connector {server.connector!r}; {there}", param=at)

    def _place(self, server: McpServer, run: RunFacts, *, own: bool) -> Place | Unreachable:
        about = in_agent(run.project, run.agent.id) if own else in_request(run.project)
        try:
            headers = unseal(server.credential, self._sealer, about=about).on_wire()
        except (Unsealable, BadKeyFile):
            return Unreachable(server.label, "What lets the server in cannot be read in this project.")
        if server.connector is None:
            return Place(server, own, endpoint(server.url or "", headers))
        spec = self._specs.get(server.connector)
        having = self._having.get(run.agent.id, frozenset()) if own else frozenset[str]()
        if spec is None or not (spec.shared or server.connector in having):
            return Unreachable(server.label, "There is no server of this name any more.")
        try:
            return Place(server, own, at_spec(spec, headers), spec)
        except ValueError as error:
            return Unreachable(server.label, str(error))

    def _source(self, place: Place, project: str, user: str, sampler: Sampler | None) -> Source:
        sampling = sampling_of(place, sampler)
        if isinstance(place.at, Program) and sampling is None:
            lender: Lender = self._programs.find(place.server_name)
        else:  # what asks the model of a run has to be connected for that run alone
            connection = self._connect(place.at, place.server_name, place.label, sampling)
            lender = OwnConnection(connection, sampling)
        key = (place.server_name, sampling is not None, project, user)
        return Source(lender, self._listings, key)

    def _connect_program(self, program: Program, name: str) -> Connection:
        return self._connect(program, name, name)

    def _connect(
        self, at: Endpoint | Program, server: Hashable, label: str, sampling: Sampling | None = None
    ) -> Connection:
        ask = None if sampling is None else sampling.ask
        opening = partial(_open, at, self._door, partial(self._listings.forget, server), ask)
        seconds = STARTING_SECONDS if isinstance(at, Program) else OPENING_SECONDS
        return Connection(opening, label=label, seconds=seconds)


@asynccontextmanager
async def _open(
    at: Endpoint | Program,
    door: Door,
    changed: Callable[[], object],
    ask: Ask | None,
    lost: Callable[[], object],
) -> AsyncIterator[Session]:
    wire = await library()
    async with wire.connect(at, door, Heard(changed, lost, ask)) as session:
        yield session


def _wanted(run: RunFacts) -> Iterator[tuple[McpServer, str | None]]:
    """The servers of the agent, and those of the request with where they were written."""
    for tool in run.agent.tools:
        if isinstance(tool, McpServer):
            yield tool, None
    params = run.request.hosted_params
    for position, tool in enumerate(run.request.hosted):
        if isinstance(tool, McpServer):
            yield tool, params[position] if position < len(params) else "tools"
