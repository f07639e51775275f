"""A real PostgreSQL for tests: one server for the whole run, a database of its own for each test."""

from __future__ import annotations

import atexit
import shutil
import subprocess
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from itertools import count
from pathlib import Path
from typing import Any, TypeAlias

import psycopg
import pytest
from psycopg import sql

from service.store.postgres import prepare
from specs.secret import Secret

Where: TypeAlias = Path | Secret
"""An SQLite file, or the address of a PostgreSQL database."""
_numbers = count(1)


@cache
def _server() -> Any:
    """Start the server, or say why there is none."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of platformdirs, where the session has no runtime folder
            import pgserver
    except ImportError as error:
        return f"needs PostgreSQL: pip install pgserver ({error})"
    folder = tempfile.mkdtemp(prefix="dragoman-postgres-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    try:
        try:
            server = pgserver.get_server(folder, cleanup_mode="stop")
        except subprocess.TimeoutExpired:  # on a busy machine; by now it has started
            server = pgserver.get_server(folder, cleanup_mode="stop")
    except Exception as error:  # whatever keeps it from starting here, the test is told
        return f"pgserver does not start here: {type(error).__name__}: {str(error)[:200]}"
    with psycopg.connect(server.get_uri(), autocommit=True) as connection:
        connection.execute("alter system set fsync = off")  # the machine does not fail in these tests
        connection.execute("select pg_reload_conf()")
        connection.execute("create database template_dragoman")
    prepare(server.get_uri("template_dragoman"))
    return server


def require_postgres() -> Any:
    """The server; skips the test where there can be none."""
    server = _server()
    if isinstance(server, str):
        pytest.skip(server)
    return server


@contextmanager
def fresh_database(*, empty: bool = False) -> Iterator[Secret]:
    """The address of a new database, with this version's schema unless it is to be empty."""
    server = require_postgres()
    name = sql.Identifier(f"test_{next(_numbers)}")
    template = sql.Identifier("template1" if empty else "template_dragoman")
    with psycopg.connect(server.get_uri(), autocommit=True) as connection:
        connection.execute(sql.SQL("create database {} template {}").format(name, template))
        try:
            yield Secret(server.get_uri(name.as_string(None).strip('"')))
        finally:
            connection.execute(sql.SQL("drop database {} with (force)").format(name))


def ask(url: Secret, statement: str) -> list[Any]:
    """Ask a database something beside the service."""
    with psycopg.connect(url.reveal(), autocommit=True) as connection:
        cursor = connection.execute(statement.encode())
        return cursor.fetchall() if cursor.description is not None else []
