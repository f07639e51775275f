"""[mcp.NAME] into the servers whose tools agents may call."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from service.settings.rows import ApprovalRow, McpRow, ToolFilterRow
from service.settings.secrets import Resolver, header_resolver
from specs.mcp import McpSpec, Program
from specs.secret import Secret
from specs.tools import ApprovalFilter, ApprovalRule, ToolFilter

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,31}")
_HEADER = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
Note = Callable[[str, str], object]
"""Notes (path, what is wrong)."""


def to_mcp_specs(
    rows: Mapping[str, McpRow], folder: Path, resolve: Resolver, note: Note
) -> tuple[McpSpec, ...]:
    """The servers that rows describe; what is wrong is noted."""
    return tuple(_to_spec(name, row, folder, resolve, note) for name, row in rows.items())


def _to_spec(name: str, row: McpRow, folder: Path, resolve: Resolver, note: Note) -> McpSpec:
    path = f"mcp.{name}"
    if not _NAME.fullmatch(name):
        note(path, "a server's name may hold 1 to 32 letters, digits, '_' and '-'")
    for key, what in _wrong(row):
        note(f"{path}.{key}" if key else path, what)
    program = None
    if row.command is not None:
        env = _values(row.env, resolve, f"{path}.env", _VARIABLE, note)
        program = Program(row.command, row.args, env, folder)
    allowed = None
    if row.allowed_tools is not None or row.read_only:
        allowed = ToolFilter(row.allowed_tools, row.read_only or None)
    return McpSpec(
        name,
        url=row.url,
        program=program,
        headers=_values(row.headers, resolve, f"{path}.headers", _HEADER, note),
        authorization=row.authorization,
        allowed=allowed,
        approval=_rule(row.require_approval),
        description=row.description,
        shared=row.shared,
        sampling_calls=row.sampling_calls,
    )


def _rule(row: Literal["always", "never"] | ApprovalRow | None) -> ApprovalRule | None:
    if not isinstance(row, ApprovalRow):
        return row
    return ApprovalFilter(_filter(row.always), _filter(row.never))


def _filter(row: ToolFilterRow | None) -> ToolFilter | None:
    return None if row is None else ToolFilter(row.tool_names, row.read_only)


def _wrong(row: McpRow) -> Iterator[tuple[str, str]]:
    if (row.url is None) == (row.command is None):
        yield "", "needs either a url or a command"
    if row.url is not None:
        if urlsplit(row.url).scheme not in ("http", "https") or not urlsplit(row.url).hostname:
            yield "url", f"{row.url!r} must be an http or https address"
        for key in ("args", "env"):
            if getattr(row, key):
                yield key, "belongs to a command; a url has none"
    elif row.headers or row.authorization is not None:
        key = "headers" if row.headers else "authorization"
        yield key, "belongs to a url; give a command its secrets in env"


def _values(
    given: Mapping[str, str], resolve: Resolver, path: str, names: re.Pattern[str], note: Note
) -> dict[str, Secret]:
    """Values that may be written out or be references."""
    found: dict[str, Secret] = {}
    for name, value in given.items():
        try:
            secret = header_resolver(resolve)(value)
        except ValueError as error:
            note(f'{path}."{name}"', str(error))
            continue
        if not names.fullmatch(name):
            note(f'{path}."{name}"', "is no valid name")
        elif any(not char.isprintable() for char in secret.reveal()):
            note(f'{path}."{name}"', "may hold no control characters")
        found[name] = secret
    return found
