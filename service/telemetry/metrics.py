"""What is counted while requests are served: plain numbers, changed by whoever sees the fact happen.

Counting one costs a dictionary's lookup; how the numbers look to Prometheus, their names and their
meaning stand in `exposition`. Labels are routes, statuses, and what the configuration names; never a
key, a run, or anything a caller writes.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Protocol

Labels = tuple[str, ...]

REQUEST_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300)
FIRST_DELTA_SECONDS = (0.05, 0.1, 0.25, 0.5, 0.75, 1, 1.5, 2.5, 5, 10, 20, 40, 80)
LAG_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5)
BATCH_SECONDS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 3)


class Histogram:
    """Seconds, counted by how long they are."""

    __slots__ = ("bounds", "counts", "total")

    def __init__(self, bounds: tuple[float, ...]) -> None:
        self.bounds = bounds
        self.counts = [0] * (len(bounds) + 1)
        """How many lie above the bound before and up to this one; the last: above them all."""
        self.total = 0.0

    def observe(self, seconds: float) -> None:
        """Count one."""
        self.counts[bisect_left(self.bounds, seconds)] += 1
        self.total += seconds


class Histograms(dict[Labels, Histogram]):
    """One for each set of labels, made when it is first asked for."""

    def __init__(self, bounds: tuple[float, ...]) -> None:
        super().__init__()
        self.bounds = bounds

    def __missing__(self, labels: Labels) -> Histogram:
        made = self[labels] = Histogram(self.bounds)
        return made


class Metrics:
    """The numbers of one process since its start. Used on the event loop, but where told otherwise."""

    def __init__(self) -> None:
        self.in_flight = 0
        """Requests being served now."""
        self.requests: Counter[Labels] = Counter()
        """By path and status."""
        self.request_seconds = Histograms(REQUEST_SECONDS)
        """By path."""
        self.runs: Counter[Labels] = Counter()
        """By api, provider, model and status."""
        self.first_delta_seconds = Histograms(FIRST_DELTA_SECONDS)
        """By api, provider and model."""
        self.tokens: Counter[Labels] = Counter()
        """By provider, model and direction."""
        self.upstream_errors: Counter[Labels] = Counter()
        """By provider, model, code and the upstream's own status."""
        self.settlements: Counter[Labels] = Counter()
        """By whether they were estimated."""
        self.settled: Counter[Labels] = Counter()
        """Nano-dollars, by payer."""
        self.loop_lag_seconds = Histogram(LAG_SECONDS)
        self.writer_commands = 0
        self.writer_batch_seconds = Histogram(BATCH_SECONDS)

    def batch_written(self, commands: int, seconds: float) -> None:
        """The store's writer has done a batch. Called on its thread, which alone changes these two."""
        self.writer_commands += commands
        self.writer_batch_seconds.observe(seconds)


class House(Protocol):
    """What the books say of the house; see `service.store.ports.HouseTotals`."""

    @property
    def overrun(self) -> int: ...

    @property
    def failed(self) -> int: ...

    @property
    def holds_open(self) -> int: ...


@dataclass(frozen=True, slots=True)
class Gauges:
    """What is not counted but read when somebody asks."""

    runs_active: Callable[[], int]
    writer_queue: Callable[[], int]
    writes_owed: Callable[[], int]
    house: Callable[[], Awaitable[House]]
    """Raises StoreUnavailable."""
