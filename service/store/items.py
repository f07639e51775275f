"""Items: how they are written, and how many of them are read in one pass."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence

import msgspec

from service.store.reader import Reader
from service.store.repeated import Repeated
from service.store.statements import sql
from service.store.writer import Connection
from specs.errors import SchemaMismatch
from specs.items import Item

ITEM_VERSION = 1
"""Of the schema that payloads are written in."""
UPCASTERS: dict[int, Callable[[str], str]] = {}
"""By version: what makes a payload of it one of the next."""
LARGE = 1024 * 1024
"""Characters of payload that are decoded in a thread, not on the event loop."""

_SQL = sql("items")
_add = Repeated(_SQL["add"])
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
    return write_items(connection, [item_row(item, project=project, now=now) for item in items])


def item_row(item: Item, *, project: str, now: int) -> tuple[object, ...]:
    """The values of an item to be written."""
    return item.id, project, ITEM_VERSION, _encoder.encode(item).decode(), now


def write_items(connection: Connection, items: Sequence[tuple[object, ...]]) -> list[int]:
    """Write items within a command, whosever they are; returns their numbers, in order."""
    return sorted(number for (number,) in _add(connection, items))


def drop_items(connection: Connection, numbers: Sequence[int]) -> None:
    """Forget, within a command, those that nothing holds any more."""
    connection.execute(_SQL["drop"], {"numbers": json_text(numbers)})


def json_text(value: object) -> str:
    """A list as a statement takes it, so that one statement does for all of it."""
    return _encoder.encode(value).decode()
