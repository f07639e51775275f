"""The limits of single keys, as they are stored beside them."""

from __future__ import annotations

from collections.abc import Callable

from msgspec import structs

from service.store.access_records import AuditEvent
from service.store.audit import write_audit
from service.store.reader import Reader
from service.store.statements import sql
from service.store.writer import Connection, Writer, row
from specs.limits import KeyRates

_SQL = sql("key_rates")


class SqlKeyRates:
    """`changed` is called when a key is no longer what look-ups may remember."""

    def __init__(self, writer: Writer, reader: Reader, *, changed: Callable[[], None]) -> None:
        self._writer = writer
        self._reader = reader
        self._changed = changed

    async def find(self, key: str) -> KeyRates | None:
        """A key's own limits; None where there is no such key."""
        found = await self._reader.row(_SQL["find"], {"id": key})
        return None if found is None else KeyRates(*found)

    async def set(self, key: str, rates: KeyRates, *, event: AuditEvent | None = None) -> bool:
        """Give a key limits of its own; False where there is none that was not revoked."""

        def command(connection: Connection) -> bool:
            if row(connection, _SQL["set"], {"id": key, **structs.asdict(rates)}) is None:
                return False
            if event is not None:
                write_audit(connection, event)
            return True

        done = await self._writer.submit(command)
        self._changed()
        return done
