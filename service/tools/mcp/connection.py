"""A connection that is opened when it is first needed, and opened anew after it was lost.

What the protocol's library opens has to be entered and left in one task: each connection has one of its
own. It ends within `GRACE_SECONDS` once it is to end, whoever waits for that.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from typing import TYPE_CHECKING, Protocol, TypeAlias

import anyio
import structlog
from msgspec import Struct

from service.tools.mcp.failures import SILENT, McpFailure
from service.tools.sampler import Question, Reply

if TYPE_CHECKING:
    from service.tools.mcp.session import Session

GRACE_SECONDS = 3.0
"""How long a server may take to be told good-bye."""

log = structlog.get_logger()


Ask: TypeAlias = Callable[[Question], Awaitable[Reply]]
"""Has a question of a server's answered. Raises McpFailure where that is refused."""


class Heard(Struct, frozen=True):
    """Who wants to know what of a connection."""

    changed: Callable[[], object]
    """The server offers other tools now."""
    lost: Callable[[], object]
    """It can be used no longer."""
    asks: Ask | None = None
    """The server asks a model; None refuses that."""


class Opening(Protocol):
    """Opens a connection; `lost` is called when it can be used no longer."""

    def __call__(self, lost: Callable[[], object]) -> AbstractAsyncContextManager[Session]: ...


class Connection:
    """See the module. `label` is for logs."""

    def __init__(self, opening: Opening, *, label: str, seconds: float) -> None:
        self._opening = opening
        self._label = label
        self._seconds = seconds
        self._held: _Held | None = None
        self._closed = False

    @property
    def ended(self) -> bool:
        """Whether nothing is left of it."""
        return self._held is None or self._held.done

    async def session(self) -> Session:
        """The session, opened where there is none. Raises McpFailure."""
        if self._closed:
            raise McpFailure("The run has ended.")
        if self._held is None or self._held.ended:
            self._held = _Held(self._opening, label=self._label, seconds=self._seconds)
        return await self._held.session()

    def drop(self, session: Session) -> None:
        """This session was lost: the next to need one opens another."""
        if self._held is not None and self._held.holds(session):
            self._held.end()

    def end(self) -> None:
        """End it, for good. It does so by itself; `wait` returns when it has."""
        self._closed = True
        if self._held is not None:
            self._held.end()

    async def wait(self) -> None:
        """Return when it has ended."""
        if self._held is not None:
            await self._held.wait()


class _Held:
    """One session, held open by a task."""

    def __init__(self, opening: Opening, *, label: str, seconds: float) -> None:
        self._opening = opening
        self._label = label
        self._seconds = seconds
        self._opened: asyncio.Future[Session] = asyncio.get_running_loop().create_future()
        self._ending = asyncio.Event()
        self._scope = anyio.CancelScope()
        self._task = asyncio.create_task(self._hold(), name=f"mcp {label}")
        _TASKS.add(self._task)
        self._task.add_done_callback(_forget)

    @property
    def done(self) -> bool:
        """Whether nothing is left of it."""
        return self._task.done()

    @property
    def ended(self) -> bool:
        """Whether it can be used no longer."""
        return self._ending.is_set() or self._task.done()

    async def session(self) -> Session:
        """The session, once it is open. Raises McpFailure."""
        return await asyncio.shield(self._opened)

    def holds(self, session: Session) -> bool:
        """Whether this is its session."""
        opened = self._opened
        return opened.done() and opened.exception() is None and opened.result() is session

    def end(self) -> None:
        """Begin to end."""
        if not self._ending.is_set():
            self._ending.set()
            self._scope.deadline = min(self._scope.deadline, anyio.current_time() + GRACE_SECONDS)
            if not self._opened.done():
                self._scope.cancel()

    def _lost(self) -> None:
        # While it is being opened, how that fails says more.
        if self._opened.done() and not self._ending.is_set():
            log.warning("mcp_connection_lost", server=self._label)
            self.end()

    async def wait(self) -> None:
        """Return when it has ended; it does so as well where nobody waits."""
        await asyncio.wait([self._task])

    async def _hold(self) -> None:
        failure: McpFailure | None = None
        try:
            with self._scope:
                self._scope.deadline = anyio.current_time() + self._seconds
                async with self._opening(self._lost) as session:
                    self._scope.deadline = float("inf")
                    self._opened.set_result(session)
                    await self._ending.wait()
        except McpFailure as error:
            failure = error
        except Exception as error:  # what ends a connection, a hostile server chooses
            log.info("mcp_connection_ended", server=self._label, error=type(error).__name__)
        finally:
            self._ending.set()
            if not self._opened.done():
                self._opened.set_exception(failure or McpFailure(SILENT))
                self._opened.exception()  # where nobody asks any more


_TASKS: set[asyncio.Task[None]] = set()
"""Keeps them from being collected while they end."""


def _forget(task: asyncio.Task[None]) -> None:
    _TASKS.discard(task)
    if not task.cancelled():
        task.exception()  # a group of failures with a cancellation in it; there is nobody to tell
