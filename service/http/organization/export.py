"""Tables as files, written while they are read: CSV and JSON Lines."""

from __future__ import annotations

import asyncio
import csv
import io
from collections.abc import AsyncGenerator, AsyncIterator, Iterable, Sequence
from contextlib import aclosing
from typing import Any, Literal, TypeAlias

import msgspec
from litestar.types import ASGIApp

from service.http.downloads import disposition
from service.http.protocol import Connection

Format: TypeAlias = Literal["csv", "jsonl"]
Cell: TypeAlias = str | int | bool | None
STALL_SECONDS = 60.0
"""A reader that takes nothing for so long is cut."""
_PIECE = 64 * 1024
_MEDIA_TYPES = {"csv": b"text/csv; charset=utf-8", "jsonl": b"application/jsonl"}
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""What a spreadsheet would take for the beginning of a formula."""


def exported(
    name: str, format: Format, columns: Sequence[str], rows: AsyncIterator[Sequence[Cell]]
) -> ASGIApp:
    """Answer with rows as a file of this name."""
    lines = _csv(columns, rows) if format == "csv" else _jsonl(columns, rows)
    headers = [
        (b"content-type", _MEDIA_TYPES[format]),
        (b"content-disposition", disposition(f"{name}.{format}")),
        (b"x-content-type-options", b"nosniff"),
        (b"cache-control", b"private, no-store"),
    ]

    async def answer(scope: Any, receive: Any, send: Any) -> None:
        connection: Connection = scope["state"]["connection"]
        async with aclosing(_pieces(lines)) as pieces:
            first = await anext(pieces, b"")  # what fails at once is told before the headers are out
            await send({"type": "http.response.start", "status": 200, "headers": headers})
            try:
                await _send(send, first)
                async for piece in pieces:
                    if connection.transport.is_closing():
                        return
                    await _send(send, piece)
                await send({"type": "http.response.body", "body": b"", "more_body": False})
            except TimeoutError:
                connection.abort()

    return answer


async def _send(send: Any, piece: bytes) -> None:
    async with asyncio.timeout(STALL_SECONDS):
        await send({"type": "http.response.body", "body": piece, "more_body": True})


async def _pieces(lines: AsyncIterator[bytes]) -> AsyncGenerator[bytes, None]:
    waiting = bytearray()
    async for line in lines:
        waiting += line
        if len(waiting) >= _PIECE:
            yield bytes(waiting)
            waiting.clear()
    yield bytes(waiting)


async def _csv(columns: Sequence[str], rows: AsyncIterator[Sequence[Cell]]) -> AsyncIterator[bytes]:
    yield csv_line(columns)
    async for row in rows:
        yield csv_line(row)


async def _jsonl(columns: Sequence[str], rows: AsyncIterator[Sequence[Cell]]) -> AsyncIterator[bytes]:
    async for row in rows:
        yield msgspec.json.encode(dict(zip(columns, row, strict=True))) + b"\n"


def csv_line(cells: Iterable[Cell]) -> bytes:
    """One line of CSV; a text that a spreadsheet would run is led by an apostrophe."""
    written = io.StringIO()
    csv.writer(written, lineterminator="\n").writerow(
        f"'{cell}" if isinstance(cell, str) and cell.startswith(_FORMULA) else cell for cell in cells
    )
    return written.getvalue().encode()
