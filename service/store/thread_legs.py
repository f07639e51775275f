"""The legs of runs on threads, as the writer keeps them. Each function runs inside one command, beside
what the engine writes of the same run: a leg and its thread never tell different stories."""

from __future__ import annotations

from service.store.conversations import append, release
from service.store.statements import sql
from service.store.thread_ports import LegEnding, LegOrder, ThreadChanged
from service.store.thread_rows import run_to_row, text_of
from service.store.threads import add_messages, put_messages
from service.store.writer import Connection, row
from specs.errors import Conflict, InvalidRequest, NotFound
from specs.items import FunctionCall
from specs.threads import Leg, Step, ThreadRun

LOCK_SECONDS = 3600
"""How long other APIs are kept out of a thread after its run's time is over, should the run never be
told to have ended."""

_RUNS = sql("thread_runs")
_CONVERSATIONS = sql("conversations")


def keep_leg(connection: Connection, order: LegOrder) -> None:
    """Write down how a leg begins, or how it ended."""
    if isinstance(order, LegEnding):
        _end(connection, order)
    elif order.opens:
        _open(connection, order)
    else:
        _go_on(connection, order)


def require_idle(connection: Connection, project: str, thread: str, *, now: int) -> bool:
    """Whether there is such a thread. Raises InvalidRequest while a run is active on it, Conflict while
    another API writes to it."""
    standing = row(connection, _CONVERSATIONS["standing"], {"id": thread, "project": project, "now": now})
    if standing is None:
        return False
    active = row(connection, _RUNS["active"], {"thread": thread})
    if active is not None:
        raise InvalidRequest(
            f"Can't add messages to {thread} while a run {active[0]} is active.", param="thread_id"
        )
    if standing[1]:
        raise busy()
    return True


def busy() -> Conflict:
    """Another API writes to this thread."""
    return Conflict("Another response is being written to this thread.", param="thread_id", retry_after=1)


def unlock(connection: Connection, thread: str) -> None:
    """Let other APIs write to a thread again."""
    release(connection, thread, run=thread)


def put_step(connection: Connection, run: str, number: int, step: Step) -> None:
    """Note a step, or how it stands now."""
    values = {"run": run, "number": number, "id": step.id, "payload": text_of(step)}
    connection.execute(_RUNS["put_step"], values)


def _open(connection: Connection, leg: Leg) -> None:
    run = leg.run
    values = {"id": run.thread, "project": run.project, "now": run.created_at}
    standing = row(connection, _CONVERSATIONS["standing"], values)
    if standing is None:
        raise NotFound(f"No thread found with id {run.thread[:80]!r}.", param="thread_id")
    if row(connection, _RUNS["open"], run_to_row(run) | {"upto": leg.upto}) is None:
        raise _cannot_open(connection, run)
    if standing[1]:
        raise busy()
    lock = {"id": run.thread, "run": run.thread, "until": run.expires_at + LOCK_SECONDS}
    connection.execute(_CONVERSATIONS["lock"], lock)
    connection.execute(_RUNS["put_leg"], {"run": run.id, "number": run.legs, "leg": run.leg})
    add_messages(connection, run.project, run.thread, leg.messages, now=run.created_at)


def _cannot_open(connection: Connection, run: ThreadRun) -> Exception:
    active = row(connection, _RUNS["active"], {"thread": run.thread})
    if active is None:
        return ThreadChanged()
    return InvalidRequest(f"Thread {run.thread} already has an active run {active[0]}.", param="thread_id")


def _go_on(connection: Connection, leg: Leg) -> None:
    run = leg.run
    calls = {item.call_id for item in leg.results if isinstance(item, FunctionCall)}
    before = row(connection, _RUNS["go_on"], run_to_row(run) | {"before": leg.answers})
    if before is None:
        raise InvalidRequest(
            f"The run {run.id} does not wait for tool outputs any more ({len(calls)} were given).",
            param="run_id",
        )
    connection.execute(_RUNS["put_leg"], {"run": run.id, "number": run.legs, "leg": run.leg})
    append(connection, run.project, run.thread, leg.results, now=run.created_at)
    if leg.answered is not None:
        values = {"run": run.id, "id": leg.answered.id}
        (number,) = row(connection, _RUNS["step_place"], values)
        put_step(connection, run.id, number, leg.answered)


def _end(connection: Connection, ending: LegEnding) -> None:
    run = ending.run
    if row(connection, _RUNS["stand"], run_to_row(run)) is None:
        return
    connection.execute(_RUNS["end_leg"], {"leg": run.leg, "usage": ending.usage})
    at = run.ended_at or run.created_at
    append(connection, run.project, run.thread, ending.items, now=at)
    put_messages(connection, run.project, ending.messages)
    (number,) = row(connection, _RUNS["next_step"], {"run": run.id})
    for place, step in enumerate(ending.steps, number):
        put_step(connection, run.id, place, step)
    if run.ended_at is not None:
        unlock(connection, run.thread)
