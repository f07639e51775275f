"""The limits of this process: each check is a few dictionary look-ups, without I/O and without waiting.

Nothing here is kept: a restart begins with empty windows. Several replicas each enforce their share.
"""

from __future__ import annotations

import math
import time
from collections import Counter
from collections.abc import Callable
from typing import Protocol

from service.limits.standing import Standing, number, too_many
from service.limits.tokens import Reservation
from service.limits.windows import Bucket
from specs.errors import RateLimited, RequestBeyondLimit
from specs.limits import DEFAULT_RULES, SPENDING, KeyRates, LimitClass, RouteClass, Rule, Rules

MOST_BUCKETS = 50_000
"""When so many keys and classes are counted, those with nothing in their windows are forgotten."""


class Limited(Protocol):
    """What is wanted of a key."""

    @property
    def id(self) -> str: ...

    @property
    def rates(self) -> KeyRates: ...


class Limiter:
    """Counts what keys do. Used from one event loop."""

    def __init__(
        self,
        rules: Rules = DEFAULT_RULES,
        *,
        replicas: int = 1,
        clock: Callable[[], float] = time.monotonic,
        most_buckets: int = MOST_BUCKETS,
    ) -> None:
        self._rules = rules
        self._replicas = replicas
        self._clock = clock
        self._buckets: dict[tuple[LimitClass, str], Bucket] = {}
        self._runs: dict[str, str] = {}
        """Runs that go on, and their keys."""
        self._parallel: Counter[str] = Counter()
        self._own_parallel: dict[str, int] = {}
        self._most_buckets = self._sweep_at = most_buckets

    def replace(self, rules: Rules) -> None:
        """Limit by these rules from now on; windows of rules that stay as they are go on."""
        self._rules = rules

    def count(self, key: Limited, route: RouteClass) -> Standing | None:
        """Count a request; None where nothing limits it. It is let in only if `check` says so."""
        rates = key.rates
        requests = self._bucket(route, key, rates.requests_per_minute if route == "requests" else None)
        tokens = self._bucket("tokens", key, rates.tokens_per_minute) if route in SPENDING else None
        if route in SPENDING:
            self._know(key)
        if requests is None and tokens is None:
            return None
        refused = requests.take(1, self._clock()) if requests is not None else None
        return Standing(requests=requests, tokens=tokens, refused=refused, clock=self._clock)

    def reserve(self, key: str, tokens: int) -> Reservation | None:
        """Count the tokens a model call may use; None where this key has no such limit.

        Raises RateLimited when its window has too little room, RequestBeyondLimit when none ever has.
        """
        bucket = self._buckets.get(("tokens", key))
        if bucket is None:
            return None
        now = self._clock()
        full = bucket.take(tokens, now)
        if full is None:
            return Reservation(bucket, tokens)
        if tokens > full.most:
            raise RequestBeyondLimit(
                f"This request may use {tokens:,} tokens; the key's limit is {full.most:,} in a window. "
                "Shorten the input or lower the output cap."
            )
        raise too_many(full, now, what="tokens")

    def room(self, key: str) -> None:
        """Raises RateLimited when as many runs of a key go on as may."""
        most, message = self._most_parallel(key)
        if most is not None and self._parallel[key] >= most:
            words = (
                message
                or f"This key has {number(most, 'runs')} going on, as many as it may. Retry when one ends."
            )
            raise RateLimited(words, retry_after=1)

    def enter(self, run: str, key: str) -> None:
        """Count a run that begins. Raises RateLimited when there is no room for it."""
        self.room(key)
        self.note(run, key)

    def note(self, run: str, key: str) -> None:
        """Count a run that goes on whatever the limit says; once."""
        if run not in self._runs:
            self._runs[run] = key
            self._parallel[key] += 1

    def leave(self, run: str) -> None:
        """Forget a run that is over."""
        key = self._runs.pop(run, None)
        if key is not None:
            self._parallel[key] -= 1
            if not self._parallel[key]:
                del self._parallel[key]

    def _bucket(self, kind: LimitClass, key: Limited, own: int | None) -> Bucket | None:
        rules = self._rules.get(kind, ()) if own is None else (Rule(own),)
        place = (kind, key.id)
        bucket = self._buckets.get(place)
        if not rules:
            if bucket is not None:
                del self._buckets[place]
            return None
        if bucket is None or bucket.rules != rules:
            if len(self._buckets) >= self._sweep_at:
                self._forget_idle()
            bucket = self._buckets[place] = Bucket(rules, replicas=self._replicas)
        return bucket

    def _forget_idle(self) -> None:
        now = self._clock()
        self._buckets = {place: bucket for place, bucket in self._buckets.items() if not bucket.idle(now)}
        self._sweep_at = max(self._most_buckets, 2 * len(self._buckets))

    def _know(self, key: Limited) -> None:
        """Keep what runs, which only know the id of their key, are judged by."""
        own = key.rates.parallel_runs
        if own is None:
            self._own_parallel.pop(key.id, None)
        else:
            self._own_parallel[key.id] = own

    def _most_parallel(self, key: str) -> tuple[int | None, str | None]:
        own = self._own_parallel.get(key)
        rules = self._rules.get("parallel_runs", ()) if own is None else (Rule(own),)
        if not rules:
            return None, None
        tightest = min(rules, key=lambda rule: rule.max)
        return math.ceil(tightest.max / self._replicas), tightest.message
