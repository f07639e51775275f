"""The messages of threads."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

from service.store.conversations import take_out
from service.store.items import read_items
from service.store.memory import Memory
from service.store.reader import Reader
from service.store.statements import sql
from service.store.thread_legs import require_idle
from service.store.thread_ports import Listed, Stretch
from service.store.thread_rows import bounds_of, ends_of, message_to_row, row_to_message, statement_of
from service.store.threads import add_messages, equip, listed
from service.store.writer import Connection, Writer, row
from specs.agents import ToolResources
from specs.errors import InvalidRequest
from specs.items import Message
from specs.threads import ThreadMessage

MOST_ITEMS = 100_000
"""Of one thread."""
_SQL = sql("thread_messages")
_SHOWN = {
    "kind": '{"type":"message"',
    "system": '%"role":"system"%',
    "developer": '%"role":"developer"%',
}
"""Which items are messages of a thread: a quote inside a text is escaped and never looks so."""


class SqlThreadMessages:
    """See `service.store.thread_ports.ThreadMessages`."""

    def __init__(self, writer: Writer, reader: Reader, memory: Memory) -> None:
        self._writer = writer
        self._reader = reader
        self._memory = memory

    async def add(self, project: str, message: ThreadMessage, resources: ToolResources | None) -> bool:
        """Add a message at the end of its thread."""
        thread = message.thread

        def command(connection: Connection) -> bool:
            if not require_idle(connection, project, thread, now=message.created_at):
                return False
            (count,) = row(connection, _SQL["count"], {"thread": thread})
            if count >= MOST_ITEMS:
                raise InvalidRequest(
                    f"thread_id: a thread may hold at most {MOST_ITEMS:,} items.", param="thread_id"
                )
            add_messages(connection, project, thread, [message], now=message.created_at)
            if resources is not None:
                equip(connection, project, thread, resources)
            return True

        return await self._writer.submit(command)

    async def get(self, project: str, thread: str, id: str) -> ThreadMessage | None:
        """Find a message."""
        place = await self._place(project, thread, id)
        if place is None:
            return None
        found = await self._read(thread, place - 1, place + 1, "upwards", limit=1, run=None)
        return found[0] if found else None

    async def describe(self, project: str, message: ThreadMessage) -> None:
        """Keep a message with other metadata."""
        values = message_to_row(message, project)

        def command(connection: Connection) -> None:
            connection.execute(_SQL["put"], values)

        await self._writer.submit(command)

    async def delete(self, project: str, thread: str, id: str, *, now: int) -> bool:
        """Take a message out."""

        def command(connection: Connection) -> bool:
            if not require_idle(connection, project, thread, now=now):
                return False
            connection.execute(_SQL["drop"], {"thread": thread, "id": id})
            return take_out(connection, project, thread, id)

        removed = await self._writer.submit(command)
        self._memory.forget((project, thread))
        return removed

    async def page(
        self, project: str, thread: str, ask: Stretch, *, run: str | None
    ) -> Listed[ThreadMessage] | None:
        """Some messages of a thread, or of one run on it; None where the place is that of none."""
        ends = ends_of(ask)
        after = ends[0] if ask.after is None else await self._place(project, thread, ask.after)
        before = ends[1] if ask.before is None else await self._place(project, thread, ask.before)
        if after is None or before is None:
            return None
        low, high = bounds_of(ask, after, before)
        statement, turned = statement_of(ask)
        found = await self._read(thread, low, high, statement, limit=ask.limit + 1, run=run)
        return listed(found, ask, turned=turned)

    async def _place(self, project: str, thread: str, id: str) -> int | None:
        values = {"project": project, "thread": thread, "id": id}
        found = await self._reader.row(_SQL["place"], values)
        return found[0] if found else None

    async def _read(
        self, thread: str, low: int, high: int, statement: str, *, limit: int, run: str | None
    ) -> list[ThreadMessage]:
        values = {"thread": thread, "low": low, "high": high, "run": run, "limit": limit, **_SHOWN}
        stored: Sequence[Any] = await self._reader.rows(_SQL[statement], values)
        items = await read_items([each[:2] for each in stored])
        return [
            row_to_message(thread, cast("Message", item), each[2:])
            for item, each in zip(items, stored, strict=True)
        ]
