"""An open database: every repository, wherever the rows are."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Protocol

from service.store.accounts import SqlAccounts
from service.store.agents_store import SqlAgents
from service.store.approvals import SqlApprovals
from service.store.audit import SqlAuditLog
from service.store.background import SqlBackground
from service.store.books import SqlBooks
from service.store.conversations import SqlConversations
from service.store.credentials import SqlCredentials
from service.store.entries import SqlEntries
from service.store.files import SqlFiles
from service.store.idempotency import SqlIdempotency
from service.store.items import SqlItems
from service.store.key_rates import SqlKeyRates
from service.store.keys import SqlKeys
from service.store.members import SqlMembers
from service.store.memory import DEFAULT_BYTES, Memory
from service.store.projects import SqlProjects
from service.store.rates import SqlRates
from service.store.reader import Reader
from service.store.responses import SqlResponses
from service.store.service_accounts import SqlServiceAccounts
from service.store.sqlite import BUSY_SECONDS, SqliteFile
from service.store.thread_messages import SqlThreadMessages
from service.store.thread_runs import SqlThreadRuns
from service.store.threads import SqlThreads
from service.store.uploads import SqlUploads
from service.store.usage_log import SqlUsageLog
from service.store.users import SqlUsers
from service.store.wakes import Wakes
from service.store.writer import QUEUE_LIMIT, Connect, Connection, OnBatch, Writer
from specs.secret import Secret

READY_SECONDS = 1.0
"""How long it is taken for granted that the database takes writes, after it took one."""


class Home(Protocol):
    """Where the rows are: the one writer, what reads, and who works on them."""

    @property
    def writer(self) -> Writer: ...

    @property
    def reader(self) -> Reader: ...

    @property
    def reports(self) -> Reader:
        """For what may read for seconds: nobody else waits for it."""
        ...

    @property
    def wakes(self) -> Wakes: ...

    def prove_writable(self, connection: Connection) -> None:
        """Write something that changes nothing. Runs as a command."""
        ...

    def claim(self) -> bool:
        """Become the one service here; False where another is, or where that cannot be known."""
        ...

    async def aclose(self) -> None:
        """Write what waits, then let go of everything."""
        ...


class Database:
    """Make it with `open` on the event loop that will use it, and `aclose` it."""

    def __init__(self, home: Home, *, remembered_bytes: int = DEFAULT_BYTES) -> None:
        writer, reader = home.writer, home.reader
        self.writer = writer
        self.reader = reader
        self.wakes = home.wakes
        self.projects = SqlProjects(writer, reader)
        self.keys = SqlKeys(writer, reader)
        self.credentials = SqlCredentials(writer, reader)
        self.key_rates = SqlKeyRates(writer, reader, changed=self.keys.forget_recalled)
        self.users = SqlUsers(writer, reader)
        self.members = SqlMembers(writer, reader)
        self.service_accounts = SqlServiceAccounts(writer, reader)
        self.audit = SqlAuditLog(writer, reader)
        self.accounts = SqlAccounts(writer, reader)
        self.agents = SqlAgents(writer, reader)
        self.books = SqlBooks(writer, reader)
        self.usage = SqlUsageLog(reader)
        self.entries = SqlEntries(home.reports)
        self.rates = SqlRates(writer, reader)
        self.files = SqlFiles(writer, reader)
        self.uploads = SqlUploads(writer, reader)
        self.idempotency = SqlIdempotency(writer)
        self.approvals = SqlApprovals(writer, reader)
        self.items = SqlItems(reader)
        self.background = SqlBackground(writer, reader)
        self.memory = Memory(remembered_bytes)
        self.responses = SqlResponses(writer, reader, self.memory)
        self.conversations = SqlConversations(writer, reader, self.memory)
        self.threads = SqlThreads(writer, reader, self.memory)
        self.thread_messages = SqlThreadMessages(writer, reader, self.memory)
        self.thread_runs = SqlThreadRuns(writer, reader)
        self._home = home
        self._ready_until = 0.0

    @classmethod
    async def open(
        cls,
        where: Path | Secret,
        *,
        connect: Connect | None = None,
        busy_seconds: float = BUSY_SECONDS,
        queue_limit: int = QUEUE_LIMIT,
        on_batch: OnBatch | None = None,
        remembered_bytes: int = DEFAULT_BYTES,
    ) -> Database:
        """Open an SQLite file, made where there is none, or a PostgreSQL database by its address, and bring
        it to this version's schema.

        `connect` makes the connections of a file's writer. Raises StoreUnavailable when it cannot be opened,
        SchemaMismatch when it is another version's.
        """
        if isinstance(where, Secret):
            from service.store.postgres import PostgresServer  # its libraries take their time

            server = PostgresServer.open(
                where, wait_seconds=busy_seconds, queue_limit=queue_limit, on_batch=on_batch
            )
            return cls(await server, remembered_bytes=remembered_bytes)
        home = await SqliteFile.open(
            where, connect=connect, busy_seconds=busy_seconds, queue_limit=queue_limit, on_batch=on_batch
        )
        return cls(home, remembered_bytes=remembered_bytes)

    async def ready(self) -> None:
        """Raises StoreUnavailable when the database takes no writes now.

        What was true less than a second ago is told again, for anybody may ask.
        """
        if time.monotonic() >= self._ready_until:
            await self.writer.submit(self._home.prove_writable)
            self._ready_until = time.monotonic() + READY_SECONDS

    def claim(self) -> bool:
        """Become the one service on this database; False where another is, or where that cannot be known."""
        return self._home.claim()

    async def aclose(self) -> None:
        """Write what waits, then let go of everything."""
        await self._home.aclose()

    async def __aenter__(self) -> Database:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()
