"""Items: how they are written, and how many of them are read in one pass."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from functools import cache
from itertools import islice

import msgspec

from service.store.reader import Reader
from service.store.statements import sql
from service.store.writer import Connection, rows
from specs.errors import SchemaMismatch
from specs.items import Item

ITEM_VERSION = 1
"""Of the schema that payloads are written in."""
UPCASTERS: dict[int, Callable[[str], str]] = {}
"""By version: what makes a payload of it one of the next."""
ROWS = 64
"""Items that one statement writes; a statement for each number of them is remembered."""
LARGE = 1024 * 1024
"""Characters of payload that are decoded in a thread, not on the event loop."""

_SQL = sql("items")
_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(tuple[Item, ...])


class SqlItems:
    """See `service.store.state_ports.Items`."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader

    async def find(self, project: str, ids: Sequence[str]) -> dict[str, Item]:
        """The newest item of each id; those that are not there are left out."""
        values = {"project": project, "ids": json_text(ids)}
        found = await read_items(await self._reader.rows(_SQL["by_ids"], values))
        return {item.id: item for item in found}


async def read_items(stored: Sequence[tuple[int, str]]) -> tuple[Item, ...]:
    """Read (version, payload) pairs, all of them in one pass.

    Raises SchemaMismatch where one is of a version that is not known here.
    """
    if sum(len(payload) for _, payload in stored) > LARGE:
        return await asyncio.to_thread(decode_items, stored)
    return decode_items(stored)


def decode_items(stored: Iterable[tuple[int, str]]) -> tuple[Item, ...]:
    """Read (version, payload) pairs here and now."""
    payloads = [
        payload if version == ITEM_VERSION else _current(version, payload) for version, payload in stored
    ]
    return _decoder.decode(f"[{','.join(payloads)}]")


def _current(version: int, payload: str) -> str:
    while version != ITEM_VERSION:
        if version not in UPCASTERS:
            raise SchemaMismatch(f"an item of version {version} cannot be read here")
        payload = UPCASTERS[version](payload)
        version += 1
    return payload


def add_items(connection: Connection, items: Iterable[Item], *, project: str, now: int) -> list[int]:
    """Write items within a command; returns their numbers."""
    left, numbers = iter(items), list[int]()
    while some := list(islice(left, ROWS)):
        values: dict[str, object] = {"project": project, "version": ITEM_VERSION, "now": now}
        for place, item in enumerate(some):
            values[f"id{place}"] = item.id
            values[f"payload{place}"] = _encoder.encode(item).decode()
        numbers += sorted(number for (number,) in rows(connection, _adding(len(some)), values))
    return numbers


@cache
def _adding(items: int) -> str:
    """The statement that writes so many items: no list of them that the database would have to read."""
    one = "(:id, :project, :version, :payload, :now)"
    before, _, after = _SQL["add"].partition(one)
    numbered = (
        one.replace(":id", f":id{place}").replace(":payload", f":payload{place}") for place in range(items)
    )
    return f"{before}{', '.join(numbered)}{after}"


def drop_items(connection: Connection, numbers: Sequence[int]) -> None:
    """Forget, within a command, those that nothing holds any more."""
    connection.execute(_SQL["drop"], {"numbers": json_text(numbers)})


def json_text(value: object) -> str:
    """A list as a statement takes it, so that one statement does for all of it."""
    return _encoder.encode(value).decode()
