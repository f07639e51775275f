"""Runs on threads: begun and gone on with as runs of the engine, one leg after another, and ended where
no leg does it: when their caller wants them no more or keeps them waiting too long."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial

import structlog
from msgspec import Struct, structs

from service.engine.background import Background
from service.engine.outputs import results_of, with_outputs
from service.engine.run import Caller, Run
from service.engine.runs import Runs
from service.engine.state import Prepared
from service.engine.thread_context import answered, context_of, newest
from service.ids import minted_at, new_id
from service.store.thread_ports import ThreadChanged, ThreadMessages, ThreadRuns, Threads
from specs.errors import Conflict, NotFound, ServerError, StoreUnavailable
from specs.fold import Fold
from specs.items import Item, Message
from specs.legs import leg_agent, leg_allowance, thread_message
from specs.requests import RunRequest
from specs.state import StateAsk
from specs.steps import steps_of
from specs.threads import Leg, RunTerms, Step, ThreadMessage, ThreadRun

API = "assistants"
"""The name of this API in what is charged and counted."""
RUN_SECONDS = 600
"""How long a run may take, its caller's part included, where its agent says nothing."""
TICK_SECONDS = 1.0
LOST_SECONDS = 120
"""After so long a run whose leg is gone is given up."""
TRIES = 5
"""How often a thread is read again that others add to meanwhile."""
BATCH = 100

log = structlog.get_logger()


class NewRun(Struct, frozen=True, kw_only=True):
    """A run that is asked for."""

    project: str
    thread: str
    assistant: str
    terms: RunTerms
    echo: str
    metadata: dict[str, str]
    messages: tuple[ThreadMessage, ...] = ()
    """To be added to the thread first."""


class Begun(Struct, frozen=True):
    """A leg that was written down and begins."""

    run: ThreadRun
    leg: Run
    answered: Step | None = None
    """The step that the caller's outputs completed."""


class Live(Struct, frozen=True):
    """What a run has come to while its leg goes on."""

    steps: tuple[Step, ...] = ()
    messages: tuple[ThreadMessage, ...] = ()


