"""What the numbers are held to: a first goal and an ambitious one."""

from __future__ import annotations

from msgspec import Struct

from bench.tables import Rows


class Goal(Struct, frozen=True):
    """At most so much of something."""

    ambitious: float
    first: float | None
    """None: there is only the ambitious one."""
    unit: str


CPU_STREAM = Goal(2.0, 3.0, "× relay")
CPU_PACED_STREAM = Goal(1.7, 2.2, "× relay")
CPU_JSON = Goal(2.5, 4.0, "× relay")
DELAY_P99 = Goal(25, 40, "ms")
DELAY_P99_OF_MORE = Goal(100, None, "ms")
"""With twice as many streams."""
ADDED_P50 = Goal(0.8, 1.5, "ms")
MEMORY_AT_START = Goal(80, 110, "MB")
MEMORY_PER_STREAM = Goal(50, 80, "kB")
MEMORY_GROWTH = Goal(3, 10, "MB")
ACCOUNTING = Goal(0.05, 0.10, "ms")
READY = Goal(1.5, 2.5, "s")
CPU_HEAVY = Goal(2.5, 4.0, "× relay")
LATE_TURN = Goal(1.2, 1.5, "× early")


class Check(Struct, frozen=True):
    """One number beside its goal."""

    what: str
    value: float
    goal: Goal

    @property
    def met(self) -> bool:
        """Whether the first goal is met; what has none cannot be missed."""
        return self.goal.first is None or self.value <= self.goal.first

    @property
    def verdict(self) -> str:
        """In a word."""
        if self.value <= self.goal.ambitious:
            return "ambitious"
        if self.goal.first is None:
            return "not yet"
        return "met" if self.met else "MISSED"


def checks_table(found: list[Check]) -> Rows:
    """The goals, each with what was measured."""
    rows = [["goal", "measured", "first", "ambitious", "unit", ""]]
    for check in found:
        goal = check.goal
        first = "-" if goal.first is None else f"{goal.first:g}"
        rows.append(
            [check.what, f"{check.value:.2f}", first, f"{goal.ambitious:g}", goal.unit, check.verdict]
        )
    return rows
