"""What models know the tools of servers by: `label__tool`, within what every provider takes."""

from __future__ import annotations

import re
from collections.abc import Collection
from hashlib import sha256

MOST = 64
_ODD = re.compile(r"[^A-Za-z0-9_-]")
_DIGEST = 8


def offered_name(label: str, tool: str, taken: Collection[str]) -> str:
    """The name for a server's tool; one that is taken gets a number."""
    name = _fitting(_ODD.sub("_", f"{label}__{tool}"), MOST)
    number = 2
    found = name
    while found in taken:
        end = f"_{number}"
        found = _fitting(name, MOST - len(end)) + end
        number += 1
    return found


def _fitting(name: str, most: int) -> str:
    """The name, where it is too long with a digest for its end: others begin like it."""
    if len(name) <= most:
        return name
    return f"{name[: most - _DIGEST - 1]}_{sha256(name.encode()).hexdigest()[:_DIGEST]}"
