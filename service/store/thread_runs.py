"""The runs on threads, as they are found, and ended where no leg of theirs does it."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Literal

from msgspec import structs

from service.store.reader import Reader
from service.store.statements import sql
from service.store.thread_legs import put_step, unlock
from service.store.thread_ports import Due, Listed, Stretch
from service.store.thread_rows import (
    bounds_of,
    ends_of,
    read_step,
    read_usage,
    row_to_run,
    statement_of,
    text_of,
)
from service.store.threads import listed
from service.store.writer import Connection, Writer, row, rows
from specs.errors import Failure
from specs.threads import Step, StepStatus, ThreadRun
from specs.usage import Usage, add_usages

_SQL = sql("thread_runs")


class SqlThreadRuns:
    """See `service.store.thread_ports.ThreadRuns`."""

    def __init__(self, writer: Writer, reader: Reader) -> None:
        self._writer = writer
        self._reader = reader

    async def get(self, project: str, thread: str, id: str) -> ThreadRun | None:
        """Find a run."""
        values = {"project": project, "thread": thread, "id": id}
        found = await self._reader.row(_SQL["by_id"], values)
        return row_to_run(found, await self._usage(id)) if found else None

    async def going(self, project: str, thread: str) -> ThreadRun | None:
        """The run of a thread whose leg goes on."""
        found = await self._reader.row(_SQL["going"], {"project": project, "thread": thread})
        return row_to_run(found, await self._usage(found[0])) if found else None

    async def describe(self, project: str, thread: str, id: str, metadata: dict[str, str]) -> bool:
        """Replace a run's metadata."""
        values = {"project": project, "thread": thread, "id": id, "metadata": text_of(metadata)}
        found = await self._writer.submit(lambda connection: row(connection, _SQL["describe"], values))
        return found is not None

    async def page(self, project: str, thread: str, ask: Stretch) -> Listed[ThreadRun] | None:
        """Some runs of a thread; None where the place is that of none."""
        ends = ends_of(ask)
        after = ends[0] if ask.after is None else await self._place(project, thread, ask.after)
        before = ends[1] if ask.before is None else await self._place(project, thread, ask.before)
        if after is None or before is None:
            return None
        low, high = bounds_of(ask, after, before)
        statement, turned = statement_of(ask)
        values = {"project": project, "thread": thread, "low": low, "high": high, "limit": ask.limit + 1}
        found = await self._reader.rows(_SQL[statement], values)
        return listed([row_to_run(each, await self._usage(each[0])) for each in found], ask, turned=turned)

    async def steps(self, run: str) -> tuple[Step, ...]:
        """What was written down of a run's steps, in order."""
        return tuple(
            read_step(payload) for (payload,) in await self._reader.rows(_SQL["steps"], {"run": run})
        )

    async def ask_cancel(self, project: str, thread: str, id: str) -> str | None:
        """Want a run no more whose leg goes on; the leg, or None where it is not so."""
        values = {"project": project, "thread": thread, "id": id}
        found = await self._writer.submit(lambda connection: row(connection, _SQL["ask_cancel"], values))
        return found[0] if found else None

    def end_waiting(self, id: str, status: Literal["cancelled", "expired"], *, now: int) -> Awaitable[bool]:
        """End a run that waits for its caller; False where it does not."""

        def command(connection: Connection) -> bool:
            found = row(connection, _SQL["end_waiting"], {"id": id, "status": status, "now": now})
            if found is None:
                return False
            _end_steps(connection, id, status, now=now)
            unlock(connection, found[0])
            return True

        return self._writer.submit(command)

    async def due(self, *, now: int, limit: int) -> list[Due]:
        """Runs whose time is over."""
        return [Due(*each) for each in await self._reader.rows(_SQL["due"], {"now": now, "limit": limit})]

    async def lost(self, *, before: int, limit: int) -> list[tuple[str, str]]:
        """Runs made before then whose leg is gone without having told them: (run, leg)."""
        found = await self._reader.rows(_SQL["lost"], {"before": before, "limit": limit})
        return [(run, leg) for run, leg in found]

    def give_up(self, id: str, leg: str, error: Failure, *, now: int) -> Awaitable[bool]:
        """End a run whose leg is gone."""
        values = {"id": id, "leg": leg, "error": text_of(error), "now": now}

        def command(connection: Connection) -> bool:
            found = row(connection, _SQL["give_up"], values)
            if found is not None:
                unlock(connection, found[0])
            return found is not None

        return self._writer.submit(command)

    async def _place(self, project: str, thread: str, id: str) -> int | None:
        found = await self._reader.row(_SQL["place"], {"project": project, "thread": thread, "id": id})
        return found[0] if found else None

    async def _usage(self, run: str) -> Usage:
        found = await self._reader.rows(_SQL["usages"], {"id": run})
        return add_usages(read_usage(usage) for (usage,) in found)


def _end_steps(connection: Connection, run: str, status: StepStatus, *, now: int) -> None:
    """End the step whose calls will not be answered."""
    for number, (payload,) in enumerate(rows(connection, _SQL["steps"], {"run": run})):
        step = read_step(payload)
        if step.status == "in_progress":
            put_step(connection, run, number, structs.replace(step, status=status, ended_at=now))
