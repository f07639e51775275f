"""Runs in the background: written down before they start, followed from what was written, and taken up
again, or ended by their log, when their process is gone. A model call that was made is never made again."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from functools import partial

import structlog

from service.engine.jobs import RunMaker, shown, write_job
from service.engine.journal import Follower, Journal
from service.engine.keeper import WrittenKeeper
from service.engine.leg_keeper import LegKeeper
from service.engine.places import Places
from service.engine.run import Run, first_events
from service.engine.runs import Runs
from service.engine.state import Prepared, State
from service.engine.takeover import Takeover
from service.ledger.holds import LEASE_SECONDS, Ledger
from service.store.agents import Agents
from service.store.background_ports import BackgroundRuns, Submit
from service.store.ports import Keys
from service.store.wakes import Alone, Wakes
from specs.errors import ClientGone, Overloaded, StoreUnavailable
from specs.fold import Fold
from specs.items import Item

TICK_SECONDS = 5.0
"""Between two rounds of renewing leases and taking over."""
CANCEL_SECONDS = 5.0
"""How long a cancellation waits for the process that has the run."""
KEEP_SECONDS = 86_400
"""How long a log can be replayed after its end."""
SWEEP_BATCH = 100
FIRST_FENCE = 1
RETRY_SECONDS = 10
"""After which there may be room again for another to wait."""

log = structlog.get_logger()


class Background:
    """The runs of this process that go on without a reader, and those other processes left behind."""

    def __init__(
        self,
        store: BackgroundRuns,
        *,
        runs: Runs,
        state: State,
        ledger: Ledger,
        agents: Agents,
        keys: Keys,
        owner: str,
        most: int = 256,
        most_waiting: int = 1_000,
        wakes: Wakes | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.store = store
        self._runs = runs
        self._state = state
        self._owner = owner
        self._clock = clock
        self._followers: dict[str, set[Follower]] = {}
        self._woken = asyncio.Event()
        """Set when another process wants something of a run of ours."""
        self._wakes = wakes or Alone()
        self._wakes.hear(self._hear)
        self._places = Places(runs.launch, most=most, most_waiting=most_waiting)
        self._takeover = Takeover(
            store,
            maker=RunMaker(runs, agents=agents, keys=keys),
            ledger=ledger,
            owner=owner,
            launch=self._launch,
            keeper=self._keeper,
            tell=self._tell,
            now=self._now,
        )

    async def submit(self, run: Run, prepared: Prepared, *, key: str, echo: str) -> None:
        """Write an admitted run down, then let it begin, at once or when there is a place for it.

        Raises RateLimited where its key has as many runs as it may, Overloaded where too many wait already,
        StoreUnavailable: then there is no such run.
        """
        if self._places.full:
            raise Overloaded("Too many responses wait in the background.", retry_after=RETRY_SECONDS)
        keeper = self._keeper(prepared, key=key, echo=echo)
        with self._runs.counted(run):
            await self.store.submit(
                Submit(
                    run=run.id,
                    project=prepared.project,
                    job=write_job(run, prepared, key=key, echo=echo),
                    turn=keeper.opening(run.created),
                    events=shown(first_events(run)),
                    owner=self._owner,
                    lease_until=self._lease(),
                    now=self._now(),
                )
            )
        self._launch(run, keeper, fence=FIRST_FENCE)

    def follow(self, run: str) -> Follower:
        """Read a run's log from its beginning, and as it grows."""
        follower = Follower(self.store, run, left=partial(self._left, run))
        self._followers.setdefault(run, set()).add(follower)
        return follower

    async def cancel(self, run: str) -> None:
        """Want a run no more. It has ended when this returns, unless another process has it."""
        if not await self.store.ask_cancel(run):
            return
        task = self._stop(run)
        if task is not None:
            await asyncio.wait([task])
        elif self._wakes.others:
            await self._ended_elsewhere(run)

    def _stop(self, run: str) -> asyncio.Task[None] | None:
        """Let a run that is ours end; the task that is to be waited for."""
        self._places.hurry(run)
        here = self._runs.active.get(run)
        if here is None or here.task is None:
            return None
        here.stop(ClientGone())
        return here.task

    async def _ended_elsewhere(self, run: str) -> None:
        """Let the process that has a run end it, as long as that takes a living one."""
        self._wakes.tell(run)
        follower = self.follow(run)
        try:
            async with asyncio.timeout(CANCEL_SECONDS):
                await follower.ended()
        except TimeoutError:
            log.warning("background_cancel_waits", run=run)
        finally:
            follower.leave()

    def close(self) -> None:
        """Let no more runs begin: those that wait are for the next process."""
        self._places.close()

    async def output(self, run: str) -> tuple[Item, ...]:
        """The items of a run so far; one still open is empty."""
        fold, start = Fold(), 0
        while (piece := await self.store.read(run, start)).events:
            fold.feed(piece.events)
            start = piece.next
        return fold.items

    async def recover(self) -> None:
        """At start, where no other process works on the database: take over what the last one left."""
        await self.store.expire_others(self._owner)
        await self._takeover.all()

    async def maintain(self) -> None:
        """Go round for ever; the process runs this beside its requests."""
        loop = asyncio.get_running_loop()
        due = loop.time() + TICK_SECONDS
        while True:
            try:
                if await self._wanted(until=due):
                    await self.stop_unwanted()
                else:
                    due = loop.time() + TICK_SECONDS
                    await self.tick()
            except StoreUnavailable:
                log.error("background_round_failed")

    async def _wanted(self, *, until: float) -> bool:
        """Wait until another process wants something of a run of ours; False when that time has come."""
        try:
            async with asyncio.timeout_at(until):
                await self._woken.wait()
        except TimeoutError:
            return False
        self._woken.clear()
        return True

    async def stop_unwanted(self) -> None:
        """Stop those of our runs that another process was told to cancel. Raises StoreUnavailable."""
        for run in await self.store.unwanted(self._owner):
            self._stop(run)

    async def tick(self) -> None:
        """One round: keep our runs, take over what others left, forget old logs.

        Raises StoreUnavailable.
        """
        going = [id for id, run in self._runs.active.items() if run.journal is not None]
        ours = [*going, *self._places.waiting]
        await self.store.renew(self._owner, ours, lease_until=self._lease())
        await self.stop_unwanted()
        await self._takeover.all()
        await self.store.expire(before=self._now() - KEEP_SECONDS, limit=SWEEP_BATCH)

    def _launch(self, run: Run, keeper: WrittenKeeper, *, fence: int) -> None:
        run.journal = Journal(
            self.store, run.id, fence=fence, keeper=keeper, written=partial(self._tell, run.id)
        )
        self._places.enter(run)

    def _keeper(self, prepared: Prepared, *, key: str, echo: str) -> WrittenKeeper:
        if prepared.leg is not None:
            return LegKeeper(prepared.leg, now=self._now)
        keeper = self._state.keeper(prepared, key=key, echo=echo)
        assert keeper is not None, "a run in the background is always kept"
        return keeper

    def _tell(self, run: str) -> None:
        """Something of a run was written: tell those who follow it, here and elsewhere."""
        self._tell_here(run)
        self._wakes.tell(run)

    def _tell_here(self, run: str) -> None:
        for follower in self._followers.get(run, ()):
            follower.tell()

    def _hear(self, run: str) -> None:
        """Another process wrote something of a run, or wants one of ours to end."""
        self._tell_here(run)
        if run in self._runs.active or run in self._places.waiting:
            self._woken.set()

    def _left(self, run: str, follower: Follower) -> None:
        followers = self._followers.get(run, set())
        followers.discard(follower)
        if not followers:
            self._followers.pop(run, None)

    def _lease(self) -> int:
        return self._now() + LEASE_SECONDS

    def _now(self) -> int:
        return int(self._clock())
