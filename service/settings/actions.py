"""[actions.NAME] into what tools are made from; what a document says is read where tools are made."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from urllib.parse import urlsplit

from service.settings.rows import ActionRow
from specs.actions import ActionSpec, ClientCredentials

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,31}")
Note = Callable[[str, str], object]
"""Notes (path, what is wrong)."""


def to_action_specs(rows: Mapping[str, ActionRow], folder: Path, note: Note) -> tuple[ActionSpec, ...]:
    """The actions that rows describe, their documents read; what is wrong is noted."""
    found = (_to_spec(name, row, folder, note) for name, row in rows.items())
    return tuple(spec for spec in found if spec is not None)


def _to_spec(name: str, row: ActionRow, folder: Path, note: Note) -> ActionSpec | None:
    path = f"actions.{name}"
    if not _NAME.fullmatch(name):
        note(path, "an action's name may hold 1 to 32 letters, digits, '_' and '-'")
    auth = row.auth
    if isinstance(auth, ClientCredentials) and urlsplit(auth.token_url).scheme not in ("http", "https"):
        note(f"{path}.auth.token_url", f"{auth.token_url!r} must be an http or https address")
    try:
        document = (folder / row.document).read_bytes()
    except OSError as error:
        note(f"{path}.document", f"cannot be read: {error.strerror}")
        return None
    return ActionSpec(name, document, row.server, row.operations, row.hosts, row.auth)
