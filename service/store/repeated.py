"""Statements for any number of rows: a statement's one row of values, written as often as there are rows.

Each statement gives up Python's lock and must get it back from a busy event loop, so their number is what
a request costs here: thirty rows in one statement take little longer than one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import cache
from itertools import chain
from typing import Any

from service.store.connection import Connection

SIZES = (16, 8, 4, 3, 2, 1)
"""Rows of one statement: few sizes, so that each is prepared once and kept, in 2 kB a row."""
_ROW = re.compile(r"values (\((?:[^()]|\([^()]*\))*\))")
_NAME = re.compile(r":[a-z_][a-z0-9_]*")


class Repeated:
    """A statement that names its values in one row, and nowhere else.

    The values of a row come in the order in which it names them.
    """

    def __init__(self, sql: str) -> None:
        row = _ROW.search(sql)
        if row is None or _NAME.search(sql[: row.start()] + sql[row.end() :]):
            raise ValueError(f"want one row of values, and all names in it: {sql[:80]!r}")
        self._before, self._after = sql[: row.start(1)], sql[row.end(1) :]
        self._row = _NAME.sub("?", row[1])
        self._text = cache(self._of_size)

    def __call__(self, connection: Connection, values: Sequence[Sequence[Any]]) -> list[Any]:
        """Run it for these rows of values; returns the rows it returns."""
        found: list[Any] = []
        for part in _parts(values):
            found += connection.execute(self._text(len(part)), tuple(chain.from_iterable(part))).fetchall()
        return found

    def _of_size(self, rows: int) -> str:
        return f"{self._before}{', '.join([self._row] * rows)}{self._after}"


def _parts(values: Sequence[Sequence[Any]]) -> Iterator[Sequence[Sequence[Any]]]:
    """The rows in parts of known sizes, large ones first."""
    begin = 0
    for size in SIZES:
        while len(values) - begin >= size:
            yield values[begin : begin + size]
            begin += size
