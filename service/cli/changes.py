"""How a command writes a change down in the audit log: it was the operator, on the machine."""

from __future__ import annotations

from service.store.access_records import OPERATOR, AuditEvent, Detail
from service.store.noting import noting


def change(type: str, target: str, *, project: str | None = None, **details: Detail) -> AuditEvent:
    """A change that a command makes. Never give it a secret."""
    return noting(OPERATOR, project=project)(type, target, **details)
