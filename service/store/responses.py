"""Responses as they are stored."""

from __future__ import annotations

from collections.abc import Awaitable, Mapping, Sequence
from operator import attrgetter
from typing import Any

from service.store.conversations import append, release
from service.store.items import read_items
from service.store.memory import Memory, Remembered, size_of
from service.store.reader import Reader
from service.store.repeated import Repeated
from service.store.state_ports import Order
from service.store.state_records import ItemPage, KeepTurn, KeptResponse, ResponseRow
from service.store.statements import sql
from service.store.thread_legs import keep_leg
from service.store.turns import prune, put_turns
from service.store.usage_rows import row_to_usage
from service.store.writer import Connection, Kind, Writer, rows
from specs.contexts import Context
from specs.items import Item
from specs.usage import add_usages

_SQL = sql("responses")
_TURNS = sql("turns")
_put = Repeated(_SQL["put"])
_columns = attrgetter(*ResponseRow.__struct_fields__)


class SqlResponses:
    """See `service.store.state_ports.Responses`."""

    def __init__(self, writer: Writer, reader: Reader, memory: Memory) -> None:
        self._writer = writer
        self._reader = reader
        self._memory = memory

    def keep(self, order: KeepTurn) -> Awaitable[None]:
        """Write a turn down, add to its conversation, and give the conversation's lock back."""
        return self._writer.insist_order(_KEEP, order)

    async def row(self, project: str, id: str, *, now: int) -> ResponseRow | None:
        """Find a response without its items."""
        found = await self._reader.row(_SQL["by_id"], {"id": id, "project": project, "now": now})
        return ResponseRow(**dict(zip(ResponseRow.__struct_fields__, found, strict=True))) if found else None

    async def get(self, project: str, id: str, *, now: int) -> KeptResponse | None:
        """Find a response."""
        found = await self.row(project, id, now=now)
        if found is None:
            return None
        output = await read_items(await self._reader.rows(_TURNS["output"], {"turn": id}))
        attempts = await self._reader.rows(_SQL["usage"], {"run": found.run})
        return KeptResponse(found, output, add_usages(map(row_to_usage, attempts)))

    async def context(self, project: str, turn: str) -> tuple[Item, ...]:
        """What a turn that continues this one begins with."""
        found = await self._reader.rows(_TURNS["own"], {"turn": turn, "project": project})
        if not found:
            return ()
        parent, conversation = found[0][:2]
        if (known := self._memory.recall((project, turn))) is not None:
            context, size = known.context, known.size
        elif conversation is None and (known := self._memory.recall((project, parent))) is not None:
            own = [stored[2:] for stored in found if stored[2] is not None]
            context, size = known.context.grown(await read_items(own)), known.size + size_of(own)
            self._memory.forget((project, parent))
        else:
            return await self._unrolled(project, turn)
        self._memory.keep((project, turn), Remembered(context, 0, 0, size))
        return context

    async def _unrolled(self, project: str, turn: str) -> Context:
        """A turn from its root on. Where that is a conversation, items can still be taken out of it: what is
        read of one is not remembered."""
        found = await self._reader.rows(_TURNS["unroll"], {"turn": turn, "project": project})
        stored = [row[:2] for row in found]
        context = Context(await read_items(stored))
        if all(side for _, _, _, side, *_ in found):
            self._memory.keep((project, turn), Remembered(context, 0, 0, size_of(stored)))
        return context

    async def inputs(
        self, project: str, id: str, *, order: Order, limit: int, after: str | None
    ) -> ItemPage | None:
        """What the model was given for a response, page by page."""
        found = await self._reader.rows(_TURNS["unroll"], {"turn": id, "project": project})
        given = [stored for stored in found if stored[2] > 0 or stored[3] != "output"]
        if order == "desc":
            given.reverse()
        begin = _after(given, after)
        if begin is None:
            return None
        page = given[begin : begin + limit]
        return ItemPage(await read_items([stored[:2] for stored in page]), len(given) > begin + limit)

    async def delete(self, project: str, id: str, *, now: int) -> bool:
        """Forget a response; what others go on from stays until they are gone."""
        values = {"id": id, "project": project, "now": now}
        deleted = await self._writer.submit(lambda connection: _forget(connection, _SQL["drop"], values) > 0)
        self._memory.forget((project, id))
        return deleted

    async def expire(self, *, now: int, limit: int) -> int:
        """Forget responses whose time has come, at most `limit`; returns how many."""
        values = {"now": now, "limit": limit}
        return await self._writer.submit(lambda connection: _forget(connection, _SQL["expire"], values))


def keep_turns(connection: Connection, orders: Sequence[KeepTurn]) -> list[None]:
    """Write turns down within a command."""
    kept = [order for order in orders if order.leg is None and order.response is not None]
    _put(connection, [_columns(order.response) for order in kept])
    numbers = put_turns(connection, kept)
    for order in orders:
        if order.leg is not None:
            keep_leg(connection, order.leg)
        elif order.conversation is not None and order.ends:
            _go_on(connection, order, order.conversation, numbers.get(order.id))
    return [None] * len(orders)


def _go_on(connection: Connection, order: KeepTurn, conversation: str, numbers: Sequence[int] | None) -> None:
    """Add a turn to its conversation, by the numbers of its items if it has any, and let others write."""
    if order.appends:
        new = (*order.input, *order.output) if numbers is None else ()
        append(connection, order.project, conversation, new, numbers=numbers or (), now=order.now)
    release(connection, conversation, run=order.run)


def _forget(connection: Connection, statement: str, values: Mapping[str, object]) -> int:
    forgotten = [id for (id,) in rows(connection, statement, values)]
    prune(connection, forgotten)
    return len(forgotten)


def _after(given: Sequence[Any], after: str | None) -> int | None:
    """Where the page after this item begins; None where there is no such item."""
    if after is None:
        return 0
    return next((place + 1 for place, stored in enumerate(given) if stored[5] == after), None)


_KEEP = Kind(keep_turns, turn=2)
