"""An agent as it is shown to one who sees it."""

from __future__ import annotations

from typing import Literal

from msgspec import Raw, UnsetType, structs

from service.dialects.agents.tools import resources_to_wire, tool_to_wire
from service.store.agents_records import Sharing, StoredAgent
from specs.agents import Agent, Limits
from specs.money import format_usd
from specs.openai import agent_objects as objects
from specs.openai import agents as wire
from specs.requests import ResponseFormat

_EMPTY = Raw(b"{}")
Showing = Literal["whole", "outside"]
"""`outside` leaves out what is its owner's alone."""


def agent_to_wire(
    agent: Agent, stored: StoredAgent | None, *, showing: Showing, read_only: bool
) -> objects.AgentObject:
    """An agent, or one of its versions; `stored` is None where it is the configuration's."""
    settings = agent.settings
    sharing = None if stored is None else _sharing(stored.sharing)
    shown = objects.AgentObject(
        id=agent.id,
        created_at=agent.created_at,
        updated_at=agent.created_at if stored is None else stored.updated_at,
        version=agent.version,
        name=agent.name,
        description=agent.description,
        model=agent.model,
        fallbacks=agent.fallbacks,
        instructions=agent.instructions,
        tools=tuple(tool_to_wire(tool, inside=showing == "whole") for tool in agent.tools),
        tool_resources=resources_to_wire(agent.tool_resources),
        metadata=agent.metadata,
        reasoning=wire.AgentReasoning(settings.reasoning_effort, settings.reasoning_summary),
        text=objects.TextShown(_format(settings.response_format), settings.verbosity or "medium"),
        service_tier=settings.service_tier or "auto",
        temperature=settings.temperature,
        top_p=settings.top_p,
        presence_penalty=settings.presence_penalty,
        frequency_penalty=settings.frequency_penalty,
        max_output_tokens=settings.max_output_tokens,
        stop=settings.stop,
        parallel_tool_calls=settings.parallel_tool_calls,
        aliases=agent.aliases,
        limits=_limits(agent.limits),
        overrides=agent.overrides,
        on_disconnect=agent.on_disconnect,
        sharing=sharing,
        owner=None if stored is None else stored.owner,
        source="configuration" if stored is None else "api",
        read_only=read_only,
    )
    return shown if showing == "whole" else _from_outside(shown)


def _from_outside(shown: objects.AgentObject) -> objects.AgentObject:
    return structs.replace(
        shown,
        instructions=None,
        tool_resources=None,
        metadata={},
        aliases=shown.aliases if shown.source == "configuration" else (),
        sharing=None,
        owner=None,
    )


def _format(wanted: ResponseFormat | None) -> wire.Format:
    kind = "text" if wanted is None else wanted.kind
    if wanted is None or kind == "text":
        return wire.PlainFormat()
    if kind == "json_object":
        return wire.ObjectFormat()
    return wire.SchemaFormat(
        _EMPTY if isinstance(wanted.schema, UnsetType) else wanted.schema,
        wanted.name or "answer",
        wanted.description,
        wanted.strict,
    )


def _limits(limits: Limits) -> objects.LimitsShown:
    return objects.LimitsShown(
        limits.max_output_tokens,
        None if limits.max_cost is None else format_usd(limits.max_cost),
        limits.max_steps,
        limits.max_tool_calls,
        limits.max_seconds,
    )


def _sharing(sharing: Sharing) -> wire.AgentSharing:
    return wire.AgentSharing(sharing.visibility, sharing.projects, sharing.users)
