"""Wake-ups between replicas by LISTEN and NOTIFY: ids of runs, gathered for a moment, and nothing else."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Iterator, Sequence

import psycopg
import structlog
from psycopg import AsyncConnection

from service.store.postgres_connection import address
from service.store.postgres_reader import PostgresReader
from service.store.wakes import Hear
from specs.errors import StoreUnavailable

CHANNEL = "dragoman_runs"
GATHER_SECONDS = 0.01
RETRY_SECONDS = 1.0
MOST_RUNS = 100
"""In one notification, which takes 8,000 bytes at most."""

log = structlog.get_logger()


class PostgresWakes:
    """See `service.store.wakes.Wakes`."""

    others = True

    def __init__(self, url: str, reader: PostgresReader) -> None:
        self._address = address(url, name="wakes")
        self._reader = reader
        self._me = secrets.token_hex(8)
        self._told: set[str] = set()
        self._any = asyncio.Event()
        self._hear: list[Hear] = []

    def tell(self, run: str) -> None:
        """Wake the others soon."""
        self._told.add(run)
        self._any.set()

    def hear(self, on_run: Hear) -> None:
        """Be woken from now on by what the others tell."""
        self._hear.append(on_run)

    async def maintain(self) -> None:
        """Carry wake-ups, until cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._listen(), name="wakes heard")
            group.create_task(self._speak(), name="wakes told")

    async def _speak(self) -> None:
        while True:
            await self._any.wait()
            await asyncio.sleep(GATHER_SECONDS)
            self._any.clear()
            told, self._told = self._told, set()
            try:
                await self._notify(sorted(told))
            except StoreUnavailable as error:  # the others look by themselves
                log.warning("wakes_not_told", code=error.code)

    async def _notify(self, runs: Sequence[str]) -> None:
        for start in range(0, len(runs), MOST_RUNS):
            payload = " ".join((self._me, *runs[start : start + MOST_RUNS]))
            values = {"channel": CHANNEL, "payload": payload}
            await self._reader.rows("select pg_notify(:channel, :payload)", values)

    async def _listen(self) -> None:
        while True:
            try:
                await self._listen_once()
            except psycopg.Error as error:
                log.warning("wakes_not_heard", error=type(error).__name__)
            await asyncio.sleep(RETRY_SECONDS)

    async def _listen_once(self) -> None:
        connection = await AsyncConnection.connect(self._address, autocommit=True)
        async with connection:
            await connection.execute(f"listen {CHANNEL}".encode())
            async for notification in connection.notifies():
                for run in self._runs_of(notification.payload):
                    self._wake(run)

    def _runs_of(self, payload: str) -> Iterator[str]:
        """The runs of a notification; none of our own."""
        teller, *runs = payload.split(" ")
        return iter(() if teller == self._me else runs)

    def _wake(self, run: str) -> None:
        for on_run in self._hear:
            on_run(run)
