"""A run: one execution of an agent, and the handle its readers and its owner have on it."""

from __future__ import annotations

import asyncio
import time

from msgspec import Struct

from service.engine.journal import Journal
from service.engine.keeper import Keeper
from service.engine.log import RunLog, Subscription
from service.engine.loop import Loop
from service.engine.model_calls import ModelCalls
from service.engine.outcome import Outcome
from service.ids import new_id
from service.ledger.holds import Settlement
from specs.agents import Agent
from specs.errors import ClientGone, DragomanError, Failure
from specs.events import Event, RunCreated, RunEnded, Warned
from specs.requests import RunRequest
from specs.usage import Usage

DRAIN_SECONDS = 30
"""How long a run without a reader may go on to its usage."""
AGAIN_SECONDS = 1.0
"""After so long a run that has not begun to end is cancelled again."""


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
        self._again: asyncio.TimerHandle | None = None
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
        """Cancel until it is ending: `asyncio.wait_for` of Python 3.11 can lose a cancellation
        (https://github.com/python/cpython/issues/86296), and libraries use it."""
        if not self.ending and self.task is not None and not self.task.done():
            self.task.cancel()
            self._again = asyncio.get_running_loop().call_later(AGAIN_SECONDS, self._cancel)

    def let_go(self) -> None:
        """It is over: nothing of it is wanted later."""
        if self._again is not None:
            self._again.cancel()

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


def first_events(run: Run) -> list[Event]:
    """What a run's log begins with."""
    return [run.created, *(Warned(message) for message in run.request.warnings)]


def outcome_to_ended(outcome: Outcome | Failure, *, service_tier: str | None) -> RunEnded:
    """The last event of a run, without the usage that only its settlements tell."""
    if isinstance(outcome, Failure):
        return failed_end(outcome, service_tier=service_tier)
    gone = ClientGone().failure if outcome.status == "cancelled" else None
    now = int(time.time())
    return RunEnded(outcome.status, Usage(), outcome.finish, outcome.reason, gone, now, service_tier)


def failed_end(error: Failure, *, service_tier: str | None = None) -> RunEnded:
    """The last event of a run that failed."""
    return RunEnded("failed", Usage(), "error", None, error, int(time.time()), service_tier)
