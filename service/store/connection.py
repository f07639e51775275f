"""What is used of a connection to the database, whichever binding or database stands behind it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol, TypeAlias


class Cursor(Protocol):
    """What is used of a cursor."""

    def fetchone(self) -> Any: ...

    def fetchall(self) -> list[Any]: ...


class Connection(Protocol):
    """What is used of a connection: little, so that another binding or database can stand in.

    It is in autocommit mode (transactions are opened by statement) and raises what its driver says.
    """

    @property
    def in_transaction(self) -> bool: ...

    def execute(self, sql: str, parameters: Any = ..., /) -> Cursor: ...

    def close(self) -> None: ...


Connect: TypeAlias = Callable[[], Connection]


def rows(connection: Connection, sql: str, parameters: object = ()) -> list[Any]:
    """Run a statement to its end and return its rows."""
    return connection.execute(sql, parameters).fetchall()


def row(connection: Connection, sql: str, parameters: object = ()) -> Any:
    """Run a statement to its end and return its first row, or None.

    A statement that returns rows must be run to its end: COMMIT refuses while one that writes is
    under way (https://sqlite.org/lang_transaction.html).
    """
    found = connection.execute(sql, parameters).fetchall()
    return found[0] if found else None
