"""Reads from an SQLite file: a connection of its own that cannot write, beside the writer's."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable, Mapping
from typing import Any

import aiosqlite

from service.store.failures import sqlite_to_failure
from service.store.reader import NONE
from service.store.writer import Identity


class SqliteReader:
    """See `service.store.reader.Reader`. One query after another, on whatever file the database is now."""

    def __init__(
        self, connect: Callable[[], sqlite3.Connection], *, identity: Identity = lambda: None
    ) -> None:
        self._connect = connect
        self._identity = identity
        self._identified: object = None
        self._connection: aiosqlite.Connection | None = None
        self._connecting = asyncio.Lock()

    @classmethod
    async def open(
        cls, connect: Callable[[], sqlite3.Connection], *, identity: Identity = lambda: None
    ) -> SqliteReader:
        """Connect; raises StoreUnavailable when that fails."""
        reader = cls(connect, identity=identity)
        try:
            await reader._connected()
        except sqlite3.Error as error:
            raise sqlite_to_failure(error) from error
        return reader

    async def rows(self, sql: str, parameters: Mapping[str, Any] = NONE) -> list[Any]:
        """Return every row; raises StoreUnavailable when the database cannot be read."""
        try:
            connection = await self._connected()
            return list(await connection.execute_fetchall(sql, parameters))
        except sqlite3.Error as error:
            raise sqlite_to_failure(error) from error

    async def row(self, sql: str, parameters: Mapping[str, Any] = NONE) -> Any:
        """Return the first row, or None."""
        found = await self.rows(sql, parameters)
        return found[0] if found else None

    async def aclose(self) -> None:
        """Let go of the connection."""
        old, self._connection = self._connection, None
        if old is not None:
            await old.close()

    async def _connected(self) -> aiosqlite.Connection:
        if self._connection is None or self._identity() != self._identified:
            async with self._connecting:
                await self._follow()
        assert self._connection is not None
        return self._connection

    async def _follow(self) -> None:
        """Go where the database is; a file that is gone is let go, so that its WAL goes with it."""
        found = self._identity()
        if self._connection is None or found != self._identified:
            await self.aclose()
            self._identified = found
            self._connection = await aiosqlite.Connection(self._connect, iter_chunk_size=64)