class ThreadDesk:
    """The threads of every project, and the runs on them that this process is asked for."""

    def __init__(
        self,
        threads: Threads,
        messages: ThreadMessages,
        runs: ThreadRuns,
        *,
        engine: Runs,
        background: Background,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.threads = threads
        self.messages = messages
        self.runs = runs
        self._engine = engine
        self._background = background
        self._clock = clock

    def now(self) -> int:
        """Unix seconds."""
        return int(self._clock())

    async def begin(self, new: NewRun, caller: Caller) -> Begun:
        """Begin a run. It is the only one on its thread, or there is none.

        Raises NotFound, InvalidRequest, Conflict, StoreUnavailable, and what `Runs.admit` raises.
        """
        for _ in range(TRIES):
            found = await self.threads.context(new.project, new.thread)
            if found is None:
                raise thread_missing(new.thread)
            run = self._new_run(new, begins=found.upto + len(new.messages))
            said = [message.item for message in new.messages]
            items = answered(newest((*found.items, *said), new.terms.last_messages))
            leg = Leg(run=run, opens=True, messages=new.messages, upto=found.upto)
            try:
                return Begun(run, await self._submit(leg, items, caller))
            except ThreadChanged:
                continue
        raise Conflict("This thread is being added to; ask again.", param="thread_id", retry_after=1)

    async def go_on(self, run: ThreadRun, outputs: Mapping[str, str], caller: Caller) -> Begun:
        """Let a run that waits go on with what its caller gave for each of its calls, by call id.

        Raises InvalidRequest where it does not wait any more, StoreUnavailable.
        """
        now = self.now()
        results: tuple[Item, ...] = (*run.held, *results_of(run.waiting, outputs))
        found = await self.threads.context(run.project, run.thread)
        if found is None:
            raise thread_missing(run.thread)
        before = context_of(found, begins=run.begins, last_messages=run.terms.last_messages)
        next = structs.replace(run, status="queued", leg=new_id("run"), legs=run.legs + 1, held=())
        step = with_outputs(await self.runs.steps(run.id), outputs, now=now)
        leg = Leg(run=next, results=results, answered=step, answers=run.leg)
        return Begun(next, await self._submit(leg, answered((*before, *results)), caller), step)

    async def cancel(self, run: ThreadRun) -> bool:
        """Want a run no more; False where it is over, or wanted no more already."""
        leg = await self.runs.ask_cancel(run.project, run.thread, run.id)
        if leg is not None:
            await self._background.cancel(leg)
            return True
        return await self.runs.end_waiting(run.id, "cancelled", now=self.now())

    async def delete(self, project: str, thread: str) -> bool:
        """Forget a thread; a run on it is stopped."""
        for leg in await self.threads.legs(project, thread):
            await self._background.cancel(leg)
        return await self.threads.delete(project, thread)

    async def live(self, run: ThreadRun) -> Live:
        """What there is of the leg that goes on."""
        if run.status not in ("in_progress", "queued", "cancelling"):
            return Live()
        fold, start = Fold(), 0
        while (piece := await self._background.store.read(run.leg, start)).events:
            fold.feed(piece.events)
            start = piece.next
        if fold.ended is not None:  # it is told by the store from now on
            return Live()
        steps = steps_of(fold.items, fold.turns, moment=partial(minted_at, near=run.created_at), end=None)
        by_message = {step.message: step for step in steps}
        messages = [item for item in fold.items if isinstance(item, Message)]
        return Live(steps, tuple(thread_message(run, item, by_message[item.id]) for item in messages))

    async def maintain(self) -> None:
        """End what is over, for ever; the process runs this beside its requests."""
        while True:
            await asyncio.sleep(TICK_SECONDS)
            try:
                await self.tick()
            except StoreUnavailable:
                log.error("thread_round_failed")

    async def tick(self) -> None:
        """One round: end the runs whose time is over, and those whose leg is gone.

        Raises StoreUnavailable.
        """
        now = self.now()
        for due in await self.runs.due(now=now, limit=BATCH):
            if due.status == "requires_action":
                await self.runs.end_waiting(due.id, "expired", now=now)
            else:
                await self._background.cancel(due.leg)
        for run, leg in await self.runs.lost(before=now - LOST_SECONDS, limit=BATCH):
            gone = ServerError("What this run had come to was lost.").failure
            if await self.runs.give_up(run, leg, gone, now=now):
                log.warning("thread_run_given_up", run=run)

    def _new_run(self, new: NewRun, *, begins: int) -> ThreadRun:
        now, id = self.now(), new_id("run")
        return ThreadRun(
            id=id,
            thread=new.thread,
            project=new.project,
            assistant=new.assistant,
            status="queued",
            terms=new.terms,
            echo=new.echo,
            metadata=new.metadata,
            leg=id,
            begins=begins,
            created_at=now,
            expires_at=now + (new.terms.agent.limits.max_seconds or RUN_SECONDS),
        )

    async def _submit(self, leg: Leg, items: Sequence[Item], caller: Caller) -> Run:
        """Write a leg down with all that it changes, then let it begin."""
        run = leg.run
        request = RunRequest(
            run.assistant,
            tuple(items),
            tool_choice=run.terms.tool_choice if leg.opens else None,
            settings=run.terms.settings,
            allowance=leg_allowance(run),
            warnings=run.terms.warnings if leg.opens else (),
        )
        prepared = Prepared(run.leg, request, StateAsk(background=True), run.project, leg=leg)
        admitted = self._engine.admit(
            request, agent=leg_agent(run), caller=caller, api=API, id=run.leg, created_at=self.now()
        )
        await self._background.submit(admitted, prepared, key=caller.key, echo="")
        return admitted


def thread_missing(id: str) -> NotFound:
    """No such thread for this key."""
    return NotFound(f"No thread found with id {id[:80]!r}.", param="thread_id")
