"""How much a key may do in a stretch of time, as data."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Literal, TypeAlias

from msgspec import Struct

RouteClass: TypeAlias = Literal["requests", "runs", "messages", "assistants", "files"]
"""What a route says it is in its `opt["limit"]`: `requests` are model calls by their own route, the rest
operations on objects. A route without a class is not counted."""
LimitClass: TypeAlias = Literal[
    "requests", "runs", "messages", "assistants", "files", "tokens", "parallel_runs"
]
"""What a limit is on: a class of routes, the tokens of a key, or how many of its runs go on at once."""
SPENDING: frozenset[str] = frozenset({"requests", "runs"})
"""Classes of routes whose requests use tokens."""
MINUTE = 60.0


class Rule(Struct, frozen=True):
    """One limit of every key."""

    max: int
    window: float = MINUTE
    """Seconds; it begins with the first that is counted. Means nothing for parallel runs."""
    message: str | None = None
    """What a refused caller is told instead of our own words."""


Rules: TypeAlias = Mapping[LimitClass, tuple[Rule, ...]]
"""The limits by what they are on; all of them hold."""

DEFAULT_RULES: Rules = MappingProxyType(
    {
        "assistants": (Rule(100),),
        "messages": (Rule(500),),
        "runs": (Rule(100),),
        "files": (Rule(100),),
    }
)


class KeyRates(Struct, frozen=True):
    """A key's own limits; each replaces the configured ones of its kind. None leaves those."""

    requests_per_minute: int | None = None
    tokens_per_minute: int | None = None
    parallel_runs: int | None = None


NO_RATES = KeyRates()
