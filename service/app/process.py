"""How the process lives: it serves until it is told to stop, and reloads when it is told to."""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import gc
import os
import signal
import socket
from collections.abc import Callable, Mapping
from contextlib import nullcontext

import structlog

from providers.prices import ensure_table
from service.app.house import open_house
from service.app.parts import Parts
from service.app.server import Server
from service.settings import Settings, SettingsError, load
from service.settings.prices import needs_table
from service.store.writer import Connect
from service.telemetry.listener import metrics_served
from service.telemetry.logs import on_loop_exception, set_up_logging
from service.telemetry.watchdog import loop_watched

COLLECTION_THRESHOLDS = (20_000, 50, 50)
"""Allocations before a young collection, and how many of those before an older one."""
KEPT_FREE = 32 * 1024 * 1024
"""Bytes of free memory that each heap of the process keeps at the most."""
LARGE_BLOCK = 4 * 1024 * 1024
"""Bytes of a block that is got from the system by itself, and goes back when it is let go of."""
_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3  # of glibc's malloc.h

log = structlog.get_logger()


async def run(
    settings: Settings,
    listener: socket.socket,
    *,
    environ: Mapping[str, str],
    metrics: socket.socket | None = None,
    started: Callable[[Server], None] = lambda server: None,
    connect: Connect | None = None,
) -> None:
    """Serve on this socket, and metrics on theirs, until told to stop.

    `started` gets the server before it listens; `connect` makes the database's writing connections.
    """
    async with open_house(settings, connect=connect) as (house, parts):
        server = Server(house, parts)
        started(server)
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(on_loop_exception)
        with contextlib.suppress(ValueError, RuntimeError):  # only the main thread takes signals
            reloads: set[asyncio.Task[None]] = set()

            def on_hangup() -> None:
                reloads.add(task := asyncio.create_task(reload(settings, parts, environ)))
                task.add_done_callback(reloads.discard)

            loop.add_signal_handler(signal.SIGHUP, on_hangup)
        watched = loop_watched() if settings.telemetry.watch_loop else nullcontext()
        async with metrics_served(metrics, house.metrics, house.gauges) if metrics else nullcontext():
            with watched:
                await server.serve(sockets=[listener])


async def reload(settings: Settings, parts: Parts, environ: Mapping[str, str]) -> None:
    """Read agents, providers and prices anew; what cannot be read leaves all as it is."""
    try:
        new = await asyncio.to_thread(load, settings.file, environ)
    except SettingsError as error:
        log.error("reload_refused", problem=str(error))
        return
    if parts.table is None and needs_table(new):
        parts.table = await asyncio.to_thread(ensure_table, settings.data_folder)
    try:
        parts.take(new)
    except SettingsError as error:
        log.error("reload_refused", problem=str(error))
        return
    log.info("reloaded", agents=len(new.agents))


def serve(
    settings: Settings,
    listener: socket.socket,
    *,
    metrics: socket.socket | None = None,
    environ: Mapping[str, str] = os.environ,
) -> None:
    """Run the service in this process until SIGTERM or SIGINT.

    Raises StoreUnavailable.
    """
    import uvloop

    set_up_logging()
    spare_the_collector()
    keep_free_memory()
    host, port = listener.getsockname()[:2]
    log.info("serving", host=host, port=port, database=settings.database_name)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(run(settings, listener, metrics=metrics, environ=environ))


def spare_the_collector() -> None:
    """Keep what was imported out of every later collection, and collect less often.

    A request makes thousands of small objects that die with it; walking the 200,000 of the libraries
    for them shows in its cost.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(*COLLECTION_THRESHOLDS)


def keep_free_memory() -> None:
    """Have what one request lets go of serve the next, where the C library is one that can be told so.

    A long prompt is copied a few times on its way. By default blocks of its size go back to the system, and
    come again page by page.
    """
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError):
        return
    mallopt(_M_TRIM_THRESHOLD, KEPT_FREE)
    mallopt(_M_MMAP_THRESHOLD, LARGE_BLOCK)
