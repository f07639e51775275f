"""Reads from PostgreSQL: a few connections that cannot write."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import psycopg
import structlog
from psycopg import AsyncConnection
from psycopg_pool import AsyncConnectionPool, PoolTimeout

from service.store.postgres_connection import (
    CONNECT_SECONDS,
    adapt,
    address,
    values_of,
)
from service.store.postgres_failures import is_broken, name, postgres_to_failure
from service.store.postgres_text import translated
from service.store.reader import NONE
from specs.errors import StoreUnavailable

MOST_CONNECTIONS = 4
QUERY_SECONDS = 300.0
"""How long a query may take: `doctor` looks at everything there is."""

log = structlog.get_logger()


class PostgresReader:
    """See `service.store.reader.Reader`."""

    def __init__(self, url: str, *, wait_seconds: float) -> None:
        self._pool = AsyncConnectionPool(
            address(url, name="reader"),
            kwargs={"autocommit": True},
            configure=_configure,
            min_size=1,
            max_size=MOST_CONNECTIONS,
            timeout=wait_seconds,
            reconnect_timeout=0,
            name="store-reader",
            open=False,
        )

    async def open(self) -> None:
        """Connect; raises StoreUnavailable when that fails."""
        await self._pool.open()
        try:
            await self._pool.wait(CONNECT_SECONDS)
        except PoolTimeout as error:
            await self._pool.close()
            raise StoreUnavailable from error

    async def rows(self, sql: str, parameters: Mapping[str, Any] = NONE) -> list[Any]:
        """Return every row; raises StoreUnavailable when the database cannot be read.

        A query whose connection turns out to be dead is asked once more, over one that was looked at.
        """
        try:
            try:
                return await self._ask(sql, parameters)
            except psycopg.OperationalError as error:
                if not is_broken(error):
                    raise
            await self._pool.check()
            return await self._ask(sql, parameters)
        except psycopg.Error as error:
            log.warning("store_read_failed", error=name(error))
            raise postgres_to_failure(error) from error

    async def row(self, sql: str, parameters: Mapping[str, Any] = NONE) -> Any:
        """Return the first row, or None."""
        found = await self.rows(sql, parameters)
        return found[0] if found else None

    async def aclose(self) -> None:
        """Let go of the connections."""
        await self._pool.close()

    async def _ask(self, sql: str, parameters: Mapping[str, Any]) -> list[Any]:
        statement = translated(sql)
        async with self._pool.connection() as connection:
            cursor = await connection.execute(statement.sql, values_of(statement, parameters))
            return await cursor.fetchall() if cursor.description is not None else []


async def _configure(connection: AsyncConnection[Any]) -> None:
    adapt(connection)
    milliseconds = int(QUERY_SECONDS * 1000)
    settings = (
        "default_transaction_read_only = on",
        f"statement_timeout = {milliseconds}",
        "synchronous_commit = off",  # a notification is worth no wait for the disk
    )
    await connection.execute("; ".join(f"set {setting}" for setting in settings).encode())
