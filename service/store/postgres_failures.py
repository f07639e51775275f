"""What PostgreSQL's errors mean to the rest of the house: by the class of their SQLSTATE, every class named.

https://www.postgresql.org/docs/current/errcodes-appendix.html
"""

from __future__ import annotations

import psycopg
from psycopg_pool import PoolTimeout

from service.store.driver import Driver
from specs.errors import Conflict, DragomanError, ServerError, StoreUnavailable

UNAVAILABLE = frozenset(
    {
        "08",  # connection
        "25",  # transaction state: read-only, idle for too long
        "28",  # authorization
        "3D",  # no such database
        "40",  # rolled back: serialization, deadlock
        "53",  # resources: disk, memory, connections
        "54",  # limits of the program
        "55",  # not in the needed state: a lock was not to be had
        "57",  # an operator's intervention: shut down, cancelled
        "58",  # the system
        "72",  # an old snapshot
        "F0",  # its configuration file
        "HV",  # foreign data
        "XX",  # its own inconsistency
    }
)
"""The database, its disk or the way there is at fault: 503, and a retry may help."""

BUGS = frozenset(
    {
        *("00", "01", "02", "03", "09", "0A", "0B", "0F", "0L", "0P", "0Z", "10", "20", "21", "22", "23"),
        *("24", "26", "27", "2B", "2D", "2F", "34", "38", "39", "3B", "3F", "42", "44", "P0"),
    }
)
"""The statement or its values are at fault: 500."""

_TAKEN = "23505"
_UNDONE = frozenset({"40001", "40P01"})


def postgres_to_failure(error: psycopg.Error) -> DragomanError:
    """Say what an error of PostgreSQL, or of the way there, is to a caller."""
    if error.sqlstate == _TAKEN:
        return Conflict("There is one already.")
    if error.sqlstate is None:
        at_fault = isinstance(error, psycopg.OperationalError | psycopg.InterfaceError)
        return StoreUnavailable() if at_fault else ServerError()
    return StoreUnavailable() if error.sqlstate[:2] in UNAVAILABLE else ServerError()


def is_undone(error: BaseException | None) -> bool:
    """Whether PostgreSQL rolled the transaction back only to let another one finish."""
    return isinstance(error, psycopg.Error) and error.sqlstate in _UNDONE


def is_broken(error: psycopg.OperationalError) -> bool:
    """Whether it was the connection that failed, so that another one may do."""
    if isinstance(error, PoolTimeout):
        return False
    return error.sqlstate is None or error.sqlstate[:2] in ("08", "57")


def name(error: BaseException | None) -> str:
    """An error's class and SQLSTATE; its message may hold values."""
    state = getattr(error, "sqlstate", None)
    return f"{type(error).__name__} {state}" if state else type(error).__name__


POSTGRES = Driver(
    errors=(psycopg.Error,),
    failure=postgres_to_failure,
    name=name,
    undone=is_undone,
    probe="select 1",
)
