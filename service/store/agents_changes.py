"""Changes of agents as the audit log tells them: who sees an agent, and what became of it."""

from __future__ import annotations

from collections.abc import Sequence

from service.store.access_records import AuditEvent, Detail
from service.store.agents_records import Sharing, StoredAgent
from service.store.noting import Note
from specs.agents import Agent


def creation(agent: Agent, sharing: Sharing, note: Note) -> Sequence[AuditEvent]:
    """That an agent was made."""
    return (note("agent.created", agent.id, name=agent.name, model=agent.model, **_shown(sharing)),)


def changes(
    before: StoredAgent, agent: Agent, sharing: Sharing, note: Note, *, restored: int | None = None
) -> Sequence[AuditEvent]:
    """What is another about an agent: what it is, who sees it, or both; `restored` is the version that it
    went back to."""
    found: list[AuditEvent] = []
    version = before.agent.version + 1
    if restored is not None:
        found.append(note("agent.restored", agent.id, version=version, restored=restored))
    elif agent != before.agent:
        found.append(note("agent.updated", agent.id, version=version))
    if sharing != before.sharing:
        found.append(note("agent.shared", agent.id, version=version, **_shown(sharing)))
    return found


def _shown(sharing: Sharing) -> dict[str, Detail]:
    return {
        "visibility": sharing.visibility,
        "projects": sharing.projects or None,
        "users": sharing.users or None,
    }
