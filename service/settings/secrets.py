"""References to secrets: `env:NAME` and `file:PATH`. Nothing here is ever printed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from specs.secret import Secret

Resolver = Callable[[str], Secret]
"""Turns what the configuration says into the secret; raises ValueError saying what is missing."""


def resolver(environ: Mapping[str, str], folder: Path) -> Resolver:
    """References are looked up in this environment; relative files start at this folder."""

    def resolve(reference: str) -> Secret:
        kind, _, name = reference.partition(":")
        if kind == "env":
            return _from_environment(name, environ)
        if kind == "file":
            return _from_file(folder / Path(name).expanduser())
        raise ValueError('must be "env:NAME" or "file:PATH", never the secret itself')

    return resolve


def unresolved(reference: str) -> Secret:
    """Look nothing up: for commands that reach no provider."""
    return Secret(reference)


def header_resolver(resolve: Resolver) -> Resolver:
    """The same for header values, which may also be written out."""

    def header(value: str) -> Secret:
        return resolve(value) if value.startswith(("env:", "file:")) else Secret(value)

    return header


def _from_environment(name: str, environ: Mapping[str, str]) -> Secret:
    if not environ.get(name):
        raise ValueError(f"the environment variable {name} is not set")
    return Secret(environ[name])


def _from_file(path: Path) -> Secret:
    try:
        text = path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise ValueError(f"the file {path} cannot be read ({type(error).__name__})") from None
    if not text:
        raise ValueError(f"the file {path} is empty")
    return Secret(text)
