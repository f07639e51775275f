"""Places for runs that have time: so many go on at once, the others wait in the order they came."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from service.engine.run import Run


class Places:
    """Launches runs as there is room. What waits at the end of the process is left for the next."""

    def __init__(self, launch: Callable[[Run], None], *, most: int, most_waiting: int) -> None:
        self._launch = launch
        self._most = most
        self._most_waiting = most_waiting
        self._taken = 0
        self._waiting: dict[str, Run] = {}
        self._closed = False

    @property
    def waiting(self) -> tuple[str, ...]:
        """The runs that wait, in order."""
        return tuple(self._waiting)

    @property
    def full(self) -> bool:
        """Whether so many wait that no more should."""
        return len(self._waiting) >= self._most_waiting

    def enter(self, run: Run) -> None:
        """Launch a run, or let it wait until others have ended."""
        self._waiting[run.id] = run
        self._fill()

    def hurry(self, id: str) -> None:
        """Launch a run that waits without regard to the others: it is about to be ended."""
        if (run := self._waiting.pop(id, None)) is not None:
            self._launch(run)

    def close(self) -> None:
        """Launch no more."""
        self._closed = True

    def _fill(self) -> None:
        while self._waiting and self._taken < self._most and not self._closed:
            run = self._waiting.pop(next(iter(self._waiting)))
            self._taken += 1
            self._launch(run)
            assert run.task is not None
            run.task.add_done_callback(self._left)

    def _left(self, ended: asyncio.Task[None]) -> None:
        self._taken -= 1
        self._fill()
