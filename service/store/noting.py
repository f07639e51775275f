"""Writes changes down for the audit log, as ones of whoever makes them."""

from __future__ import annotations

import time
from itertools import count
from typing import Protocol

from service.ids import new_id
from service.store.access_records import Actor, AuditEvent, Detail, detailed


class Note(Protocol):
    """Writes one change down. Never give it a secret."""

    def __call__(self, type: str, target: str, /, **details: Detail) -> AuditEvent: ...


def noting(actor: Actor, *, project: str | None, request_id: str = "") -> Note:
    """What writes the changes of one command or request down, each after the one before."""
    moments = count(time.time_ns() // 1_000)

    def note(type: str, target: str, /, **details: Detail) -> AuditEvent:
        return AuditEvent(
            id=new_id("audit"),
            type=type,
            moment=next(moments),
            target=target,
            actor=actor,
            project=project,
            request_id=request_id,
            details=detailed({name: value for name, value in details.items() if value is not None}),
        )

    return note
