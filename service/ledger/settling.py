"""Writing down what has happened: settlements, voids and ends of runs reach the books exactly once,
at once or, when the database fails just then, as soon as it works again."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial
from typing import TypeVar

import structlog
from msgspec import Struct

from service.store.ports import Books, EndRun, Settle, Settled, VoidHold
from service.store.records import Left
from specs.errors import StoreUnavailable
from specs.usage import Usage

T = TypeVar("T")
S = TypeVar("S")
log = structlog.get_logger()


class Settlement(Struct, frozen=True):
    """What an attempt came to and who paid. `cost` is `charged` + `failed` + `overrun`."""

    usage: Usage
    """As charged: estimated where the provider did not say."""
    cost: int = 0
    charged: int = 0
    """By the key's account."""
    failed: int = 0
    """By the house, for a failed attempt."""
    overrun: int = 0
    """By the house, because neither hold nor account covered it."""
    already: bool = False
    """True when the hold was resolved before: nothing was done."""
    left: Left | None = None
    """What the account has after it."""


OnSettled = Callable[[Settlement], None]


class Settling:
    """Hands orders to the books, and remembers those the books could not take."""

    def __init__(self, books: Books, *, on_settled: OnSettled | None = None) -> None:
        self._books = books
        self._on_settled = on_settled
        self._owed: list[Callable[[], Awaitable[object]]] = []

    @property
    def owed(self) -> int:
        """Orders that wait for the database to work again."""
        return len(self._owed)

    def settle(self, order: Settle) -> asyncio.Future[Settlement]:
        """Settle now; a failed write is made up for later, whoever waits here gets the failure."""
        again = partial(self.settle, order)
        return self._write(self._books.settle(order), partial(self._settled, order), again=again)

    def void(self, order: VoidHold) -> asyncio.Future[bool]:
        """Give a hold back; made up for later when the write fails."""
        return self._write(self._books.void(order), _same, again=partial(self.void, order))

    def settle_nothing(self, order: VoidHold) -> asyncio.Future[Settlement]:
        """Give a hold back, told as the settlement of nothing."""
        return _then(self.void(order), lambda done: Settlement(Usage(), already=not done))

    def void_later(self, order: VoidHold) -> None:
        """Give back, at the next chance, a hold that may or may not have been written."""
        self._owed.append(partial(self.void, order))

    def end_run(self, order: EndRun) -> asyncio.Future[bool]:
        """End a run; made up for later when the write fails."""
        return self._write(self._books.end_run(order), _same, again=partial(self.end_run, order))

    async def make_up(self) -> None:
        """Try again what could not be written, in its order; what fails again stays owed."""
        owed, self._owed = self._owed, []
        await asyncio.gather(*(retry() for retry in owed), return_exceptions=True)

    def _write(
        self, enqueued: Awaitable[T], change: Callable[[T], S], *, again: Callable[[], Awaitable[object]]
    ) -> asyncio.Future[S]:
        """Follow a write to its end, whatever becomes of those who wait for its changed result."""

        def remember(error: BaseException) -> None:
            if isinstance(error, StoreUnavailable):
                log.error("ledger_write_owed", owed=len(self._owed) + 1)
                self._owed.append(again)

        return _then(asyncio.ensure_future(enqueued), change, failed=remember)

    def _settled(self, order: Settle, settled: Settled) -> Settlement:
        settlement = Settlement(
            order.usage,
            settled.cost,
            settled.charged,
            settled.failed,
            settled.overrun,
            settled.already,
            settled.left,
        )
        where = {"run": order.run, "step": order.step, "attempt": order.attempt}
        if settled.already:
            log.warning("ledger_settled_twice", **where)
        elif settled.overrun:
            log.error("ledger_overrun", **where, cost=settled.cost, overrun=settled.overrun)
        if self._on_settled is not None and not settled.already:
            self._on_settled(settlement)
        return settlement


def _same(value: T) -> T:
    return value


def _then(
    first: asyncio.Future[T], change: Callable[[T], S], *, failed: Callable[[BaseException], object] = _same
) -> asyncio.Future[S]:
    """A future of the changed result, whose cancellation does not reach the first."""
    second: asyncio.Future[S] = first.get_loop().create_future()

    def pass_on(done: asyncio.Future[T]) -> None:
        error = None if done.cancelled() else done.exception()
        if done.cancelled():
            second.cancel()
        elif error is None:
            result = change(done.result())
            if not second.done():
                second.set_result(result)
        else:
            failed(error)
            if not second.done():
                second.set_exception(error)
                second.exception()  # it has been logged; nobody has to fetch it

    first.add_done_callback(pass_on)
    return second
