"""Runs in the background whose process is gone: begun anew where nothing was spent on them yet, else ended
by what was written down of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

import msgspec
import structlog
from msgspec import structs

from service.engine.jobs import RunMaker, read_job, shown
from service.engine.keeper import WrittenKeeper
from service.engine.outcome import Outcome
from service.engine.run import Run, first_events, outcome_to_ended
from service.engine.state import Prepared
from service.engine.unfinished import read_unfinished
from service.ledger.holds import LEASE_SECONDS, Ledger
from service.store.background_ports import BackgroundRuns, Claimed, Finish
from service.store.ports import EndRun
from specs.errors import DragomanError, Failure, StoreUnavailable

CANCELLED = Outcome("cancelled", "cancelled")

log = structlog.get_logger()


class Launch(Protocol):
    """Lets a run begin whose claim has that fence."""

    def __call__(self, run: Run, keeper: WrittenKeeper, *, fence: int) -> None: ...


class FindKeeper(Protocol):
    """Says what is to be written of a run."""

    def __call__(self, prepared: Prepared, *, key: str, echo: str) -> WrittenKeeper: ...


class Takeover:
    """Claims for this process, which `owner` names; `tell` is told of each run that it ends."""

    def __init__(
        self,
        store: BackgroundRuns,
        *,
        maker: RunMaker,
        ledger: Ledger,
        owner: str,
        launch: Launch,
        keeper: FindKeeper,
        tell: Callable[[str], None],
        now: Callable[[], int],
    ) -> None:
        self._store = store
        self._maker = maker
        self._ledger = ledger
        self._owner = owner
        self._launch = launch
        self._keeper = keeper
        self._tell = tell
        self._now = now

    async def all(self) -> None:
        """Claim one after the other. What they held is settled first, so that their usage is known.

        Raises StoreUnavailable.
        """
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
        now = self._now()
        return await self._store.claim_next(self._owner, now=now, lease_until=now + LEASE_SECONDS)

    async def _start_anew(self, claimed: Claimed) -> None:
        """Nothing was spent on it yet: as if it came in now."""
        job = read_job(claimed.job)
        try:
            run = await self._maker.make(job, now=self._now())
        except StoreUnavailable:
            raise
        except DragomanError as error:
            await self._end_by_log(claimed, why=error.failure)
            return
        await self._store.clear(run.id, claimed.fence, shown(first_events(run)))
        log.info("background_resumed", run=run.id)
        keeper = self._keeper(job.prepared, key=job.key, echo=job.echo)
        self._launch(run, keeper, fence=claimed.fence)

    async def _end_by_log(self, claimed: Claimed, *, why: Failure | None = None) -> None:
        """End a run that cannot go on with what there is of it."""
        job, found = read_job(claimed.job), await read_unfinished(self._store, claimed.run)
        outcome = why or found.outcome
        ended = outcome_to_ended(CANCELLED if claimed.cancelled else outcome, service_tier=None)
        ended = structs.replace(ended, usage=await self._store.usage(claimed.run))
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
        await self._store.finish(order)
        self._tell(claimed.run)
        log.warning("background_ended_by_log", run=claimed.run, status=ended.status)
