"""Connections to PostgreSQL that speak as the store's other connections do.

Statements come as they are written for SQLite and leave in PostgreSQL's words; values go and come as
SQLite's would: truth is 1 or 0, sums are integers.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import psycopg
from psycopg import sql
from psycopg.abc import AdaptContext, Buffer
from psycopg.adapt import Loader
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg.pq import TransactionStatus
from psycopg.types.numeric import Int8Dumper
from psycopg.types.string import StrDumper

from service.store.postgres_text import Translated, translated
from service.store.writer import Connect, Connection

CONNECT_SECONDS = 2
STUCK_SECONDS = 5.0
"""How long a transaction may stand still before PostgreSQL ends it: its replica has stopped, and others
wait for the turn it has."""
STATEMENT_SECONDS = 30.0
"""How long one statement of a batch may take."""

TURN = "select pg_advisory_xact_lock(hashtext('dragoman'), hashtext(current_schema()))"
"""One batch writes at a time, whichever replica's it is: each sees all that was written before it, as it
would in one file. COMMIT and ROLLBACK give the turn on, and so does the end of the connection."""
_NUL = re.compile(r"(?<!\\)((?:\\\\)*)\\u0000")
"""Its escape in JSON, unless it is the text of one."""
_SPOKEN = {"begin immediate": f"begin isolation level read committed; {TURN}".encode()}
"""Read committed whatever the server's default is: else the transaction would see what was there before it
had waited for its turn."""


class _Truth(Int8Dumper):
    def dump(self, obj: Any) -> Buffer | None:
        return b"1" if obj else b"0"


class _Text(StrDumper):
    """PostgreSQL's text has no NUL: it becomes the character that stands for what cannot be shown."""

    def dump(self, obj: str) -> Buffer | None:
        return super().dump(obj.replace("\0", "\ufffd") if "\0" in obj else obj)


class _TruthLoader(Loader):
    def load(self, data: Buffer) -> int:
        return 1 if bytes(data) == b"t" else 0


class _WholeLoader(Loader):
    """Sums of integers are of the type numeric."""

    def load(self, data: Buffer) -> int | float:
        text = bytes(data)
        return float(text) if b"." in text else int(text)


def adapt(context: AdaptContext) -> None:
    """Let values go and come as SQLite's do."""
    adapters = context.adapters
    assert adapters is not None
    adapters.register_dumper(int, Int8Dumper)
    adapters.register_dumper(bool, _Truth)
    adapters.register_dumper(str, _Text)
    adapters.register_loader("bool", _TruthLoader)
    adapters.register_loader("numeric", _WholeLoader)


def values_of(statement: Translated, parameters: Any) -> Sequence[Any]:
    """The parameters, each at its place."""
    if not isinstance(parameters, Mapping):
        return parameters
    if not statement.json:
        return [parameters[name] for name in statement.names]
    return [
        _shown_nul(parameters[name]) if name in statement.json else parameters[name]
        for name in statement.names
    ]


def _shown_nul(json: str) -> str:
    """The same JSON, its escaped NULs as the character that stands for what cannot be shown."""
    return _NUL.sub(r"\1\\ufffd", json) if r"\u0000" in json else json


class PostgresCursor:
    """See `service.store.writer.Cursor`."""

    def __init__(self, cursor: psycopg.Cursor[Any]) -> None:
        self._cursor = cursor

    def fetchone(self) -> Any:
        """The next row, or None."""
        return self._cursor.fetchone() if self._cursor.description is not None else None

    def fetchall(self) -> list[Any]:
        """The rows that are left."""
        return self._cursor.fetchall() if self._cursor.description is not None else []


class PostgresConnection:
    """See `service.store.writer.Connection`: raises `psycopg.Error`."""

    def __init__(self, connection: psycopg.Connection[Any]) -> None:
        self._connection = connection

    @property
    def in_transaction(self) -> bool:
        """Whether a transaction is open, be it one that only waits to be rolled back to a savepoint."""
        open_states = (TransactionStatus.INTRANS, TransactionStatus.INERROR)
        return not self._connection.closed and self._connection.info.transaction_status in open_states

    def execute(self, sql: str, parameters: Any = (), /) -> PostgresCursor:
        """Run a statement."""
        if spoken := _SPOKEN.get(sql):
            return PostgresCursor(self._connection.execute(spoken))
        if sql == "commit":
            return self._commit()
        statement = translated(sql)
        return PostgresCursor(self._connection.execute(statement.sql, values_of(statement, parameters)))

    def close(self) -> None:
        """Let go of the connection, which rolls back what is open."""
        self._connection.close()

    def _commit(self) -> PostgresCursor:
        """COMMIT of a transaction that failed is a ROLLBACK and no error to PostgreSQL."""
        failed = self._connection.info.transaction_status == TransactionStatus.INERROR
        cursor = self._connection.execute("commit")
        if failed:
            raise psycopg.OperationalError("the transaction had failed before it was to be committed")
        return PostgresCursor(cursor)


def address(url: str, *, name: str) -> str:
    """An address with what it does not say itself: a peer that went without a word is noticed in seconds."""
    defaults = {
        "connect_timeout": CONNECT_SECONDS,
        "keepalives_idle": 5,
        "keepalives_interval": 2,
        "keepalives_count": 2,
        "tcp_user_timeout": 5_000,
        "application_name": f"dragoman {name}",
    }
    return make_conninfo(**{**defaults, **conninfo_to_dict(url), "client_encoding": "utf8"})


def writing_connection(
    url: str, *, wait_seconds: float, statement_seconds: float = STATEMENT_SECONDS
) -> Connect:
    """Make connections that may write: durable at COMMIT, and `wait_seconds` patient for their turn."""
    whole = address(url, name="writer")
    limits = {
        "lock_timeout": wait_seconds,
        "statement_timeout": statement_seconds,
        "idle_in_transaction_session_timeout": STUCK_SECONDS,
    }

    def connect() -> Connection:
        connection = psycopg.connect(whole, autocommit=True)
        adapt(connection)
        connection.execute(_setup(limits))
        return PostgresConnection(connection)

    return connect


def _setup(limits: Mapping[str, float]) -> sql.Composed:
    """What a writing session is like, in one round trip."""
    statements = [
        sql.SQL("set {} = {}").format(sql.Identifier(name), sql.Literal(int(seconds * 1000)))
        for name, seconds in limits.items()
    ]
    durable = (
        "select set_config('synchronous_commit', 'on', false)"
        " where current_setting('synchronous_commit') = 'off'"
    )
    return sql.SQL("; ").join([*statements, sql.SQL(durable)])
