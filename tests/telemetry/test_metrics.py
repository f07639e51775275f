"""How the numbers are kept and shown, without a service."""

from __future__ import annotations

import pytest
from msgspec import Struct

from service.telemetry.exposition import expose
from service.telemetry.metrics import Gauges, Histogram, Metrics
from specs.errors import StoreUnavailable
from tests.telemetry.samples import Samples


class House(Struct, frozen=True):
    overrun: int = 7
    failed: int = 8
    holds_open: int = 9


async def house() -> House:
    return House()


async def no_house() -> House:
    raise StoreUnavailable


def gauges(house=house) -> Gauges:
    return Gauges(runs_active=lambda: 2, writer_queue=lambda: 3, writes_owed=lambda: 4, house=house)


async def shown(metrics: Metrics, gauges: Gauges) -> Samples:
    return Samples((await expose(metrics, gauges)).decode())


@pytest.mark.parametrize(("seconds", "place"), [(0.0, 0), (0.1, 0), (0.100001, 1), (1.0, 1), (1.5, 2)])
def test_a_bound_belongs_to_what_lies_below_it(seconds, place):
    histogram = Histogram((0.1, 1.0))
    histogram.observe(seconds)
    assert histogram.counts.index(1) == place
    assert histogram.total == seconds


@pytest.mark.anyio
async def test_buckets_are_shown_cumulative():
    metrics = Metrics()
    for seconds in (0.0007, 0.0007, 0.02, 10.0):
        metrics.batch_written(5, seconds)
    samples = await shown(metrics, gauges())
    bucket = "dragoman_writer_batch_seconds_bucket"
    assert [samples.sum(bucket, le=le) for le in ("0.0005", "0.001", "0.025", "3", "+Inf")] == [0, 2, 3, 3, 4]
    assert samples.sum("dragoman_writer_batch_seconds_count") == 4
    assert samples.sum("dragoman_writer_commands_total") == 20


@pytest.mark.anyio
async def test_gauges_are_read_when_asked():
    samples = await shown(Metrics(), gauges())
    read = ("runs_active", "writer_queue", "writes_owed", "overrun_nano_dollars_total",
            "house_failed_nano_dollars_total", "holds_open")  # fmt: skip
    assert [samples.sum(f"dragoman_{name}") for name in read] == [2, 3, 4, 7, 8, 9]


@pytest.mark.anyio
async def test_a_database_that_cannot_be_read_is_down_and_the_rest_still_shown():
    samples = await shown(Metrics(), gauges(no_house))
    assert samples.sum("dragoman_store_up") == 0
    assert "dragoman_store_up" in samples.names
    assert "dragoman_holds_open" not in samples.names
    assert samples.sum("dragoman_writer_queue") == 3


@pytest.mark.anyio
async def test_the_process_tells_of_its_memory_and_descriptors():
    assert {"process_resident_memory_bytes", "process_open_fds"} <= (await shown(Metrics(), gauges())).names
