"""The tools of one run's servers."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping
from typing import Any

import msgspec
import structlog
from msgspec import Struct, structs

from service.tools.base import Known, Listed, ToolOutcome
from service.tools.mcp.failures import SILENT, ConnectionLost, McpFailure, NotDelivered
from service.tools.mcp.listing import Listing, Offer
from service.tools.mcp.names import offered_name
from service.tools.mcp.places import Place
from service.tools.mcp.results import to_outcome
from service.tools.mcp.rules import allows, asks
from service.tools.mcp.source import Source
from specs.items import FunctionCall
from specs.requests import FunctionTool, Tool

MOST_ABOUT = 200
"""Characters of a server's description that stand before those of its tools."""

log = structlog.get_logger()
_arguments = msgspec.json.Decoder(dict[str, Any])


class Unreachable(Struct, frozen=True):
    """A server that this run cannot have, and why."""

    label: str
    why: str


class Offered(Struct, frozen=True):
    """A tool as the model has it."""

    label: str
    offer: Offer
    definition: Tool
    asks: bool
    trusted: bool


class McpTools:
    """A `ToolSet` of servers. `taken` are names that tools of the run have already."""

    def __init__(
        self,
        servers: Mapping[str, tuple[Place, Source] | Unreachable],
        *,
        taken: Collection[str],
        seconds: float,
    ) -> None:
        self.servers = tuple(servers)
        self.definitions: tuple[Tool, ...] = ()
        self._servers = servers
        self._taken = frozenset(taken)
        self._seconds = seconds
        self._listings: dict[str, Listing] = {}
        self._offered: dict[str, Offered] = {}

    async def list_tools(self, server: str) -> Listed:
        """Ask one server, or remember what it said."""
        found = self._servers[server]
        if isinstance(found, Unreachable):
            return Listed(error=found.why)
        place, source = found
        try:
            async with asyncio.timeout(self._seconds):
                listing = await source.listing()
        except (McpFailure, TimeoutError) as error:
            log.warning("mcp_listing_failed", server=server, error=type(error).__name__)
            return Listed(error=str(error) if isinstance(error, McpFailure) else SILENT)
        offers = tuple(offer for offer in listing.offers if all(allows(one, offer) for one in place.filters))
        self._listings[server] = structs.replace(listing, offers=offers)
        self._name_all()
        return Listed(tuple(offer.tool for offer in offers), left_out=listing.left_out)

    def known(self, name: str) -> Known | None:
        """The tool that the model calls so."""
        found = self._offered.get(name)
        if found is None:
            return None
        offer = found.offer
        return Known(
            found.label,
            offer.name,
            asks=found.asks,
            fingerprint=offer.fingerprint,
            trusted=found.trusted,
        )

    async def call(self, call: FunctionCall) -> ToolOutcome:
        """Call a tool. A failure is an outcome the model sees."""
        found = self._offered.get(call.name)
        server = None if found is None else self._servers[found.label]
        if found is None or server is None or isinstance(server, Unreachable):
            return ToolOutcome(error=f"There is no tool {call.name!r}.")
        try:
            arguments = _arguments.decode(call.arguments) if call.arguments.strip() else {}
        except (msgspec.DecodeError, RecursionError):
            return ToolOutcome(error="The arguments are no valid JSON object.")
        try:
            return await self._call(server[1], found.offer, arguments)
        except McpFailure as error:
            log.warning("mcp_call_failed", server=found.label, error=type(error).__name__)
            return ToolOutcome(error=str(error))

    async def aclose(self) -> None:
        """End every connection."""
        sources = [server[1] for server in self._servers.values() if not isinstance(server, Unreachable)]
        for source in sources:  # before anything is waited for, which may be cancelled
            source.end()
        await asyncio.gather(*(source.settle() for source in sources))

    async def _call(self, source: Source, offer: Offer, arguments: dict[str, Any]) -> ToolOutcome:
        try:
            return to_outcome(await source.call(offer.name, arguments))
        except ConnectionLost as error:
            if not (offer.idempotent or isinstance(error, NotDelivered)):
                raise
        return to_outcome(await source.call(offer.name, arguments))

    def _name_all(self) -> None:
        """Name the tools of all servers anew: in the order of servers, whichever answered first."""
        alone = len(self.servers) == 1
        self._offered = {}
        for label in self.servers:
            found = self._servers[label]
            listing = self._listings.get(label)
            if listing is None or isinstance(found, Unreachable):
                continue
            place = found[0]
            rules = place.rules(alone=alone)
            for offer in listing.offers:
                name = offered_name(label, offer.name, self._taken | self._offered.keys())
                asking = any(asks(rule, offer) for rule in rules)
                definition = _definition(name, offer, place)
                self._offered[name] = Offered(label, offer, definition, asking, place.trusted)
        self.definitions = tuple(each.definition for each in self._offered.values())


def _definition(name: str, offer: Offer, place: Place) -> Tool:
    about = (place.description or "")[:MOST_ABOUT].strip()
    told = " ".join(filter(None, (f"[{about}]" if about else "", offer.tool.description)))
    return FunctionTool(name, told or None, offer.tool.schema)
