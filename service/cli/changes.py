"""How a command writes a change down in the audit log: it was the operator, on the machine."""

from __future__ import annotations

import time
from itertools import count

from service.ids import new_id
from service.store.access_records import OPERATOR, AuditEvent, Detail, detailed
from service.store.agents_changes import Note


def noting(project: str | None = None) -> Note:
    """What writes the changes of a command down, one after the other. Never give it a secret."""
    moments = count(time.time_ns() // 1_000)

    def note(type: str, target: str, /, **details: Detail) -> AuditEvent:
        return AuditEvent(
            id=new_id("audit"),
            type=type,
            moment=next(moments),
            target=target,
            actor=OPERATOR,
            project=project,
            details=detailed({name: value for name, value in details.items() if value is not None}),
        )

    return note


def change(type: str, target: str, *, project: str | None = None, **details: Detail) -> AuditEvent:
    """A change that a command makes. Never give it a secret."""
    return noting(project)(type, target, **details)
