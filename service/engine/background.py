"""Runs in the background: written down before they start, followed from what was written, and taken up
again, or ended by their log, when their process is gone. A model call that was made is never made again."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from functools import partial

import msgspec
import structlog
from msgspec import Struct, structs

from service.engine.journal import Follower, Journal
from service.engine.keeper import WrittenKeeper
from service.engine.leg_keeper import LegKeeper
from service.engine.loop import Outcome
from service.engine.places import Places
from service.engine.runs import Caller, Run, Runs, first_events, outcome_to_ended
from service.engine.state import Prepared, State, began
from service.engine.unfinished import read_unfinished
from service.ledger.holds import LEASE_SECONDS, Ledger
from service.store.agents import Agents
from service.store.background_ports import BackgroundRuns, Claimed, Finish, Submit
from service.store.ports import EndRun, KeyRecord, Keys
from service.store.wakes import Alone, Wakes
from specs.agents import Agent
from specs.errors import (
    ClientGone,
    DragomanError,
    Failure,
    InvalidKey,
    ModelNotFound,
    Overloaded,
    StoreUnavailable,
)
from specs.events import Event, RunCreated
from specs.fold import Fold
from specs.items import Item
from specs.legs import leg_agent

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
CANCELLED = Outcome("cancelled", "cancelled")

log = structlog.get_logger()


class Job(Struct, frozen=True):
    """All that is needed to start a run anew."""

    prepared: Prepared
    """Its request whole; what went before is in its turn already."""
    key: str
    echo: str
    api: str
    created: RunCreated
    """As its response was first shown."""


_job = msgspec.json.Decoder(Job)


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
        self._ledger = ledger
        self._agents = agents
        self._keys = keys
        self._owner = owner
        self._clock = clock
        self._followers: dict[str, set[Follower]] = {}
        self._woken = asyncio.Event()
        """Set when another process wants something of a run of ours."""
        self._wakes = wakes or Alone()
        self._wakes.hear(self._hear)
        self._places = Places(runs.launch, most=most, most_waiting=most_waiting)

    async def submit(self, run: Run, prepared: Prepared, *, key: str, echo: str) -> None:
        """Write an admitted run down, then let it begin, at once or when there is a place for it.

        Raises Overloaded where too many wait already, StoreUnavailable: then there is no such run.
        """
        if self._places.full:
            raise Overloaded("Too many responses wait in the background.", retry_after=RETRY_SECONDS)
        keeper = self._keeper(prepared, key=key, echo=echo)
        job = Job(structs.replace(prepared, context=(), input=()), key, echo, run.api, began(run.created))
        await self.store.submit(
            Submit(
                run=run.id,
                project=prepared.project,
                job=msgspec.json.encode(job).decode(),
                turn=keeper.opening(run.created),
                events=tuple(_shown(first_events(run))),
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
        await self._take_over()

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
        await self._take_over()
        await self.store.expire(before=self._now() - KEEP_SECONDS, limit=SWEEP_BATCH)

    async def _take_over(self) -> None:
        """Claim one after the other. What they held is settled first, so that their usage is known."""
        swept = False
        while claimed := await self._claim():
            if not swept:
                await self._ledger.sweep()
                swept = True
            try:
                if claimed.called or claimed.cancelled:
                    await self._end_by_log(claimed)
                else:
                    await self._start_anew(claimed)
            except msgspec.ValidationError:  # of another version: the others must go on
                log.error("background_unreadable", run=claimed.run)

    async def _claim(self) -> Claimed | None:
        return await self.store.claim_next(self._owner, now=self._now(), lease_until=self._lease())

    async def _start_anew(self, claimed: Claimed) -> None:
        """Nothing was spent on it yet: as if it came in now."""
        job = _job.decode(claimed.job)
        try:
            run = await self._admit(job)
        except StoreUnavailable:
            raise
        except DragomanError as error:
            await self._end_by_log(claimed, why=error.failure)
            return
        await self.store.clear(run.id, claimed.fence, _shown(first_events(run)))
        log.info("background_resumed", run=run.id)
        keeper = self._keeper(job.prepared, key=job.key, echo=job.echo)
        self._launch(run, keeper, fence=claimed.fence)

    async def _admit(self, job: Job) -> Run:
        """Make the run anew, by its key and agent as they are now.

        Raises InvalidKey, ModelNotFound, and what `Runs.admit` raises.
        """
        key = await self._keys.get(job.key)
        if key is None or not key.valid(self._now()):
            raise InvalidKey
        request = job.prepared.request
        agent = await self._pinned_agent(job, key)
        if agent is None:
            raise ModelNotFound(f'No agent "{request.agent[:200]}" for this key any more.', param="model")
        return self._runs.admit(
            request,
            agent=agent,
            caller=Caller(
                key=key.id,
                key_name=key.name,
                project=key.project,
                account=key.account,
                user=key.user or "",
            ),
            api=job.api,
            id=job.prepared.run,
            created_at=job.created.created_at,
        )

    async def _pinned_agent(self, job: Job, key: KeyRecord) -> Agent | None:
        """The version that the run began with; an agent of the configuration has only its newest. A run on
        a thread has a copy."""
        created, leg = job.created, job.prepared.leg
        if leg is not None:
            return leg_agent(leg.run)
        pinned = await self._agents.load(f"{created.agent}@{created.agent_version}", key)
        return pinned or self._agents.find(job.prepared.request.agent, key)

    async def _end_by_log(self, claimed: Claimed, *, why: Failure | None = None) -> None:
        """End a run that cannot go on with what there is of it."""
        job, found = _job.decode(claimed.job), await read_unfinished(self.store, claimed.run)
        outcome = why or found.outcome
        ended = outcome_to_ended(CANCELLED if claimed.cancelled else outcome)
        ended = structs.replace(ended, usage=await self.store.usage(claimed.run))
        closing = found.close()
        code = ended.error.code if ended.error and ended.status == "failed" else None
        keeper = self._keeper(job.prepared, key=job.key, echo=job.echo)
        order = Finish(
            run=claimed.run,
            fence=claimed.fence,
            end=EndRun(claimed.run, ended.status, self._now(), code),
            turn=keeper.ending(found.fold.created or job.created, ended, found.fold.items, found.fold.turns),
            events=(*closing, ended),
        )
        await self.store.finish(order)
        self._tell(claimed.run)
        log.warning("background_ended_by_log", run=claimed.run, status=ended.status)

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


def _shown(events: Sequence[Event]) -> list[Event]:
    """The same events with what is kept of a run's start."""
    return [began(event) if isinstance(event, RunCreated) else event for event in events]
