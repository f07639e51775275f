"""Runs in the background, and their logs, as they are stored."""

from __future__ import annotations

from collections.abc import Awaitable, Sequence

import msgspec

from service.store.background_ports import Claimed, Finish, LogPiece, Submit
from service.store.reader import Reader
from service.store.responses import keep_turns
from service.store.settlements import end_runs
from service.store.statements import sql
from service.store.usage_rows import row_to_usage
from service.store.writer import Connection, Writer, row, rows
from specs.events import Event, decode_events, encode_events
from specs.usage import Usage, add_usages

_SQL = sql("background")
_RESPONSES = sql("responses")
BATCH_EVENTS = 250
"""Events of one row: as many as are decoded without anybody noticing."""
READ_ROWS = 4


class SqlBackground:
    """See `service.store.background_ports.BackgroundRuns`."""

    def __init__(self, writer: Writer, reader: Reader) -> None:
        self._writer = writer
        self._reader = reader

    def submit(self, order: Submit) -> Awaitable[None]:
        """Write down a run, its response and the beginning of its log."""
        values = {
            "run": order.run,
            "response": order.turn.id,
            "project": order.project,
            "job": order.job,
            "owner": order.owner,
            "lease_until": order.lease_until,
            "now": order.now,
        }

        def command(connection: Connection) -> None:
            keep_turns(connection, [order.turn])
            connection.execute(_SQL["submit"], values)
            _append(connection, order.run, 1, order.events)

        return self._writer.submit(command)

    def start(self, run: str, fence: int, events: Sequence[Event]) -> Awaitable[bool]:
        """Mark a run as under way and add these events; False where it is not to be started."""

        def command(connection: Connection) -> bool:
            if row(connection, _SQL["start"], {"run": run, "fence": fence}) is None:
                return False
            connection.execute(_SQL["show_started"], {"run": run})
            return _append(connection, run, fence, events)

        return self._writer.insist(command)

    def append(self, run: str, fence: int, events: Sequence[Event]) -> Awaitable[bool]:
        """Add to a run's log."""
        return self._writer.insist(lambda connection: _append(connection, run, fence, events))

    def finish(self, order: Finish) -> Awaitable[bool]:
        """End a run in the books, its response and its log at once."""
        values = {"run": order.run, "fence": order.fence, "now": order.end.now}

        def command(connection: Connection) -> bool:
            if not _append(connection, order.run, order.fence, order.events):
                return False
            row(connection, _SQL["end"], values)
            end_runs(connection, [order.end])
            keep_turns(connection, [order.turn])
            return True

        return self._writer.insist(command)

    def ask_cancel(self, run: str) -> Awaitable[bool]:
        """Note, for whichever process has it, that a run is wanted no more; False when it has ended."""
        return self._writer.insist(
            lambda connection: row(connection, _SQL["ask_cancel"], {"run": run}) is not None
        )

    async def unwanted(self, owner: str) -> list[str]:
        """The runs of a process that their callers want no more."""
        return [run for (run,) in await self._reader.rows(_SQL["unwanted"], {"owner": owner})]

    def renew(self, owner: str, runs: Sequence[str], *, lease_until: int) -> Awaitable[None]:
        """Keep these runs of a process alive."""
        named = msgspec.json.encode(runs).decode()
        return self._do("renew", {"owner": owner, "runs": named, "lease_until": lease_until})

    def expire_others(self, owner: str) -> Awaitable[None]:
        """Let the leases of every other process run out. Only for one that knows it is alone."""
        return self._do("expire_others", {"owner": owner})

    def claim_next(self, owner: str, *, now: int, lease_until: int) -> Awaitable[Claimed | None]:
        """Claim the oldest run whose lease ran out."""
        values = {"owner": owner, "now": now, "lease_until": lease_until}

        def command(connection: Connection) -> Claimed | None:
            found = row(connection, _SQL["claim_next"], values)
            if found is None:
                return None
            run, project, fence, cancelled, job, called = found
            return Claimed(run, project, fence, bool(cancelled), job, bool(called))

        return self._writer.insist(command)

    def clear(self, run: str, fence: int, events: Sequence[Event]) -> Awaitable[bool]:
        """Begin a run's log anew with these events: nothing of it has happened yet."""

        def command(connection: Connection) -> bool:
            connection.execute(_SQL["clear_log"], {"run": run})
            return _append(connection, run, fence, events)

        return self._writer.insist(command)

    async def state(self, project: str, response: str) -> tuple[str, str] | None:
        """The run of a response and its state; None where it has no log."""
        return await self._reader.row(_SQL["state"], {"project": project, "response": response})

    async def read(self, run: str, start: int) -> LogPiece:
        """Read a log from an event on, as much as is decoded in one go.

        `start` is 0 or the `next` of another piece: rows are read whole.
        """
        values = {"run": run, "from": start, "limit": READ_ROWS}
        events: list[Event] = []
        for sequence, size, payload in await self._reader.rows(_SQL["read"], values):
            events += decode_events(payload.encode())
            start = sequence + size
        return LogPiece(events, start)

    async def goes_on(self, run: str) -> bool:
        """Whether more may come of a run."""
        return await self._reader.row(_SQL["goes_on"], {"run": run}) is not None

    async def usage(self, run: str) -> Usage:
        """What the attempts of a run were charged for."""
        return add_usages(map(row_to_usage, await self._reader.rows(_RESPONSES["usage"], {"run": run})))

    def expire(self, *, before: int, limit: int) -> Awaitable[int]:
        """Forget the logs of runs that ended before then, at most `limit`; returns how many."""

        def command(connection: Connection) -> int:
            gone = rows(connection, _SQL["expire"], {"before": before, "limit": limit})
            for (run,) in gone:
                connection.execute(_SQL["clear_log"], {"run": run})
            return len(gone)

        return self._writer.submit(command)

    def _do(self, name: str, values: dict[str, object]) -> Awaitable[None]:
        def command(connection: Connection) -> None:
            connection.execute(_SQL[name], values)

        return self._writer.insist(command)


def _append(connection: Connection, run: str, fence: int, events: Sequence[Event]) -> bool:
    """Add to a log within a command; False where the claim is no longer ours."""
    for start in range(0, len(events), BATCH_EVENTS):
        batch = list(events[start : start + BATCH_EVENTS])
        payload = encode_events(batch).decode()
        values = {"run": run, "fence": fence, "size": len(batch), "payload": payload}
        if row(connection, _SQL["append"], values) is None:
            return False
    return True
