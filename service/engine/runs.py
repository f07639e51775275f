"""Runs as the process owns them: started by a request, followed by whoever subscribes, ended and
saved whatever becomes of the follower."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Protocol

import structlog
from msgspec import Struct, structs

from providers.base import Call, Provider
from service.engine.compact import Compactions
from service.engine.journal import Journal
from service.engine.keeper import Keeper
from service.engine.log import RunLog, Subscription
from service.engine.loop import Loop, Outcome
from service.engine.media import FileReader, Media, NoFiles
from service.engine.model_calls import ModelCalls
from service.engine.opening import opener
from service.engine.ports import PerTenant
from service.engine.resolve import refuse_taken_names, resolve
from service.engine.targets import Breakers, Target
from service.engine.witness import Witness
from service.ids import new_id
from service.ledger.holds import Ledger, Settlement, Terms
from service.limits import Limiter
from service.telemetry.metrics import Metrics
from service.tools.base import NoTools, ToolSet
from specs.agents import Agent
from specs.errors import ClientGone, DragomanError, Failure, InvalidRequest, ServerError
from specs.events import Event, RunCreated, RunEnded, RunStarted, Warned
from specs.prices import Price
from specs.requests import RunRequest
from specs.usage import Usage, add_usages

DRAIN_SECONDS = 30
"""How long a run without a reader may go on to its usage."""

log = structlog.get_logger()


class FindPrice(Protocol):
    """What a provider's model costs. Raises ServerError when nobody knows."""

    def __call__(self, provider: str, model: str, *, service_tier: str | None) -> Price: ...


class Caller(Struct, frozen=True):
    """Who asks, and who pays."""

    key: str
    key_name: str
    project: str
    account: str
    user: str = ""
    """Whose key it is; "" where it is nobody's."""


class Run:
    """One execution of an agent, and the handle its readers have on it."""

    def __init__(
        self,
        request: RunRequest,
        *,
        agent: Agent,
        caller: Caller,
        api: str,
        buffer_bytes: int,
        id: str | None = None,
        keeper: Keeper | None = None,
        created_at: int | None = None,
    ) -> None:
        self.id = id or new_id("run")
        self.request = request
        self.keeper = keeper
        self.agent = agent
        self.caller = caller
        self.api = api
        self.created_at = created_at or int(time.time())
        self.created = RunCreated(self.id, self.created_at, agent.id, agent.version, request)
        self.log = RunLog(buffer_bytes=buffer_bytes)
        self.events: Subscription = self.log.subscribe()
        """The place of the reader that asked for the run."""
        self.task: asyncio.Task[None] | None = None
        self.work: tuple[Loop, ModelCalls] | None = None
        """What it will do, once it is admitted."""
        self.journal: Journal | None = None
        """Set for a run in the background; it then takes the place of keeper and reader."""
        self.stopped_by: DragomanError | None = None
        self.out_of_time = False
        self.abandoned = False
        self.ending = False
        self.ended: RunEnded | None = None
        """How it ended, once it has."""
        self.cost = 0
        """Nano-dollars its attempts came to, known at its end."""
        self.settled: list[Settlement] = []
        """How its attempts were paid, known at its end."""

    def stop(self, why: DragomanError) -> None:
        """End the run now; what was received is settled. Nothing happens once it is ending."""
        if self.stopped_by is None and not self.ending:
            self.stopped_by = why
            # Not at once: a task that is cancelled before its first step never runs at all.
            asyncio.get_running_loop().call_soon(self._cancel)

    def run_out(self) -> None:
        """Its time is over: end it with what it has."""
        if self.stopped_by is None:
            self.out_of_time = True
            self._cancel()

    def _cancel(self) -> None:
        if not self.ending and self.task is not None:
            self.task.cancel()

    def leave(self) -> None:
        """The reader that asked has gone: end the run as its agent wants that."""
        self.events.close()
        if self.ending or self.abandoned:
            return
        self.abandoned = True
        if self.agent.on_disconnect == "drain":
            asyncio.get_running_loop().call_later(DRAIN_SECONDS, self.stop, ClientGone())
        else:
            self.stop(ClientGone())


