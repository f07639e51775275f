"""One server, as one run talks to it."""

from __future__ import annotations

from typing import Any, Protocol

from service.tools.mcp.connection import Connection
from service.tools.mcp.failures import ConnectionLost
from service.tools.mcp.listing import Listing, read_listing
from service.tools.mcp.listings import Key, Listings
from service.tools.mcp.results import Answer
from service.tools.mcp.sampling import Sampling


class Lender(Protocol):
    """Has a connection to give."""

    def lend(self) -> Connection:
        """The connection, wanted until `take_back`."""
        ...

    def take_back(self) -> None:
        """It is not wanted any more."""
        ...

    async def settle(self) -> None:
        """Return when what `take_back` began has ended."""
        ...


class OwnConnection:
    """A connection of a run's own, and what is asked over it of the run's model."""

    def __init__(self, connection: Connection, sampling: Sampling | None = None) -> None:
        self._connection = connection
        self._sampling = sampling

    def lend(self) -> Connection:
        """The connection, wanted until `take_back`."""
        return self._connection

    def take_back(self) -> None:
        """It is not wanted any more."""
        if self._sampling is not None:
            self._sampling.end()
        self._connection.end()

    async def settle(self) -> None:
        """Return when what `take_back` began has ended."""
        if self._sampling is not None:
            await self._sampling.settle()
        await self._connection.wait()


class Source:
    """Its listing, remembered or asked for, and its calls."""

    def __init__(self, lender: Lender, listings: Listings, key: Key) -> None:
        self._lender = lender
        self._lent: Connection | None = None
        self._listings = listings
        self._key = key

    @property
    def _connection(self) -> Connection:
        if self._lent is None:
            self._lent = self._lender.lend()
        return self._lent

    async def listing(self) -> Listing:
        """What the server offers. Raises McpFailure."""
        return await self._listings.get(self._key, self._ask)

    async def call(self, name: str, arguments: dict[str, Any]) -> Answer:
        """Call a tool. Raises McpFailure."""
        session = await self._connection.session()
        try:
            return await session.call(name, arguments)
        except ConnectionLost:
            self._connection.drop(session)
            raise

    def end(self) -> None:
        """Nothing more is wanted of it."""
        if self._lent is not None:
            self._lender.take_back()

    async def settle(self) -> None:
        """Return when what `end` began has ended; it does whoever waits."""
        await self._lender.settle()

    async def _ask(self) -> Listing:
        session = await self._connection.session()
        try:
            return await read_listing(session.page)
        except ConnectionLost:
            self._connection.drop(session)
            raise
