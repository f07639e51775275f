"""An assistant from the wire, and an agent as an assistant."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias, TypeVar

from msgspec import UnsetType, structs

from service.dialects.agents.tools import resources_to_wire
from service.dialects.assistants.tools import (
    format_to_wire,
    read_format,
    read_resources,
    read_tools,
    tool_to_wire,
)
from service.dialects.validation import at_most, checked_metadata, in_range
from specs.agents import Agent, AgentTool
from specs.agents import AssistantTool as KnownTool
from specs.openai import assistants as wire
from specs.openai.agents import MAX_DESCRIPTION, MAX_NAME
from specs.openai.assistants_common import MAX_INSTRUCTIONS, AssistantTool
from specs.requests import Settings

T = TypeVar("T")
Asked: TypeAlias = wire.NewAssistant | wire.UpdateAssistant


def read_assistant(asked: Asked, agent: Agent, warnings: list[str]) -> Agent:
    """The agent as it is asked to be: what is left out stays, null is the default.

    Raises InvalidRequest naming the field at fault.
    """
    resources, tools = asked.tool_resources, asked.tools
    return structs.replace(
        agent,
        model=_or(asked.model, agent.model) or "",
        name=at_most(_or(asked.name, agent.name), MAX_NAME, param="name"),
        description=at_most(_or(asked.description, agent.description), MAX_DESCRIPTION, param="description"),
        instructions=at_most(
            _or(asked.instructions, agent.instructions), MAX_INSTRUCTIONS, param="instructions"
        ),
        tools=agent.tools if isinstance(tools, UnsetType) else _tools(tools or (), agent),
        tool_resources=(
            agent.tool_resources if isinstance(resources, UnsetType) else read_resources(resources, warnings)
        ),
        metadata=(
            agent.metadata if isinstance(asked.metadata, UnsetType) else checked_metadata(asked.metadata)
        ),
        settings=_settings(asked, agent.settings),
    )


def _tools(asked: Sequence[AssistantTool], agent: Agent) -> tuple[AgentTool, ...]:
    """The tools that are asked for, and those this API does not know: it neither shows nor changes them."""
    return (*read_tools(asked), *(tool for tool in agent.tools if not isinstance(tool, KnownTool)))


def assistant_to_wire(agent: Agent, *, shows: bool) -> wire.AssistantObject:
    """An agent as an assistant; `shows` is whether the caller may see what is its project's own."""
    settings = agent.settings
    return wire.AssistantObject(
        id=agent.id,
        created_at=agent.created_at,
        name=agent.name,
        description=agent.description,
        model=agent.model,
        instructions=agent.instructions if shows else None,
        tools=tuple(map(tool_to_wire, agent.assistant_tools)),
        tool_resources=resources_to_wire(agent.tool_resources) if shows else None,
        metadata=agent.metadata if shows else {},
        temperature=1.0 if settings.temperature is None else settings.temperature,
        top_p=1.0 if settings.top_p is None else settings.top_p,
        reasoning_effort=settings.reasoning_effort,
        response_format=format_to_wire(settings.response_format),
    )


def _settings(asked: Asked, before: Settings) -> Settings:
    format = asked.response_format
    return structs.replace(
        before,
        temperature=in_range(_or(asked.temperature, before.temperature), 0, 2, param="temperature"),
        top_p=in_range(_or(asked.top_p, before.top_p), 0, 1, param="top_p"),
        reasoning_effort=_or(asked.reasoning_effort, before.reasoning_effort),
        response_format=before.response_format if isinstance(format, UnsetType) else read_format(format),
    )


def _or(asked: T | UnsetType | None, before: T | None) -> T | None:
    return before if isinstance(asked, UnsetType) else asked
