"""Rows of words and numbers as aligned text."""

from __future__ import annotations

from typing import TypeAlias

Rows: TypeAlias = list[list[str]]


def render(rows: Rows) -> str:
    """Rows as aligned text: words to the left, numbers to the right."""
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = (map(_fit, row, widths) for row in rows)
    return "\n".join("  ".join(cells).rstrip() for cells in lines)


def _fit(cell: str, width: int) -> str:
    return cell.rjust(width) if cell[:1].isdigit() or cell[:1] in "+-" else cell.ljust(width)
