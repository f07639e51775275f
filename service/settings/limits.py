"""[[limits]] rows into rules: what is written for a class takes the place of its default."""

from __future__ import annotations

from collections.abc import Callable

from service.settings.rows import LimitRow
from specs.limits import DEFAULT_RULES, LimitClass, Rule, Rules

Note = Callable[[str, str], object]
"""Notes (path, what is wrong)."""


def to_rules(rows: tuple[LimitRow, ...], note: Note) -> Rules:
    """The limits that hold. What is wrong with a row is noted."""
    written: dict[LimitClass, list[Rule]] = {}
    for index, row in enumerate(rows):
        rules = written.setdefault(row.limited, [])
        if row.limited == "parallel_runs" and row.window is not None:
            note(f"limits[{index}].window", "means nothing for parallel_runs; leave it out")
        if row.max == "unlimited":
            continue
        window = {} if row.window is None else {"window": row.window}
        rules.append(Rule(row.max, message=row.message, **window))
    return {**DEFAULT_RULES, **{limited: tuple(rules) for limited, rules in written.items()}}
