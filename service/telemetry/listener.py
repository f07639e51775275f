"""The listener for Prometheus: a port of its own that answers `GET /metrics` and nothing else."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from service.telemetry.metrics import Gauges, Histogram, Metrics

PATH = "/metrics"
SAMPLE_SECONDS = 0.25
"""Between two looks at how late the event loop is."""

_NAMELESS = {"server": "dragoman"}
"""In place of the library and its version."""


@asynccontextmanager
async def metrics_served(listener: socket.socket, metrics: Metrics, gauges: Gauges) -> AsyncIterator[None]:
    """Answer on this socket, and watch the event loop, until the block ends."""
    from aiohttp import web

    from service.telemetry.exposition import CONTENT_TYPE, expose

    async def answer(request: web.BaseRequest) -> web.Response:
        if request.path != PATH:
            return web.Response(status=404, headers=_NAMELESS)
        if request.method != "GET":
            return web.Response(status=405, headers={"allow": "GET", **_NAMELESS})
        body = await expose(metrics, gauges)
        return web.Response(body=body, headers={"content-type": CONTENT_TYPE, **_NAMELESS})

    runner = web.ServerRunner(web.Server(answer, access_log=None))
    await runner.setup()
    await web.SockSite(runner, listener).start()
    sampler = asyncio.create_task(watch_loop(metrics.loop_lag_seconds), name="loop-lag")
    try:
        yield
    finally:
        sampler.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await sampler
        await runner.cleanup()


async def watch_loop(lag: Histogram, *, every: float = SAMPLE_SECONDS) -> None:
    """Measure for ever how late the loop wakes us."""
    while True:
        due = time.perf_counter() + every
        await asyncio.sleep(every)
        lag.observe(max(0.0, time.perf_counter() - due))
