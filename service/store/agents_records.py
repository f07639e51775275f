"""What the store keeps of agents that were made over the API."""

from __future__ import annotations

from typing import Literal, TypeAlias

from msgspec import Struct

from specs.agents import Agent

Visibility: TypeAlias = Literal["private", "shared", "public"]
Order: TypeAlias = Literal["asc", "desc"]


class Sharing(Struct, frozen=True, omit_defaults=True):
    """Who sees an agent beside its owner."""

    visibility: Visibility = "private"
    """`private`: nobody else. `shared`: those named here. `public`: every project."""
    projects: tuple[str, ...] = ()
    """Ids or names; its own is named too where every key of it is to see the agent."""
    users: tuple[str, ...] = ()
    """Ids."""


class StoredAgent(Struct, frozen=True, kw_only=True):
    """An agent as it is kept. Times are Unix seconds."""

    agent: Agent
    """With its id, version and time of creation."""
    project: str
    project_name: str = ""
    """As it is called now."""
    owner: str | None = None
    """The user whose it is; None is the whole project."""
    sharing: Sharing = Sharing()
    updated_at: int = 0
    place: int = 0
    """In the order of creation."""


class AgentVersion(Struct, frozen=True):
    """What an agent was from one moment on."""

    agent: Agent
    created_at: int
    created_by: str | None
    """The user or else the key that made it; None where it is the configuration's."""


class AgentUpdate(Struct, frozen=True, kw_only=True):
    """The next version of an agent."""

    agent: Agent
    """Its id says which; its version is the one that was changed: any other is a conflict."""
    project: str
    sharing: Sharing
    by: str
    now: int


class PageAsk(Struct, frozen=True, kw_only=True):
    """A stretch of the agents that may concern a caller: those between two places."""

    project: str
    project_name: str
    user: str | None
    shared: bool = True
    """Whether those of other projects count."""
    low: int
    high: int
    order: Order
    limit: int
