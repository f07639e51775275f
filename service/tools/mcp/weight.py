"""Whether an answer is light enough for the library to look at. Pure.

The library checks every element of what it reads, and keeps a note of each that is wrong: a megabyte of
nothing but wrong elements costs it gigabytes and seconds. So what has too many is not shown to it.
"""

from __future__ import annotations

from typing import Any

MOST_LISTED = 1_000
"""Tools of a page, parts of a result: what is behind is cut off."""
MOST_ELEMENTS = 20_000
_FREE = frozenset({"inputSchema", "outputSchema"})
"""Of a tool: the library does not look into these."""


def cut_lists(result: dict[str, Any]) -> None:
    """Cut off, in place, what of an answer's lists is beyond what is taken in."""
    for key in ("tools", "content"):
        found = result.get(key)
        if isinstance(found, list):
            del found[MOST_LISTED:]


def is_light(result: dict[str, Any]) -> bool:
    """Whether what the library looks into has few enough elements."""
    looked_at = {key: value for key, value in result.items() if key != "structuredContent"}
    tools = looked_at.pop("tools", None)
    waiting: list[Any] = [looked_at]
    for tool in tools if isinstance(tools, list) else [tools]:
        waiting.append(
            {key: value for key, value in tool.items() if key not in _FREE or not isinstance(value, dict)}
            if isinstance(tool, dict)
            else tool
        )
    return _has_few(waiting)


def _has_few(waiting: list[Any]) -> bool:
    left = MOST_ELEMENTS - len(waiting)
    while waiting:
        value = waiting.pop()
        if not isinstance(value, dict | list):
            continue
        left -= len(value)
        if left < 0:
            return False
        waiting.extend(value.values() if isinstance(value, dict) else value)
    return True
