"""Entries of the ledger as CSV or JSON Lines, read and sent page by page."""

from __future__ import annotations

import asyncio
import contextlib
import csv
import io
from collections.abc import AsyncIterator, Sequence
from typing import Any

import msgspec

from service.http.organization.ledger_wires import entry_to_wire
from service.http.protocol import Connection
from service.store.entries import SqlEntries
from service.store.entry_records import EntryQuery, entry_id
from specs.openai.organization_ledger import LedgerEntry, Tokens

PAGE = 500
"""Entries read and sent at once."""
COLUMNS = (
    "id", "created_at", "kind", "project_id", "account_id", "amount", "reason", "actor", "response_id",
    "run_id", "step", "attempt", "key_id", "agent_id", "agent_version", "api", "provider", "model",
    "estimated", *Tokens.__struct_fields__, "units", "rates", "cost",
)  # fmt: skip
"""Of the CSV; amounts are USD, `units` and `rates` JSON."""
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
MEDIA_TYPES = {"csv": "text/csv; charset=utf-8", "jsonl": "application/jsonl"}


class Export:
    """An ASGI answer that streams pieces; a reader that takes nothing is cut."""

    def __init__(self, pieces: AsyncIterator[bytes], *, format: str, stall_seconds: float) -> None:
        self._pieces = pieces
        self._format = format
        self._stall_seconds = stall_seconds

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Send it; `scope` and the callables are ASGI's."""
        connection: Connection = scope["state"]["connection"]
        async with contextlib.aclosing(self._pieces) as pieces:  # pyright: ignore[reportArgumentType]
            await self._stream(pieces, connection, send)

    async def _stream(self, pieces: AsyncIterator[bytes], connection: Connection, send: Any) -> None:
        first = await anext(pieces, b"")  # a failure is told before the headers are out
        name = f'attachment; filename="ledger.{self._format}"'
        headers = [
            (b"content-type", MEDIA_TYPES[self._format].encode()),
            (b"content-disposition", name.encode()),
            (b"x-content-type-options", b"nosniff"),
            (b"cache-control", b"private, no-store"),
        ]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        try:
            await self._send(first, send)
            async for piece in pieces:
                if connection.transport.is_closing():
                    return
                await self._send(piece, send)
            await send({"type": "http.response.body", "body": b"", "more_body": False})
        except TimeoutError:
            connection.abort()

    async def _send(self, piece: bytes, send: Any) -> None:
        async with asyncio.timeout(self._stall_seconds):
            await send({"type": "http.response.body", "body": piece, "more_body": True})


async def exported(entries: SqlEntries, query: EntryQuery, *, format: str) -> AsyncIterator[bytes]:
    """Every entry that fits, oldest first, in pieces."""
    if format == "csv":
        yield _csv([COLUMNS])
    after: str | None = None
    while True:
        page = await entries.page(query, limit=PAGE, after=after, order="asc")
        shown = [entry_to_wire(entry) for entry in page.entries]
        yield _csv(map(_row, shown)) if format == "csv" else msgspec.json.Encoder().encode_lines(shown)
        if not page.has_more:
            return
        after = entry_id(page.entries[-1])


def _row(entry: LedgerEntry) -> Sequence[object]:
    """A line of the CSV. Words of people cannot become formulas."""
    whole = {name: getattr(entry, name) for name in COLUMNS if hasattr(entry, name)}
    reason = entry.reason
    whole["reason"] = f"'{reason}" if reason.startswith(_FORMULA) else reason
    if entry.usage is not None:
        used = entry.usage
        whole |= {name: getattr(used, name) for name in COLUMNS if hasattr(used, name)}
        whole |= {name: getattr(used.tokens, name) for name in Tokens.__struct_fields__}
        whole |= {name: msgspec.json.encode(getattr(used, name)).decode() for name in ("units", "rates")}
    return [whole.get(name, "") for name in COLUMNS]


def _csv(rows: Any) -> bytes:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue().encode()
