"""How a batch of the writer is run: what there is to do, in which order, and what a failure undoes.

What every request writes comes as orders of some `Kind`: those of one kind in a batch are carried out
together, in few statements (`service.store.repeated`). Everything else is a command, run by itself.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from itertools import accumulate, groupby
from operator import attrgetter, itemgetter
from typing import Any, Generic, TypeAlias, TypeVar

import structlog
from msgspec import Struct

from service.store.connection import Connection
from service.store.driver import Driver

T = TypeVar("T")
Order = TypeVar("Order")
Command: TypeAlias = Callable[[Connection], T]

log = structlog.get_logger()


class Kind(Struct, Generic[Order, T], frozen=True, eq=False):
    """Orders that are carried out together, those of a batch that no command stands between.

    Where one of them fails, each is carried out by itself, so that the others are not harmed.
    """

    carry_out: Callable[[Connection, Sequence[Order]], Sequence[T]]
    """Returns the outcome of each, in their order."""
    turn: int
    """From 1; kinds of a lower turn go first, whatever was submitted first."""


def _in_order(connection: Connection, commands: Sequence[Command[Any]]) -> list[Any]:
    return [command(connection) for command in commands]


COMMANDS: Kind[Command[Any], Any] = Kind(_in_order, turn=0)
"""Work that is done in the order it was submitted in."""


class Job(Generic[Order, T]):
    """An order, and who waits for its outcome."""

    __slots__ = ("future", "kind", "order")

    def __init__(self, kind: Kind[Order, T], order: Order, future: asyncio.Future[T]) -> None:
        self.kind = kind
        self.order = order
        self.future = future


_kind = attrgetter("kind")


class Failed:
    """The outcome of an order that raised."""

    __slots__ = ("error",)

    def __init__(self, error: Exception) -> None:
        self.error = error


class TransactionLost(Exception):
    """The database rolled the whole batch back."""


def arranged(batch: Sequence[Job[Any, Any]]) -> list[Job[Any, Any]]:
    """A batch with orders of one kind side by side; nothing goes past a command."""
    commands = accumulate(job.kind is COMMANDS for job in batch)
    placed = zip(commands, (job.kind.turn for job in batch), batch, strict=True)
    return [job for *_, job in sorted(placed, key=itemgetter(0, 1))]


def run_batch(connection: Connection, batch: Sequence[Job[Any, Any]], driver: Driver) -> list[Any]:
    """Run the commands plainly; when one raises, undo them all and give each a savepoint.

    Hardly any raises (a refused hold returns), and savepoints are two statements more a command.
    """
    try:
        outcomes: list[Any] = []
        for kind, jobs in groupby(batch, _kind):
            outcomes += kind.carry_out(connection, [job.order for job in jobs])
        return outcomes
    except Exception as error:  # whatever it is, `_run_alone` meets it again and says whose it is
        if not connection.in_transaction:
            raise TransactionLost from error
    connection.execute("rollback")
    connection.execute("begin immediate")
    return [_run_alone(connection, job, driver) for job in batch]


def _run_alone(connection: Connection, job: Job[Any, Any], driver: Driver) -> Any:
    """Run one command so that its failure leaves the others of the batch intact."""
    connection.execute("savepoint command")
    try:
        (result,) = job.kind.carry_out(connection, [job.order])
    except driver.errors as error:
        if not connection.in_transaction:
            raise TransactionLost from error
        _undo(connection)
        log.warning("store_command_failed", error=driver.name(error))
        return Failed(driver.failure(error))
    except Exception as error:  # the edge of the thread: the caller gets it, the writer goes on
        _undo(connection)
        return Failed(error)
    connection.execute("release command")
    return result


def _undo(connection: Connection) -> None:
    connection.execute("rollback to command")
    connection.execute("release command")


def answer(batch: Sequence[Job[Any, Any]], outcomes: Sequence[Any]) -> None:
    """Give each who waits the outcome. Runs on the event loop."""
    for job, outcome in zip(batch, outcomes, strict=True):
        if job.future.done():
            continue
        if type(outcome) is Failed:
            job.future.set_exception(outcome.error)
        else:
            job.future.set_result(outcome)
