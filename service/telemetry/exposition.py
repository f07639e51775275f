"""The metrics as Prometheus reads them: every series, its name and what it means.

Imported only where a listener for metrics was asked for.
Text format: https://prometheus.io/docs/instrumenting/exposition_formats/ (0.0.4).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import accumulate

from msgspec import Struct
from prometheus_client import CollectorRegistry, ProcessCollector, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4 as CONTENT_TYPE
from prometheus_client.registry import Collector

from service.telemetry.logs import lines_dropped
from service.telemetry.metrics import Gauges, Histogram, House, Labels, Metrics
from specs.errors import StoreUnavailable

__all__ = ["CONTENT_TYPE", "expose"]


async def expose(metrics: Metrics, gauges: Gauges) -> bytes:
    """Every series as it stands now."""
    registry = CollectorRegistry(auto_describe=False)
    ProcessCollector(registry=registry)
    registry.register(_Everything(metrics, await _read(gauges)))
    return generate_latest(registry)


class _Readings(Struct, frozen=True):
    runs_active: int
    writer_queue: int
    writes_owed: int
    house: House | None
    """None where the database cannot be read."""


async def _read(gauges: Gauges) -> _Readings:
    try:
        house = await gauges.house()
    except StoreUnavailable:
        house = None
    return _Readings(gauges.runs_active(), gauges.writer_queue(), gauges.writes_owed(), house)


class _Everything(Collector):
    def __init__(self, metrics: Metrics, readings: _Readings) -> None:
        self._metrics = metrics
        self._readings = readings

    def collect(self) -> Iterable[Metric]:
        """What the registry asks for."""
        yield from _requests(self._metrics)
        yield from _runs(self._metrics, self._readings)
        yield from _money(self._metrics, self._readings)
        yield from _process(self._metrics, self._readings)


def _requests(metrics: Metrics) -> Iterator[Metric]:
    yield _counter(
        "dragoman_requests",
        "Requests answered, by the route's path and by status (499: the client was gone before).",
        ("path", "status"),
        metrics.requests,
    )
    yield _histogram(
        "dragoman_request_seconds",
        "From a request's headers to the end of its answer, streams to their last event.",
        ("path",),
        metrics.request_seconds,
    )
    yield _gauge("dragoman_requests_in_flight", "Requests being served now.", metrics.in_flight)


def _runs(metrics: Metrics, readings: _Readings) -> Iterator[Metric]:
    yield _counter(
        "dragoman_runs",
        "Runs that have ended, by how: completed, incomplete, failed, cancelled, expired.",
        ("api", "provider", "model", "status"),
        metrics.runs,
    )
    yield _gauge("dragoman_runs_active", "Runs under way now.", readings.runs_active)
    yield _histogram(
        "dragoman_first_delta_seconds",
        "From the start of a run to the first output of its model, the hold included.",
        ("api", "provider", "model"),
        metrics.first_delta_seconds,
    )
    yield _counter(
        "dragoman_tokens",
        "Tokens of ended runs; direction input (cached ones included) or output (reasoning included).",
        ("provider", "model", "direction"),
        metrics.tokens,
    )
    yield _counter(
        "dragoman_upstream_errors",
        "Attempts that a provider failed, also where the next one did better; by our code and the "
        "provider's own HTTP status (none: no answer, or an error inside a stream).",
        ("provider", "model", "code", "upstream_status"),
        metrics.upstream_errors,
    )


def _money(metrics: Metrics, readings: _Readings) -> Iterator[Metric]:
    yield _counter(
        "dragoman_settlements",
        "Attempts settled; estimated=true where the provider did not say what was used. "
        "The estimated share is their part of all.",
        ("estimated",),
        metrics.settlements,
    )
    yield _counter(
        "dragoman_settled_nano_dollars",
        "Cost settled since the start, by who paid: account, or house_failed, or house_overrun.",
        ("payer",),
        metrics.settled,
    )
    yield _gauge("dragoman_writes_owed", "Writes that wait for a failing database.", readings.writes_owed)
    yield _gauge("dragoman_store_up", "1 while the database can be read.", int(readings.house is not None))
    if readings.house is not None:
        yield from _books(readings.house)


def _books(house: House) -> Iterator[Metric]:
    yield _gauge("dragoman_holds_open", "Holds open in the books now.", house.holds_open)
    yield CounterMetricFamily(
        "dragoman_overrun_nano_dollars",
        "Cost that neither hold nor balance covered, ever, by the books. Goal: 0.",
        value=house.overrun,
    )
    yield CounterMetricFamily(
        "dragoman_house_failed_nano_dollars",
        "Cost of failed attempts that the house paid, ever, by the books.",
        value=house.failed,
    )


def _process(metrics: Metrics, readings: _Readings) -> Iterator[Metric]:
    yield _gauge(
        "dragoman_writer_queue", "Commands that wait for the database's writer.", readings.writer_queue
    )
    yield CounterMetricFamily(
        "dragoman_writer_commands", "Commands the writer has run.", value=metrics.writer_commands
    )
    yield _histogram(
        "dragoman_writer_batch_seconds",
        "What one batch of commands took, its commit to the disk included.",
        (),
        {(): metrics.writer_batch_seconds},
    )
    yield _histogram(
        "dragoman_loop_lag_seconds",
        "How late the event loop woke a sleeper, sampled four times a second.",
        (),
        {(): metrics.loop_lag_seconds},
    )
    yield CounterMetricFamily(
        "dragoman_log_lines_dropped", "Log lines lost to a reader that is too slow.", value=lines_dropped()
    )


def _counter(name: str, meaning: str, labels: Labels, counts: Mapping[Labels, int]) -> Metric:
    family = CounterMetricFamily(name, meaning, labels=labels)
    for values, count in counts.items():
        family.add_metric(values, count)
    return family


def _gauge(name: str, meaning: str, value: int) -> Metric:
    return GaugeMetricFamily(name, meaning, value=value)


def _histogram(name: str, meaning: str, labels: Labels, found: Mapping[Labels, Histogram]) -> Metric:
    family = HistogramMetricFamily(name, meaning, labels=labels)
    for values, histogram in found.items():
        bounds = [*map(str, histogram.bounds), "+Inf"]
        buckets = list(zip(bounds, accumulate(histogram.counts), strict=True))
        family.add_metric(values, buckets, histogram.total)
    return family
