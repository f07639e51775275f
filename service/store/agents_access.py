"""Who sees an agent and who may change it: one policy for look-ups, lists and changes alike."""

from __future__ import annotations

from collections.abc import Collection

from service.settings.model import Directory
from service.store.agents_records import StoredAgent
from service.store.records import KeyRecord
from specs.agents import Agent


def may_see_configured(agent: Agent, key: KeyRecord) -> bool:
    """Whether a key sees an agent of the configuration."""
    if agent.projects is not None and key.project_name not in agent.projects:
        return False
    return _allowed((agent.id, *agent.aliases), key.agents)


def may_see(stored: StoredAgent, key: KeyRecord, directory: Directory) -> bool:
    """Whether a key sees an agent made over the API."""
    agent = stored.agent
    names = (agent.id, *agent.aliases) if stored.project == key.project else (agent.id,)
    if not _allowed(names, key.agents):
        return False
    if is_owner(stored, key):
        return True
    return not directory.private_only and _is_shared_with(stored, key)


def may_change(stored: StoredAgent, key: KeyRecord) -> bool:
    """Whether a key that sees an agent may change it: its owner, or a key that is the project's own."""
    return is_owner(stored, key) or (stored.project == key.project and key.user is None)


def is_owner(stored: StoredAgent, key: KeyRecord) -> bool:
    """Whether an agent is the key's: its user's, or its project's where no user owns it."""
    return stored.project == key.project and stored.owner in (None, key.user)


def is_insider(stored: StoredAgent, key: KeyRecord) -> bool:
    """Whether a key that sees an agent sees all of it: its instructions, versions and sharing too."""
    return stored.project == key.project


def _is_shared_with(stored: StoredAgent, key: KeyRecord) -> bool:
    sharing = stored.sharing
    if sharing.visibility != "shared":
        return sharing.visibility == "public"
    named = key.project in sharing.projects or key.project_name in sharing.projects
    return named or key.user in sharing.users


def _allowed(names: Collection[str], allowed: Collection[str] | None) -> bool:
    return allowed is None or not set(names).isdisjoint(allowed)
