"""What the writer must know of the database behind its connection."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from typing import Any

from msgspec import Struct

from service.store.failures import sqlite_to_failure
from specs.errors import DragomanError


class Driver(Struct, frozen=True):
    """How a kind of database tells that it failed, and what that means."""

    errors: tuple[type[Exception], ...]
    """What its connections raise."""
    failure: Callable[[Any], DragomanError]
    """Says what such an error is to a caller."""
    name: Callable[[BaseException | None], str]
    """Names an error in a log."""
    undone: Callable[[BaseException | None], bool]
    """Whether, after this error, the transaction certainly left nothing and may be run again at once."""
    probe: str
    """A query that shows that a new connection works."""


SQLITE = Driver(
    errors=(sqlite3.Error,),
    failure=sqlite_to_failure,
    name=lambda error: getattr(error, "sqlite_errorname", type(error).__name__),
    undone=lambda error: False,
    probe="select count(*) from sqlite_master",
)
