"""Runs as the process owns them: started by a request, followed by whoever subscribes, ended and
saved whatever becomes of the follower."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Iterator
from contextlib import contextmanager
from functools import partial

import structlog
from msgspec import structs

from service.engine.keeper import Keeper
from service.engine.loop import Loop
from service.engine.model_calls import ModelCalls
from service.engine.outcome import Outcome
from service.engine.preparing import Preparing
from service.engine.run import Caller, Run, failed_end, first_events, outcome_to_ended
from service.ledger.holds import Ledger
from service.limits import Limiter
from specs.agents import Agent
from specs.errors import ClientGone, DragomanError, Failure, ServerError
from specs.events import RunEnded, RunStarted
from specs.items import HostedCall
from specs.requests import RunRequest
from specs.usage import add_usages

log = structlog.get_logger()


class Runs:
    """Starts runs and knows those under way."""

    def __init__(
        self,
        preparing: Preparing,
        *,
        ledger: Ledger,
        run_seconds: float = 3600.0,
        buffer_bytes: int = 64 * 1024,
        limits: Limiter | None = None,
    ) -> None:
        self._preparing = preparing
        self._limits = limits or Limiter({})
        self._run_seconds = run_seconds
        self._buffer_bytes = buffer_bytes
        self._ledger = ledger
        self.active: dict[str, Run] = {}

    def start(
        self,
        request: RunRequest,
        *,
        agent: Agent,
        caller: Caller,
        api: str,
        id: str | None = None,
        keeper: Keeper | None = None,
    ) -> Run:
        """Start a run; it goes on by itself. Its end is told once `keeper` has kept it.

        Raises what `admit` raises.
        """
        run = self.admit(request, agent=agent, caller=caller, api=api, id=id, keeper=keeper)
        run.log.append([*first_events(run), RunStarted(run.id)])
        self.launch(run)
        return run

    def admit(
        self,
        request: RunRequest,
        *,
        agent: Agent,
        caller: Caller,
        api: str,
        id: str | None = None,
        keeper: Keeper | None = None,
        created_at: int | None = None,
    ) -> Run:
        """Make a run ready to be launched.

        Raises InvalidRequest where request and agent cannot go together, ServerError where the
        agent's model has no price.
        """
        now = created_at or int(time.time())
        resolved = self._preparing.resolved(request, agent, project=caller.project, now=now)
        run = Run(
            resolved,
            agent=agent,
            caller=caller,
            api=api,
            buffer_bytes=self._buffer_bytes,
            id=id,
            keeper=keeper,
            created_at=now,
        )
        run.work = self._preparing.work(run)
        return run

    @contextmanager
    def counted(self, run: Run) -> Iterator[None]:
        """Count a run that is about to be launched; not where that fails. Raises RateLimited."""
        self._limits.enter(run.id, run.caller.key)
        try:
            yield
        except BaseException:
            self._limits.leave(run.id)
            raise

    def launch(self, run: Run) -> None:
        """Let an admitted run begin. Raises RateLimited when its key has too many, and it has a reader."""
        assert run.work is not None
        (self._limits.enter if run.journal is None else self._limits.note)(run.id, run.caller.key)
        self.active[run.id] = run
        if run.journal is not None:
            run.journal.take(run.events, lost=partial(run.stop, ClientGone()))
        run.task = asyncio.create_task(self._execute(run, *run.work), name=run.id)

    async def _execute(self, run: Run, loop: Loop, calls: ModelCalls) -> None:
        try:
            outcome = await self._outcome(run, loop)
            run.ending = True
            told = outcome_to_ended(outcome, service_tier=loop.fold.service_tier)
            save = self._save if run.journal is None else self._save_written
            ended = await save(run, told, loop, calls)
            run.ended = ended
            calls.witness.run_ended(ended)
            run.log.append([ended])
        finally:
            run.log.close()
            run.let_go()
            run.work = None  # it refers back to its run: a circle would wait for the collector
            del self.active[run.id]
            self._limits.leave(run.id)

    async def _outcome(self, run: Run, loop: Loop) -> Outcome | Failure:
        timer = asyncio.get_running_loop().call_later(self._seconds_of(run), run.run_out)
        try:
            if run.journal is not None and not await run.journal.start():
                return Outcome("cancelled", "cancelled")
            return await loop.run()
        except asyncio.CancelledError:
            if run.out_of_time:
                return Outcome("incomplete", "cancelled", "max_seconds")
            why = run.stopped_by or ClientGone()
            return Outcome("cancelled", "cancelled") if isinstance(why, ClientGone) else why.failure
        except DragomanError as error:
            return error.failure
        except Exception:  # the edge of a run: whatever went wrong in it must not leave it unsettled
            log.exception("run_crashed", run=run.id, agent=run.agent.id)
            return ServerError().failure
        finally:
            timer.cancel()

    def _seconds_of(self, run: Run) -> float:
        """How long a run may take."""
        own = run.agent.limits.max_seconds
        return self._run_seconds if own is None else min(self._run_seconds, own)

    async def _save(self, run: Run, ended: RunEnded, loop: Loop, calls: ModelCalls) -> RunEnded:
        """Settlements, the run's end and what is kept of it go into the same batch; then all are awaited."""
        code = ended.error.code if ended.error and ended.status == "failed" else None
        writes: list[Awaitable[object]] = [
            self._ledger.end_run(run.id, status=ended.status, error_code=code),
            *self._kept(run, ended, loop, calls),
        ]
        try:
            for write in reversed(writes):  # the last of a batch is answered last: one wait for all of them
                await write
            settled = await calls.settled()
        except DragomanError as error:
            await asyncio.gather(*writes, return_exceptions=True)
            log.error("run_not_saved", run=run.id, code=error.code)
            return failed_end(error.failure)
        run.settled, run.cost = settled, sum([settlement.cost for settlement in settled])
        return structs.replace(ended, usage=add_usages([settlement.usage for settlement in settled]))

    async def _save_written(self, run: Run, ended: RunEnded, loop: Loop, calls: ModelCalls) -> RunEnded:
        """As `_save`, of a run that is written down. What cannot be saved now is ended by a later sweep."""
        assert run.journal is not None
        try:
            settled = await calls.settled()
            run.settled, run.cost = settled, sum([settlement.cost for settlement in settled])
            ended = structs.replace(ended, usage=add_usages([settlement.usage for settlement in settled]))
            if not await run.journal.finish(run.created, ended, loop.fold):
                code = ended.error.code if ended.error and ended.status == "failed" else None
                await self._ledger.end_run(run.id, status=ended.status, error_code=code)
        except DragomanError as error:
            log.error("run_not_saved", run=run.id, code=error.code)
            return failed_end(error.failure)
        return ended

    def _kept(self, run: Run, ended: RunEnded, loop: Loop, calls: ModelCalls) -> list[Awaitable[object]]:
        if run.keeper is None:
            return []
        done = calls.tried or any(isinstance(item, HostedCall) for item in loop.fold.items)
        if ended.status == "failed" and not done:
            return [run.keeper.drop(run.created, ended)]
        return [run.keeper.keep(run.created, ended, loop.fold.items)]

    async def drain(self, why: DragomanError) -> None:
        """Stop every run and wait until each is in the books."""
        runs = list(self.active.values())
        for run in runs:
            run.stop(why)
        await asyncio.gather(*(run.task for run in runs if run.task is not None), return_exceptions=True)
