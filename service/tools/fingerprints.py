"""Fingerprints of tools' definitions: whether a tool is still what somebody has seen of it."""

from __future__ import annotations

from hashlib import sha256

import msgspec
from msgspec import UNSET

from specs.items import ListedTool


def fingerprint_of(tool: ListedTool) -> str:
    """The same for the same definition, however its JSON is written."""
    hints = None if tool.annotations is UNSET else msgspec.json.decode(tool.annotations)
    told = [tool.name, tool.description, msgspec.json.decode(tool.schema), hints]
    return sha256(msgspec.json.encode(told, order="deterministic")).hexdigest()[:32]