class Runs:
    """Starts runs and knows those under way."""

    def __init__(
        self,
        *,
        ledger: Ledger,
        provider: Callable[[str], Provider],
        price: FindPrice,
        compactions: Compactions,
        attempts: int = 2,
        run_seconds: float = 3600.0,
        buffer_bytes: int = 64 * 1024,
        min_output_tokens: int = 256,
        metrics: Metrics | None = None,
        limits: Limiter | None = None,
        files: FileReader | None = None,
        max_file_bytes: int = 32 * 1024 * 1024,
        tools: Callable[[Agent], ToolSet] = lambda _: NoTools(),
    ) -> None:
        self._tools = tools
        self._files = files or NoFiles()
        self._compactions = compactions
        self._max_file_bytes = max_file_bytes
        self._metrics = metrics or Metrics()
        self._limits = limits or Limiter({})
        self._min_output_tokens = min_output_tokens
        self._attempts = attempts
        self._run_seconds = run_seconds
        self._buffer_bytes = buffer_bytes
        self._ledger = ledger
        self._provider = provider
        self._price = price
        self._breakers = Breakers()
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
        resolved = resolve(request, agent)
        run = Run(
            resolved,
            agent=agent,
            caller=caller,
            api=api,
            buffer_bytes=self._buffer_bytes,
            id=id,
            keeper=keeper,
            created_at=created_at,
        )
        run.work = self._loop(run, self._targets(run))
        return run

    def _targets(self, run: Run) -> list[Target]:
        """The agent's models in their order. One that stands in for another may lack what is asked for."""
        first, *others = run.agent.models
        targets = [self._target(first, run)]
        for name in others:
            try:
                targets.append(self._target(name, run))
            except (InvalidRequest, ServerError) as error:
                log.warning("model_left_out", run=run.id, model=name, code=error.code)
        return targets

    def _target(self, name: str, run: Run) -> Target:
        provider_name, _, model = name.partition("/")
        price = self._price(provider_name, model, service_tier=run.request.settings.service_tier)
        provider = self._provider(provider_name)
        if isinstance(provider, PerTenant):
            provider = provider.of(project=run.caller.project, user=run.caller.user)
        return Target(provider, model, price)

    def launch(self, run: Run) -> None:
        """Let an admitted run begin. Raises RateLimited when its key has too many, and it has a reader."""
        assert run.work is not None
        (self._limits.enter if run.journal is None else self._limits.note)(run.id, run.caller.key)
        self.active[run.id] = run
        if run.journal is not None:
            run.journal.take(run.events, lost=partial(run.stop, ClientGone()))
        run.task = asyncio.create_task(self._execute(run, *run.work), name=run.id)

    def _loop(self, run: Run, targets: list[Target]) -> tuple[Loop, ModelCalls]:
        calls = ModelCalls(
            ledger=self._ledger,
            terms=partial(self._terms, run),
            new_id=new_id,
            witness=Witness(self._metrics, run=run.id, api=run.api),
            attempts=self._attempts,
        )
        tools = self._tools(run.agent)
        refuse_taken_names(run.request, tools)
        media = Media(self._files, project=run.caller.project, most=self._max_file_bytes)
        loop = Loop(
            run.request,
            model=targets[0].model,
            limits=run.agent.limits,
            open_model=opener(
                run, calls, targets, breakers=self._breakers, media=media, compactions=self._compactions
            ),
            tools=tools,
            log=run.log,
            abandoned=lambda: run.abandoned,
        )
        return loop, calls

    def _terms(self, run: Run, target: Target, call: Call, spent: int) -> Terms:
        cap = run.request.settings.max_output_tokens
        least = run.request.min_output_tokens or self._min_output_tokens
        limit = run.agent.limits.max_cost
        return Terms(
            run=run.id,
            step=call.step,
            attempt=call.attempt,
            key=run.caller.key,
            key_name=run.caller.key_name,
            account=run.caller.account,
            project=run.caller.project,
            agent=run.agent.id,
            agent_version=run.agent.version,
            api=run.api,
            provider=target.provider.name,
            model=target.model,
            price=target.price,
            profile=target.provider.profile(target.model),
            cap_given=cap is not None,
            min_output_tokens=least if cap is None else min(least, cap),
            max_cost=None if limit is None else max(0, limit - spent),
        )

    async def _execute(self, run: Run, loop: Loop, calls: ModelCalls) -> None:
        try:
            outcome = await self._outcome(run, loop)
            run.ending = True
            told = structs.replace(outcome_to_ended(outcome), service_tier=loop.fold.service_tier)
            save = self._save if run.journal is None else self._save_written
            ended = await save(run, told, loop, calls)
            run.ended = ended
            calls.witness.run_ended(ended)
            run.log.append([ended])
        finally:
            run.log.close()
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
            settled = await calls.settled()
            for write in writes:
                await write
        except DragomanError as error:
            await asyncio.gather(*writes, return_exceptions=True)
            log.error("run_not_saved", run=run.id, code=error.code)
            return _failed(error.failure)
        run.settled, run.cost = settled, sum(settlement.cost for settlement in settled)
        return structs.replace(ended, usage=add_usages(settlement.usage for settlement in settled))

    async def _save_written(self, run: Run, ended: RunEnded, loop: Loop, calls: ModelCalls) -> RunEnded:
        """As `_save`, of a run that is written down. What cannot be saved now is ended by a later sweep."""
        assert run.journal is not None
        try:
            settled = await calls.settled()
            run.settled, run.cost = settled, sum(settlement.cost for settlement in settled)
            ended = structs.replace(ended, usage=add_usages(settlement.usage for settlement in settled))
            if not await run.journal.finish(run.created, ended, loop.fold):
                code = ended.error.code if ended.error and ended.status == "failed" else None
                await self._ledger.end_run(run.id, status=ended.status, error_code=code)
        except DragomanError as error:
            log.error("run_not_saved", run=run.id, code=error.code)
            return _failed(error.failure)
        return ended

    def _kept(self, run: Run, ended: RunEnded, loop: Loop, calls: ModelCalls) -> list[Awaitable[object]]:
        if run.keeper is None:
            return []
        if ended.status == "failed" and not calls.tried:
            return [run.keeper.drop(run.created, ended)]
        return [run.keeper.keep(run.created, ended, loop.fold.items)]

    async def drain(self, why: DragomanError) -> None:
        """Stop every run and wait until each is in the books."""
        runs = list(self.active.values())
        for run in runs:
            run.stop(why)
        await asyncio.gather(*(run.task for run in runs if run.task is not None), return_exceptions=True)


def first_events(run: Run) -> list[Event]:
    """What a run's log begins with."""
    return [run.created, *(Warned(message) for message in run.request.warnings)]


def outcome_to_ended(outcome: Outcome | Failure) -> RunEnded:
    """The last event of a run, without the usage that only its settlements tell."""
    if isinstance(outcome, Failure):
        return _failed(outcome)
    gone = ClientGone().failure if outcome.status == "cancelled" else None
    return RunEnded(outcome.status, Usage(), outcome.finish, outcome.reason, gone, int(time.time()))


def _failed(error: Failure) -> RunEnded:
    return RunEnded("failed", Usage(), "error", error=error, completed_at=int(time.time()))
