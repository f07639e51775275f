"""The ports of threads, their messages and the runs on them. As in `ports`: what returns an `Awaitable`
is enqueued at once, and every method raises StoreUnavailable when the database cannot do its part now.

An id of another project and one that never was are the same: None, or False.
"""

from __future__ import annotations

from collections.abc import Awaitable, Sequence
from typing import Generic, Literal, Protocol, TypeAlias, TypeVar

from msgspec import Struct

from specs.agents import ToolResources
from specs.errors import Failure
from specs.items import Item
from specs.threads import Leg, Step, Thread, ThreadMessage, ThreadRun, ThreadRunStatus

Order: TypeAlias = Literal["asc", "desc"]
T = TypeVar("T")


class ThreadChanged(Exception):
    """Something was added to the thread since it was read: read it again."""


class Stretch(Struct, frozen=True):
    """The part of a list that is asked for."""

    order: Order
    limit: int
    after: str | None = None
    before: str | None = None


class Listed(Struct, Generic[T], frozen=True):
    """Some of a list, in the order asked for."""

    data: tuple[T, ...]
    has_more: bool


class ThreadContext(Struct, frozen=True):
    """What a thread holds when a run begins, each item with its place."""

    items: tuple[Item, ...]
    places: tuple[int, ...]
    upto: int
    """The next place."""


class LegEnding(Struct, frozen=True, kw_only=True):
    """How a leg has ended, to be written down."""

    run: ThreadRun
    steps: tuple[Step, ...]
    messages: tuple[ThreadMessage, ...]
    items: tuple[Item, ...]
    usage: str
    """What this leg used, as JSON."""


class Due(Struct, frozen=True):
    """A run whose time is over."""

    id: str
    leg: str
    status: ThreadRunStatus


class Threads(Protocol):
    async def create(self, thread: Thread, messages: Sequence[ThreadMessage]) -> None:
        """Make a thread that begins with these messages."""
        ...

    async def get(self, project: str, id: str) -> Thread | None:
        """Find a thread."""
        ...

    async def describe(self, project: str, id: str, metadata: dict[str, str]) -> bool:
        """Replace a thread's metadata."""
        ...

    async def equip(self, project: str, id: str, resources: ToolResources | None) -> bool:
        """Replace what the tools of a thread work on."""
        ...

    async def delete(self, project: str, id: str) -> bool:
        """Forget a thread with all that is in it, its runs and their logs."""
        ...

    async def legs(self, project: str, id: str) -> list[str]:
        """The engine's runs that worked on a thread."""
        ...

    async def page(self, project: str, ask: Stretch) -> Listed[Thread] | None:
        """Some threads of a project; None where the place is that of none."""
        ...

    async def context(self, project: str, id: str) -> ThreadContext | None:
        """All that a thread holds."""
        ...


class ThreadMessages(Protocol):
    async def add(self, project: str, message: ThreadMessage, resources: ToolResources | None) -> bool:
        """Add a message at the end of its thread; `resources`, where given, are what its tools work on
        then. Raises InvalidRequest while a run is active."""
        ...

    async def get(self, project: str, thread: str, id: str) -> ThreadMessage | None:
        """Find a message."""
        ...

    async def describe(self, project: str, message: ThreadMessage) -> None:
        """Keep a message with other metadata."""
        ...

    async def delete(self, project: str, thread: str, id: str, *, now: int) -> bool:
        """Take a message out. Raises InvalidRequest while a run is active."""
        ...

    async def page(
        self, project: str, thread: str, ask: Stretch, *, run: str | None
    ) -> Listed[ThreadMessage] | None:
        """Some messages of a thread, or of one run on it; None where the place is that of none."""
        ...


class ThreadRuns(Protocol):
    async def get(self, project: str, thread: str, id: str) -> ThreadRun | None:
        """Find a run."""
        ...

    async def going(self, project: str, thread: str) -> ThreadRun | None:
        """The run of a thread whose leg goes on."""
        ...

    async def describe(self, project: str, thread: str, id: str, metadata: dict[str, str]) -> bool:
        """Replace a run's metadata."""
        ...

    async def page(self, project: str, thread: str, ask: Stretch) -> Listed[ThreadRun] | None:
        """Some runs of a thread; None where the place is that of none."""
        ...

    async def steps(self, run: str) -> tuple[Step, ...]:
        """What was written down of a run's steps, in order."""
        ...

    async def ask_cancel(self, project: str, thread: str, id: str) -> str | None:
        """Want a run no more whose leg goes on; the leg, or None where it is not so."""
        ...

    def end_waiting(self, id: str, status: Literal["cancelled", "expired"], *, now: int) -> Awaitable[bool]:
        """End a run that waits for its caller; False where it does not."""
        ...

    async def due(self, *, now: int, limit: int) -> list[Due]:
        """Runs whose time is over."""
        ...

    async def lost(self, *, before: int, limit: int) -> list[tuple[str, str]]:
        """Runs made before then whose leg is gone without having told them: (run, leg)."""
        ...

    def give_up(self, id: str, leg: str, error: Failure, *, now: int) -> Awaitable[bool]:
        """End a run whose leg is gone."""
        ...


LegOrder: TypeAlias = Leg | LegEnding
"""What is written of a leg with its turn: how it begins, or how it ended."""
