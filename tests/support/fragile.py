"""A database that can be made to die at any of the next statements, before or after it has run them."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from typing import Any

from service.store.writer import Connect, Connection


class Fragile:
    """Makes connections that share one fate."""

    def __init__(self, connect: Connect) -> None:
        self._connect = connect
        self._left: int | None = None
        self.dead = False
        self.committed = False
        """Whether something was committed since it was armed."""

    def arm(self, statements: int) -> None:
        """Die once so many more statements have been run."""
        self._left, self.committed = statements, False

    def connect(self) -> Connection:
        """Connect, unless it is dead."""
        if self.dead:
            raise sqlite3.OperationalError("disk I/O error")
        return _Watched(self._connect(), self._count)

    def _count(self, sql: str, run: Callable[[], Any]) -> Any:
        if self.dead or self._left == 0:
            self.dead = True
            raise sqlite3.OperationalError("disk I/O error")
        result = run()
        if self._left is not None:
            self._left -= 1
            self.committed |= sql == "commit"
        return result


class _Watched:
    def __init__(self, inner: Connection, count: Callable[[str, Callable[[], Any]], Any]) -> None:
        self._inner = inner
        self._count = count

    @property
    def in_transaction(self) -> bool:
        return self._inner.in_transaction

    def execute(self, sql: str, parameters: Any = (), /) -> Any:
        return self._count(sql, lambda: self._inner.execute(sql, parameters))

    def close(self) -> None:
        self._inner.close()
