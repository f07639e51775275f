"""Where the database is, as `store.url` says it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

from service.settings.secrets import resolver
from specs.secret import Secret

_POSTGRES = ("postgresql://", "postgres://")
_SQLITE = "sqlite:///"


def read_url(url: str, folder: Path, environ: Mapping[str, str]) -> Path | Secret:
    """The file of an SQLite database, or the whole address of a PostgreSQL one, which holds a password.

    Raises ValueError saying what it must be.
    """
    secret = resolver(environ, folder)(url) if url.startswith(("env:", "file:")) else Secret(url)
    address = secret.reveal()
    if address.startswith(_POSTGRES):
        return secret
    if address.startswith(_SQLITE) and len(address) > len(_SQLITE):
        return folder / address.removeprefix(_SQLITE)
    raise ValueError(
        "must be sqlite:///path (relative to this file's folder), sqlite:////absolute/path, "
        "postgresql://user:password@host/database, or env:NAME or file:PATH of one of these"
    )


def shown(address: Secret) -> str:
    """An address without who connects and how: `postgresql://host/database`."""
    parts = urlsplit(address.reveal())
    return f"postgresql://{parts.netloc.rpartition('@')[2]}{parts.path}"
