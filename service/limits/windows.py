"""Counting in windows: one begins with the first that is counted in it, and is forgotten when it is over.

Exact and of constant size, where a sliding log grows with the limit and a leaking bucket lets through
more than its number while it is being emptied.
"""

from __future__ import annotations

import math
from collections.abc import Iterable

from specs.limits import Rule


class Window:
    """One rule's count for one key."""

    __slots__ = ("most", "rule", "until", "used")

    def __init__(self, rule: Rule, *, replicas: int) -> None:
        self.rule = rule
        self.most = math.ceil(rule.max / replicas)
        """This replica's share."""
        self.used = 0
        self.until = 0.0

    def turn(self, now: float) -> None:
        """Begin anew where the window is over."""
        if now >= self.until:
            self.used = 0
            self.until = now + self.rule.window

    @property
    def remaining(self) -> int:
        """How many more it takes."""
        return max(0, self.most - self.used)


class Bucket:
    """The windows of one key and class, counted together."""

    __slots__ = ("rules", "windows")

    def __init__(self, rules: tuple[Rule, ...], *, replicas: int) -> None:
        self.rules = rules
        self.windows = tuple(Window(rule, replicas=replicas) for rule in rules)

    def take(self, number: int, now: float) -> Window | None:
        """Count that many in all windows, or in none: then the one that has no room."""
        for window in self.windows:
            window.turn(now)
        full = next((window for window in self.windows if window.used + number > window.most), None)
        if full is None:
            for window in self.windows:
                window.used += number
        return full

    def tightest(self, now: float) -> Window:
        """The window a caller meets first."""
        for window in self.windows:
            window.turn(now)
        return min(self.windows, key=lambda window: (window.remaining, -window.until))

    def idle(self, now: float) -> bool:
        """Whether nothing is counted in it any more."""
        return all(now >= window.until for window in self.windows)


def until_all(windows: Iterable[Window]) -> tuple[float, ...]:
    """The ends of windows: tells later whether they are still the same."""
    return tuple(window.until for window in windows)
