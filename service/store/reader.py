"""The port of reads: beside the writer, and never able to write."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

NONE: Mapping[str, Any] = {}


class Reader(Protocol):
    async def rows(self, sql: str, parameters: Mapping[str, Any] = NONE) -> list[Any]:
        """Return every row; raises StoreUnavailable when the database cannot be read."""
        ...

    async def row(self, sql: str, parameters: Mapping[str, Any] = NONE) -> Any:
        """Return the first row, or None."""
        ...

    async def aclose(self) -> None:
        """Let go of what is connected."""
        ...
