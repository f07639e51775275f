"""How a command writes a change down in the audit log: it was the operator, on the machine."""

from __future__ import annotations

import time

from service.ids import new_id
from service.store.access_records import OPERATOR, AuditEvent, Detail, detailed


def change(type: str, target: str, *, project: str | None = None, **details: Detail) -> AuditEvent:
    """A change that a command makes. Never give it a secret."""
    return AuditEvent(
        id=new_id("audit"),
        type=type,
        moment=time.time_ns() // 1_000,
        target=target,
        actor=OPERATOR,
        project=project,
        details=detailed({name: value for name, value in details.items() if value is not None}),
    )
