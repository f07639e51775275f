"""The log of one run in the background as it is written down, and those who follow it.

Followers read what was written, never what is in memory: each at its own pace, from any event on, and
as well after the run's process is gone.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable

import structlog

from service.engine.keeper import WrittenKeeper
from service.engine.log import Subscription
from service.store.background_ports import BackgroundRuns, Finish
from service.store.records import EndRun
from specs.errors import StoreUnavailable
from specs.events import Event, ItemEnded, RunCreated, RunEnded, RunStarted, StepEnded
from specs.fold import Fold

FLUSH_SECONDS = 0.1
FLUSH_EVENTS = 1_000
POLL_SECONDS = 1.0
"""How often a follower looks by itself: the run may be another process's."""

log = structlog.get_logger()


class Journal:
    """Writes one run down, in batches, and ends it."""

    def __init__(
        self,
        store: BackgroundRuns,
        run: str,
        *,
        fence: int,
        keeper: WrittenKeeper,
        written: Callable[[], None],
    ) -> None:
        self.keeper = keeper
        self._lost: Callable[[], None] = lambda: None
        self._store = store
        self._run = run
        self._fence = fence
        self._written = written
        self._buffer: list[Event] = []
        self._timer: asyncio.TimerHandle | None = None
        """What there is will be written when it rings."""
        self._events: Subscription | None = None
        self._pump: asyncio.Task[None] | None = None

    def take(self, events: Subscription, *, lost: Callable[[], None]) -> None:
        """Write down what comes from now on. `lost` is told when another process has claimed the run, or
        its response was deleted."""
        self._events = events
        self._lost = lost
        self._pump = asyncio.create_task(self._follow(events), name=f"{self._run} journal")

    async def start(self) -> bool:
        """The run is under way from now on; False where it is not wanted any more."""
        started = await self._store.start(self._run, self._fence, (RunStarted(self._run),))
        self._written()
        return started

    async def finish(self, created: RunCreated, ended: RunEnded, fold: Fold) -> bool:
        """Write all that is left and the end; False where the run is no longer ours.

        Raises StoreUnavailable: nothing of it was written.
        """
        await self._stop()
        code = ended.error.code if ended.error and ended.status == "failed" else None
        order = Finish(
            run=self._run,
            fence=self._fence,
            end=EndRun(self._run, ended.status, ended.completed_at, code),
            turn=self.keeper.ending(created, ended, fold.items, fold.turns),
            events=(*self._buffer, ended),
        )
        finished = await self._store.finish(order)
        self._written()
        return finished

    async def _stop(self) -> None:
        if self._events is not None:
            self._events.close()
        if self._pump is not None:
            await self._pump

    async def _follow(self, events: Subscription) -> None:
        """Collect until there is reason to write; what is left at the end goes with the end."""
        loop = asyncio.get_running_loop()
        while not events.finished:
            batch = await events.next()
            if batch and self._timer is None:
                self._timer = loop.call_later(FLUSH_SECONDS, self._wake, events)
            self._buffer += batch
            due = self._timer is None or len(self._buffer) >= FLUSH_EVENTS or any(map(_is_end, batch))
            if self._buffer and due and not events.closed:
                await self._flush()
        if self._timer is not None:
            self._timer.cancel()

    def _wake(self, events: Subscription) -> None:
        self._timer = None
        events.wake()

    async def _flush(self) -> None:
        batch, self._buffer = self._buffer, []
        try:
            if not await self._store.append(self._run, self._fence, batch):
                self._lost()
        except StoreUnavailable:
            self._buffer = batch + self._buffer
            log.error("journal_write_failed", run=self._run)
        self._written()


def _is_end(event: Event) -> bool:
    return isinstance(event, ItemEnded | StepEnded)


class Follower:
    """One reader of a written log; looks like a subscription to those who send it on."""

    def __init__(self, store: BackgroundRuns, run: str, *, left: Callable[[Follower], None]) -> None:
        self.finished = False
        """Whether nothing more can be read."""
        self._store = store
        self._run = run
        self._left = left
        self._next = 0
        self._news = asyncio.Event()
        self._woken = False

    @property
    def events(self) -> Follower:
        """Where the events come from: here."""
        return self

    async def next(self) -> list[Event]:
        """Wait for events. Empty when woken without any, or at the end of a log that was deleted.

        Raises StoreUnavailable.
        """
        over = False
        while True:
            self._news.clear()
            piece = await self._store.read(self._run, self._next)
            if piece.events:
                self._next = piece.next
                self.finished = isinstance(piece.events[-1], RunEnded)
                return piece.events
            self.finished = over
            if self._woken or over:
                self._woken = False
                return []
            over = not await self._store.goes_on(self._run)
            if not over:  # else what it wrote last is read once more
                await self._wait()

    async def _wait(self) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(POLL_SECONDS):
                await self._news.wait()

    async def ended(self) -> None:
        """Wait for the run's end, whatever is written until then. Raises StoreUnavailable."""
        while True:
            self._news.clear()
            if not await self._store.goes_on(self._run):
                return
            await self._wait()

    def wake(self) -> None:
        """Let a waiting reader look again; `next` then gives what there is, perhaps nothing."""
        self._woken = True
        self._news.set()

    def tell(self) -> None:
        """More was written."""
        self._news.set()

    def leave(self) -> None:
        """The reader has gone; the run goes on."""
        self._left(self)
