"""The audit log: one row for each administrative change, written in the transaction of the change."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import Any

import msgspec

from service.store.access_records import MICROSECONDS, Actor, AuditEvent, AuditQuery, Page
from service.store.reader import Reader
from service.store.statements import sql
from service.store.writer import Connection, Writer
from specs.errors import NotFound

_SQL = sql("audit")
_READ_AT_ONCE = 500
"""Rows looked at together; most pass the filter, or the answer is far away."""


def write_audit(connection: Connection, event: AuditEvent) -> None:
    """Write a change down, within the command that makes it."""
    actor = event.actor
    connection.execute(
        _SQL["add"],
        {
            "id": event.id,
            "type": event.type,
            "moment": event.moment,
            "project": event.project,
            "target": event.target,
            "actor_kind": actor.kind,
            "actor_key": actor.key,
            "actor_user": actor.user,
            "actor_email": actor.email,
            "actor_service_account": actor.service_account,
            "request_id": event.request_id,
            "details": bytes(event.details).decode(),
        },
    )


class SqlAuditLog:
    """Reads what was written down, and writes what is no part of another command."""

    def __init__(self, writer: Writer, reader: Reader) -> None:
        self._writer = writer
        self._reader = reader

    async def record(self, event: AuditEvent) -> None:
        """Write down a change that has no command of its own."""
        await self._writer.submit(lambda connection: write_audit(connection, event))

    async def page(
        self, query: AuditQuery, *, limit: int, after: str | None = None, before: str | None = None
    ) -> Page[AuditEvent]:
        """The newest changes that fit, those older than `after`, or the nearest newer than `before`.

        Raises NotFound where `after` or `before` is no change.
        """
        found: list[AuditEvent] = []
        async for event in self._walk(query, after=after, before=before):
            found.append(event)
            if len(found) > limit:
                break
        kept = found[:limit]
        return Page(tuple(kept if before is None else reversed(kept)), len(found) > limit)

    async def every(self, query: AuditQuery) -> AsyncIterator[AuditEvent]:
        """Every change that fits, newest first."""
        async for event in self._walk(query, after=None, before=None):
            yield event

    async def _walk(
        self, query: AuditQuery, *, after: str | None, before: str | None
    ) -> AsyncIterator[AuditEvent]:
        at, id = await self._start(after, before)
        statement = _SQL["before" if before is None else "after"]
        while True:
            place = {"at": at, "id": id, "limit": _READ_AT_ONCE}
            span = {"since": query.since * MICROSECONDS, "until": query.until * MICROSECONDS}
            rows = await self._reader.rows(statement, {**span, **place})
            for event in map(_row_to_event, rows):
                if _fits(event, query):
                    yield event
            if len(rows) < _READ_AT_ONCE:
                return
            id, at = rows[-1][0], rows[-1][2]

    async def _start(self, after: str | None, before: str | None) -> tuple[int, str]:
        id = after if before is None else before
        if id is None:
            return 2**62, ""
        found = await self._reader.row(_SQL["by_id"], {"id": id})
        if found is None:
            param = "after" if before is None else "before"
            raise NotFound(f"{param}: there is no audit log {id[:80]!r}.", param=param)
        return found[2], found[0]


def _fits(event: AuditEvent, query: AuditQuery) -> bool:
    actor = event.actor
    return (
        (not query.types or event.type in query.types)
        and (not query.projects or event.project in query.projects)
        and (not query.targets or event.target in query.targets)
        and (not query.emails or actor.email in query.emails)
        and (not query.actors or not {actor.key, actor.user, actor.service_account}.isdisjoint(query.actors))
    )


def _row_to_event(values: Sequence[Any]) -> AuditEvent:
    id, type, moment, target, kind, key, user, email, service_account, project, request_id, details = values
    actor = Actor(kind, key, user, email, service_account)
    return AuditEvent(id, type, moment, target, actor, project, request_id, msgspec.Raw(details.encode()))
