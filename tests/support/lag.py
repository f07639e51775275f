"""How long a service's event loop is held up while something happens to it."""

from __future__ import annotations

import asyncio
import gc
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

from tests.support.house import Service

TICK = 0.005
MOST_BUSY = 0.25
"""Seconds of its CPU that one thing may hold up the loop. The promise is 0.1; the rest is for what a
shared machine charges a thread that it did not let run."""
MOST_HELD = 20.0
"""Seconds by the clock: the backstop, wide because others use the machine and its interpreter lock too."""


class Lag:
    """The worst hold-ups since the last look, in seconds."""

    def __init__(self) -> None:
        self.wall = 0.0
        """By the clock: what a client would wait, on however busy a machine."""
        self.busy = 0.0
        """By the CPU time of the loop's own thread: what the service is to blame for."""
        self.ticks = 0
        self._collected = 0.0
        """Of that thread's CPU time, the garbage collector's: it goes through what the whole run has made."""
        self._collecting = 0.0

    async def watch(self) -> None:
        """Look every few milliseconds until cancelled."""
        note = partial(self._note_collection, threading.get_ident())
        gc.callbacks.append(note)
        try:
            await self._watch()
        finally:
            gc.callbacks.remove(note)

    def _note_collection(self, thread: int, phase: str, info: object) -> None:
        if threading.get_ident() != thread:
            return
        if phase == "start":
            self._collecting = time.thread_time()
        else:
            self._collected += time.thread_time() - self._collecting

    async def _watch(self) -> None:
        wall, busy = time.perf_counter(), time.thread_time()
        while True:
            await asyncio.sleep(TICK)
            then, used = wall, busy
            wall, busy = time.perf_counter(), time.thread_time() - self._collected
            self.wall = max(self.wall, wall - then - TICK)
            self.busy = max(self.busy, busy - used)
            self.ticks += 1

    def look(self) -> tuple[float, float]:
        """The worst (by CPU time, by the clock) until now; from now on it is counted anew."""
        seen = self.ticks
        while self.ticks < seen + 2:
            time.sleep(TICK / 2)
        worst = self.busy, self.wall
        self.busy = self.wall = 0.0
        return worst

    def assert_short(self) -> None:
        """Nothing since the last look held the loop up for longer than we promise."""
        busy, wall = self.look()
        assert busy <= MOST_BUSY, f"the loop was busy for {busy:.3f} s at a stretch"
        assert wall <= MOST_HELD, f"the loop was held up for {wall:.3f} s"


@contextmanager
def watched(service: Service) -> Iterator[Lag]:
    """Watch the loop while the block runs.

    The test run's own objects are out of the garbage collector's way: the loop is not to blame for them.
    """
    gc.collect()
    gc.freeze()
    lag = Lag()
    watching = asyncio.run_coroutine_threadsafe(lag.watch(), service.loop)
    try:
        lag.look()
        yield lag
    finally:
        watching.cancel()
