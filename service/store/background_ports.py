"""The port of runs in the background: claimed by one process at a time, their events written down.

Whoever owns a run has its fence, the number of its claim: what a former owner still writes is refused,
and tells that by False.
"""

from __future__ import annotations

from collections.abc import Awaitable, Sequence
from typing import Protocol

from msgspec import Struct

from service.store.records import EndRun
from service.store.state_records import KeepTurn
from specs.events import Event
from specs.usage import Usage

__all__ = ["BackgroundRuns", "Claimed", "Finish", "LogPiece", "Submit"]


class Submit(Struct, frozen=True, kw_only=True):
    """A run to write down before it starts."""

    run: str
    project: str
    job: str
    """JSON of what starts it anew."""
    turn: KeepTurn
    """Its response as it stands now: queued."""
    events: tuple[Event, ...]
    """The first of its log."""
    owner: str
    lease_until: int
    now: int


class Claimed(Struct, frozen=True):
    """A run whose process is gone, ours from now on."""

    run: str
    project: str
    fence: int
    cancelled: bool
    """Whether its caller wants it no more."""
    job: str
    called: bool
    """Whether money was ever held for it: a model may have been called."""


class Finish(Struct, frozen=True, kw_only=True):
    """The end of a run: all of this, or nothing."""

    run: str
    fence: int
    end: EndRun
    turn: KeepTurn
    events: tuple[Event, ...]
    """The last of its log."""


class LogPiece(Struct, frozen=True):
    """Some events of a log, in order."""

    events: list[Event]
    next: int
    """The number of the event after them."""


class BackgroundRuns(Protocol):
    def submit(self, order: Submit) -> Awaitable[None]:
        """Write down a run, its response and the beginning of its log."""
        ...

    def start(self, run: str, fence: int, events: Sequence[Event]) -> Awaitable[bool]:
        """Mark a run as under way and add these events; False where it is not to be started."""
        ...

    def append(self, run: str, fence: int, events: Sequence[Event]) -> Awaitable[bool]:
        """Add to a run's log."""
        ...

    def finish(self, order: Finish) -> Awaitable[bool]:
        """End a run in the books, its response and its log at once."""
        ...

    def ask_cancel(self, run: str) -> Awaitable[bool]:
        """Note, for whichever process has it, that a run is wanted no more; False when it has ended."""
        ...

    async def unwanted(self, owner: str) -> list[str]:
        """The runs of a process that their callers want no more."""
        ...

    def renew(self, owner: str, runs: Sequence[str], *, lease_until: int) -> Awaitable[None]:
        """Keep these runs of a process alive."""
        ...

    def expire_others(self, owner: str) -> Awaitable[None]:
        """Let the leases of every other process run out. Only for one that knows it is alone."""
        ...

    def claim_next(self, owner: str, *, now: int, lease_until: int) -> Awaitable[Claimed | None]:
        """Claim the oldest run whose lease ran out."""
        ...

    def clear(self, run: str, fence: int, events: Sequence[Event]) -> Awaitable[bool]:
        """Begin a run's log anew with these events: nothing of it has happened yet."""
        ...

    async def state(self, project: str, response: str) -> tuple[str, str] | None:
        """The run of a response and its state; None where it has no log."""
        ...

    async def read(self, run: str, start: int) -> LogPiece:
        """Read a log from an event on, as much as is decoded in one go."""
        ...

    async def goes_on(self, run: str) -> bool:
        """Whether more may come of a run."""
        ...

    async def usage(self, run: str) -> Usage:
        """What the attempts of a run were charged for."""
        ...

    def expire(self, *, before: int, limit: int) -> Awaitable[int]:
        """Forget the logs of runs that ended before then, at most `limit`; returns how many."""
        ...
