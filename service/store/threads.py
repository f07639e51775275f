"""Threads: conversations, and what the Assistants API says beyond them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from service.store.conversations import append
from service.store.items import drop_items, read_items
from service.store.memory import Memory
from service.store.reader import Reader
from service.store.statements import sql
from service.store.thread_ports import Listed, Stretch, ThreadContext
from service.store.thread_rows import (
    bounds_of,
    ends_of,
    message_to_row,
    row_to_thread,
    statement_of,
    text_of,
)
from service.store.writer import Connection, Writer, row, rows
from specs.agents import ToolResources
from specs.threads import Thread, ThreadMessage

_SQL = sql("threads")
_MESSAGES = sql("thread_messages")
_CONVERSATIONS = sql("conversations")


class SqlThreads:
    """See `service.store.thread_ports.Threads`."""

    def __init__(self, writer: Writer, reader: Reader, memory: Memory) -> None:
        self._writer = writer
        self._reader = reader
        self._memory = memory

    async def create(self, thread: Thread, messages: Sequence[ThreadMessage]) -> None:
        """Make a thread that begins with these messages."""
        await self._writer.submit(lambda connection: create_thread(connection, thread, messages))

    async def get(self, project: str, id: str) -> Thread | None:
        """Find a thread."""
        found = await self._reader.row(_SQL["by_id"], {"id": id, "project": project})
        return row_to_thread(found) if found else None

    async def describe(self, project: str, id: str, metadata: dict[str, str]) -> bool:
        """Replace a thread's metadata."""
        values = {"id": id, "project": project, "metadata": text_of(metadata)}
        found = await self._writer.submit(
            lambda connection: row(connection, _CONVERSATIONS["describe"], values)
        )
        return found is not None

    async def equip(self, project: str, id: str, resources: ToolResources | None) -> bool:
        """Replace what the tools of a thread work on."""

        def command(connection: Connection) -> bool:
            equip(connection, project, id, resources)
            return row(connection, _SQL["by_id"], {"id": id, "project": project}) is not None

        return await self._writer.submit(command)

    async def delete(self, project: str, id: str) -> bool:
        """Forget a thread with all that is in it, its runs and their logs."""
        values = {"id": id, "project": project}

        def command(connection: Connection) -> bool:
            if row(connection, _SQL["by_id"], values) is None:
                return False
            for (leg,) in rows(connection, _SQL["legs"], values):
                connection.execute(_SQL["forget_log"], {"leg": leg})
                connection.execute(_SQL["forget_leg"], {"leg": leg})
            held = rows(connection, _CONVERSATIONS["clear"], {"id": id})
            connection.execute(_CONVERSATIONS["drop"], {"id": id})
            drop_items(connection, [number for (number,) in held])
            return True

        deleted = await self._writer.submit(command)
        self._memory.forget((project, id))
        return deleted

    async def legs(self, project: str, id: str) -> list[str]:
        """The engine's runs that worked on a thread."""
        return [leg for (leg,) in await self._reader.rows(_SQL["legs"], {"id": id, "project": project})]

    async def page(self, project: str, ask: Stretch) -> Listed[Thread] | None:
        """Some threads of a project; None where the place is that of none."""
        ends = ends_of(ask)
        after = ends[0] if ask.after is None else await self._place(project, ask.after)
        before = ends[1] if ask.before is None else await self._place(project, ask.before)
        if after is None or before is None:
            return None
        low, high = bounds_of(ask, after, before)
        statement, turned = statement_of(ask)
        values = {"project": project, "low": low, "high": high, "limit": ask.limit + 1}
        found = await self._reader.rows(_SQL[statement], values)
        return listed([row_to_thread(each) for each in found], ask, turned=turned)

    async def _place(self, project: str, id: str) -> int | None:
        found = await self._reader.row(_SQL["place"], {"id": id, "project": project})
        return found[0] if found else None

    async def context(self, project: str, id: str) -> ThreadContext | None:
        """All that a thread holds."""
        found = await self._reader.row(_MESSAGES["next"], {"thread": id, "project": project})
        if found is None:
            return None
        stored = await self._reader.rows(_MESSAGES["context"], {"thread": id, "upto": found[0]})
        items = await read_items([each[1:] for each in stored])
        return ThreadContext(items, tuple(each[0] for each in stored), found[0])


def create_thread(connection: Connection, thread: Thread, messages: Sequence[ThreadMessage]) -> None:
    """Make a thread within a command."""
    id, project, now = thread.id, thread.project, thread.created_at
    values = {"id": id, "project": project, "metadata": text_of(thread.metadata), "now": now}
    connection.execute(_CONVERSATIONS["create"], values)
    resources = {"id": id, "project": project, "tool_resources": text_of(thread.tool_resources), "now": now}
    connection.execute(_SQL["create"], resources)
    add_messages(connection, project, id, messages, now=now)


def equip(connection: Connection, project: str, id: str, resources: ToolResources | None) -> None:
    """Replace, within a command, what the tools of a thread work on."""
    connection.execute(_SQL["equip"], {"id": id, "project": project, "tool_resources": text_of(resources)})


def add_messages(
    connection: Connection, project: str, thread: str, messages: Sequence[ThreadMessage], *, now: int
) -> None:
    """Add messages at the end of a thread within a command."""
    append(connection, project, thread, [message.item for message in messages], now=now)
    put_messages(connection, project, messages)


def put_messages(connection: Connection, project: str, messages: Sequence[ThreadMessage]) -> None:
    """Note what messages have beyond their items."""
    for message in messages:
        connection.execute(_MESSAGES["put"], message_to_row(message, project))


def listed(found: list[Any], ask: Stretch, *, turned: bool) -> Listed[Any]:
    """As much of what was found as was asked for, in the order asked for."""
    page = found[: ask.limit]
    if turned:
        page.reverse()
    return Listed(tuple(page), len(found) > ask.limit)
