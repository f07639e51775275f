"""The database in PostgreSQL: its connections, its schema, and the replicas that share it.

Imported only where it is used: its libraries take their time.
"""

from __future__ import annotations

import asyncio
import time

import psycopg

from service.store.migrate import migrate
from service.store.postgres_connection import writing_connection
from service.store.postgres_failures import POSTGRES
from service.store.postgres_reader import PostgresReader
from service.store.postgres_schema import POSTGRES_REGISTRY, postgres_migrations
from service.store.postgres_wakes import PostgresWakes
from service.store.writer import Connection, OnBatch, Writer
from specs.errors import StoreUnavailable
from specs.secret import Secret

OPENING_SECONDS = 30.0
"""How long it waits, while it opens the database, for another process that brings it to the schema."""


class PostgresServer:
    """See `service.store.database.Home`."""

    def __init__(self, writer: Writer, reader: PostgresReader, wakes: PostgresWakes) -> None:
        self.writer = writer
        self.reader = self.reports = reader
        self.wakes = wakes

    @classmethod
    async def open(
        cls, url: Secret, *, wait_seconds: float, queue_limit: int, on_batch: OnBatch | None = None
    ) -> PostgresServer:
        """Open the database and bring it to this version's schema.

        Raises StoreUnavailable when it cannot be opened, SchemaMismatch when it is another version's.
        """
        address = url.reveal()
        await asyncio.to_thread(prepare, address)
        reader = PostgresReader(address, wait_seconds=wait_seconds)
        await reader.open()
        connect = writing_connection(address, wait_seconds=wait_seconds)
        writer = Writer(connect, queue_limit=queue_limit, on_batch=on_batch, driver=POSTGRES)
        return cls(writer, reader, PostgresWakes(address, reader))

    def prove_writable(self, connection: Connection) -> None:
        """Write a row as it is."""
        connection.execute("update migrations set number = number where number = 1")

    def claim(self) -> bool:
        """Nobody is ever known to be alone: what a replica leaves behind is found by its leases."""
        return False

    async def aclose(self) -> None:
        """Write what waits, then let go of everything."""
        await self.writer.aclose()
        await self.reader.aclose()


def prepare(url: str) -> None:
    """Bring a database to this version's schema. Raises StoreUnavailable, SchemaMismatch."""
    try:
        connection = writing_connection(url, wait_seconds=OPENING_SECONDS, statement_seconds=0)()
        try:
            migrate(connection, postgres_migrations(), now=int(time.time()), registry=POSTGRES_REGISTRY)
        finally:
            connection.close()
    except psycopg.Error as error:  # only who starts the service or runs a command is told
        reason = " ".join(str(error).split()) or type(error).__name__
        raise StoreUnavailable(f"The database cannot be opened: {reason[:500]}") from error
