"""Conversations as they are stored."""

from __future__ import annotations

from collections.abc import Awaitable, Sequence
from typing import Any

import msgspec
from msgspec import Struct, structs

from service.store.items import add_items, drop_items, json_text, read_items
from service.store.memory import NOTHING, Key, Memory, Remembered, size_of
from service.store.reader import Reader
from service.store.state_ports import Order
from service.store.state_records import Conversation, ConversationContext, ItemPage
from service.store.statements import sql
from service.store.writer import Connection, Writer, row, rows
from specs.contexts import Context
from specs.errors import Conflict
from specs.items import Item

_SQL = sql("conversations")
_FIRST = -1
_LAST = 2**62
_metadata = msgspec.json.Decoder(dict[str, str])


class Standing(Struct, frozen=True):
    """What tells whether what is remembered of a conversation is still true of it."""

    upto: int
    """The place of its next item."""
    removals: int
    """How often items were taken out."""


class SqlConversations:
    """See `service.store.state_ports.Conversations`."""

    def __init__(self, writer: Writer, reader: Reader, memory: Memory) -> None:
        self._writer = writer
        self._reader = reader
        self._memory = memory

    async def create(self, conversation: Conversation, items: Sequence[Item]) -> None:
        """Make a conversation that begins with these items."""
        id, project, now = conversation.id, conversation.project, conversation.created_at
        values = {"id": id, "project": project, "metadata": _json(conversation.metadata), "now": now}

        def command(connection: Connection) -> None:
            connection.execute(_SQL["create"], values)
            append(connection, project, id, items, now=now)

        await self._writer.submit(command)

    async def get(self, project: str, id: str) -> Conversation | None:
        """Find a conversation."""
        return _row_to_conversation(await self._reader.row(_SQL["by_id"], {"id": id, "project": project}))

    async def describe(self, project: str, id: str, metadata: dict[str, str]) -> Conversation | None:
        """Replace a conversation's metadata."""
        values = {"id": id, "project": project, "metadata": _json(metadata)}
        return _row_to_conversation(
            await self._writer.submit(lambda connection: row(connection, _SQL["describe"], values))
        )

    async def delete(self, project: str, id: str, *, now: int) -> bool:
        """Forget a conversation."""

        def command(connection: Connection) -> bool:
            if _standing_if_free(connection, project, id, now) is None:
                return False
            held = rows(connection, _SQL["clear"], {"id": id})
            connection.execute(_SQL["drop"], {"id": id})
            drop_items(connection, [number for (number,) in held])
            return True

        deleted = await self._writer.submit(command)
        self._memory.forget((project, id))
        return deleted

    async def add(self, project: str, id: str, items: Sequence[Item], *, now: int) -> bool:
        """Add items at its end."""

        def command(connection: Connection) -> bool:
            if _standing_if_free(connection, project, id, now) is None:
                return False
            append(connection, project, id, items, now=now)
            return True

        return await self._writer.submit(command)

    async def items(
        self, project: str, id: str, *, order: Order, limit: int, after: str | None
    ) -> ItemPage | None:
        """Its items, page by page; None where `after` is not among them."""
        place = _FIRST if order == "asc" else _LAST
        if after is not None:
            found = await self._place(project, id, after)
            if found is None:
                return None
            place = found[0]
        statement = _SQL["upwards" if order == "asc" else "downwards"]
        stored = await self._reader.rows(statement, {"id": id, "place": place, "limit": limit + 1})
        return ItemPage(await read_items(stored[:limit]), len(stored) > limit)

    async def item(self, project: str, id: str, item: str) -> Item | None:
        """One of its items."""
        found = await self._place(project, id, item)
        return (await read_items([found[1:]]))[0] if found else None

    async def _place(self, project: str, id: str, item: str) -> Any:
        return await self._reader.row(_SQL["place"], {"project": project, "id": id, "item": item})

    async def remove(self, project: str, id: str, item: str, *, now: int) -> bool:
        """Take one of its items out."""

        def command(connection: Connection) -> bool:
            if _standing_if_free(connection, project, id, now) is None:
                return False
            return take_out(connection, project, id, item)

        removed = await self._writer.submit(command)
        self._memory.forget((project, id))
        return removed

    async def begin(
        self, project: str, id: str, *, run: str, now: int, until: int
    ) -> ConversationContext | None:
        """Let a run write to it, alone, and read what it holds."""

        def command(connection: Connection) -> Standing | None:
            standing = _standing_if_free(connection, project, id, now)
            if standing is not None:
                connection.execute(_SQL["lock"], {"id": id, "run": run, "until": until})
            return standing

        standing = await self._writer.submit(command)
        if standing is None:
            self._memory.forget((project, id))
            return None
        context = await read_context(self._reader, self._memory, (project, id), standing)
        return ConversationContext(context, standing.upto)

    def release(self, id: str, *, run: str) -> Awaitable[None]:
        """Give the lock of a run back that adds nothing."""
        return self._writer.insist(lambda connection: release(connection, id, run=run))


async def read_context(reader: Reader, memory: Memory, key: Key, standing: Standing) -> Context:
    """All that a conversation holds: what is remembered, as far as nothing was taken out since, and the rest.

    `standing` is what was read before: what is taken out later makes a difference to the next who asks.
    """
    known = memory.recall(key)
    if known is None or known.removals != standing.removals:
        known = structs.replace(NOTHING, removals=standing.removals)
    values = {"id": key[1], "begin": known.upto, "upto": standing.upto}
    stored = await reader.rows(_SQL["stretch"], values) if known.upto < standing.upto else []
    context = known.context.grown(await read_items(stored))
    memory.keep(key, Remembered(context, standing.upto, standing.removals, known.size + size_of(stored)))
    return context


def append(
    connection: Connection,
    project: str,
    id: str,
    items: Sequence[Item],
    *,
    now: int,
    numbers: Sequence[int] = (),
) -> None:
    """Add items that are there, by their numbers, and new ones; nothing where the conversation is gone."""
    values = {"id": id, "project": project, "count": len(numbers) + len(items)}
    first = row(connection, _SQL["reserve"], values)
    if first is None:
        return
    added = json_text((*numbers, *add_items(connection, items, project=project, now=now)))
    connection.execute(_SQL["put"], {"conversation": id, "first": first[0], "numbers": added})


def release(connection: Connection, id: str, *, run: str) -> None:
    """Give the lock of a run back."""
    connection.execute(_SQL["release"], {"id": id, "run": run})


def take_out(connection: Connection, project: str, id: str, item: str) -> bool:
    """Take an item out within a command; False where there is none of this id."""
    values = {"project": project, "id": id, "item": item}
    taken = [number for (number,) in rows(connection, _SQL["remove"], values)]
    if taken:
        connection.execute(_SQL["removed"], {"id": id})
        drop_items(connection, taken)
    return bool(taken)


def _standing_if_free(connection: Connection, project: str, id: str, now: int) -> Standing | None:
    """How a conversation stands that nobody writes to; None where there is none.

    Raises Conflict while a run writes to it.
    """
    standing = row(connection, _SQL["standing"], {"id": id, "project": project, "now": now})
    if standing is None:
        return None
    next, busy, removals = standing
    if busy:
        raise Conflict(
            "Another response is being written to this conversation.", param="conversation", retry_after=1
        )
    return Standing(next, removals)


def _json(metadata: dict[str, str]) -> str:
    return msgspec.json.encode(metadata).decode()


def _row_to_conversation(values: Sequence[Any] | None) -> Conversation | None:
    if values is None:
        return None
    id, project, metadata, created_at = values
    return Conversation(id, project, _metadata.decode(metadata), created_at)
