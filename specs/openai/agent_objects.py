"""Agents as objects, as they are shown: one, a page of them, and the versions of one."""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

from msgspec import UNSET, Raw, Struct, UnsetType, field

from specs.agents import Override
from specs.openai.agent_tools import HostedToolShown
from specs.openai.agents import (
    AgentReasoning,
    AgentSharing,
    AgentToolResources,
    Compaction,
    Experimental,
    Format,
    MultiAgent,
    RankingOptions,
    Verbosity,
)
from specs.openai.marks import OBJECT


class AgentFunctionTool(Struct, frozen=True, tag="function"):
    name: str
    description: str
    parameters: Annotated[Raw, OBJECT]
    strict: bool | UnsetType = UNSET
    defer_loading: bool = False
    async_: bool = field(default=False, name="async")


class AgentFileSearchTool(Struct, frozen=True, tag="file_search"):
    max_num_results: int | UnsetType = UNSET
    ranking_options: RankingOptions | UnsetType = UNSET


class AgentCodeTool(Struct, frozen=True, tag="code_interpreter"):
    """Code over files."""


ToolShown: TypeAlias = AgentFunctionTool | AgentFileSearchTool | AgentCodeTool | HostedToolShown


class TextShown(Struct, frozen=True):
    format: Format
    verbosity: Verbosity


class LimitsShown(Struct, frozen=True):
    max_output_tokens: int | None
    max_cost_usd: str | None
    """Dollars, as a decimal string."""
    max_steps: int
    max_tool_calls: int | None
    max_seconds: int | None


class AgentObject(Struct, frozen=True, kw_only=True):
    """An agent. To other projects it shows neither instructions, metadata, resources nor sharing, nor where
    its tools lead."""

    id: str
    object: Literal["agent"] = "agent"
    created_at: int
    """Unix seconds."""
    updated_at: int
    version: int
    """Grows by one with each change; that of an agent of the configuration follows from what it is."""
    name: str | None
    description: str | None
    model: str
    """As it was asked for."""
    fallbacks: tuple[str, ...]
    instructions: str | None
    tools: tuple[ToolShown, ...]
    tool_resources: AgentToolResources | None
    metadata: dict[str, str]
    reasoning: AgentReasoning
    text: TextShown
    service_tier: str
    temperature: float | None
    top_p: float | None
    presence_penalty: float | None
    frequency_penalty: float | None
    max_output_tokens: int | None
    stop: tuple[str, ...] | None
    parallel_tool_calls: bool | None
    aliases: tuple[str, ...]
    limits: LimitsShown
    overrides: tuple[Override, ...]
    on_disconnect: Literal["cancel", "drain"]
    sharing: AgentSharing | None
    """Null where it is not the caller's project's."""
    owner: str | None
    """The user whose it is; null where it is the project's."""
    source: Literal["api", "configuration"]
    read_only: bool
    """Whether this key cannot change it: one of the configuration is changed there."""
    compaction: Compaction = Compaction()
    experimental: Experimental = Experimental()
    multi_agent: MultiAgent = MultiAgent()


class AgentList(Struct, frozen=True):
    """A page of agents."""

    data: tuple[AgentObject, ...]
    first_id: str | None
    last_id: str | None
    has_more: bool
    object: Literal["list"] = "list"


class AgentDeleted(Struct, frozen=True):
    """Word that an agent is gone."""

    id: str
    object: Literal["agent.deleted"] = "agent.deleted"
    deleted: Literal[True] = True


class AgentVersionObject(Struct, frozen=True):
    """What an agent was from one moment on."""

    id: str
    """`agent_id@version`: what names it as `model` too."""
    version: int
    created_at: int
    """Unix seconds."""
    created_by: str | None
    """The id of the user or else the key; null for an agent of the configuration."""
    agent: AgentObject
    object: Literal["agent.version"] = "agent.version"


class AgentVersionList(Struct, frozen=True):
    """A page of versions."""

    data: tuple[AgentVersionObject, ...]
    first_id: str | None
    last_id: str | None
    has_more: bool
    object: Literal["list"] = "list"
