"""An agent: instructions, model, tools, settings, limits, and what callers may override.

An assistant is the same object by another API.
"""

from __future__ import annotations

from typing import Literal, TypeAlias

from msgspec import Struct

from specs.requests import FunctionTool, Settings
from specs.tools import McpServer, OpenApiTool, WebSearch

Override: TypeAlias = Literal[
    "sampling", "max_output_tokens", "response_format", "tools", "instructions", "model"
]
DEFAULT_OVERRIDES: tuple[Override, ...] = (
    "sampling",
    "max_output_tokens",
    "response_format",
    "tools",
    "instructions",
)


class Limits(Struct, frozen=True, omit_defaults=True):
    """Ceilings no caller can raise. None is no ceiling of the agent's own."""

    max_output_tokens: int | None = None
    """Per model call."""
    max_cost: int | None = None
    """Nano-dollars a run may cost."""
    max_steps: int = 25
    max_tool_calls: int | None = None
    max_seconds: int | None = None
    """How long a run may take."""


class FileSearchTool(Struct, frozen=True, tag="file_search", omit_defaults=True):
    """Search in the agent's vector stores. Kept as it was given; None is the default of whoever runs it."""

    max_num_results: int | None = None
    """1 to 50."""
    ranker: str | None = None
    score_threshold: float | None = None
    """0 to 1; a result below it is left out."""


class CodeInterpreterTool(Struct, frozen=True, tag="code_interpreter", omit_defaults=True):
    """Run code over the agent's files."""


AssistantTool: TypeAlias = FunctionTool | FileSearchTool | CodeInterpreterTool
"""What an assistant can have, too."""
AgentTool: TypeAlias = AssistantTool | McpServer | WebSearch | OpenApiTool
Capability: TypeAlias = Literal["function", "file_search", "code_interpreter", "mcp", "web_search", "openapi"]
CAPABILITIES: tuple[Capability, ...] = (
    "function",
    "file_search",
    "code_interpreter",
    "mcp",
    "web_search",
    "openapi",
)
"""The types of tool an agent can have."""


class ToolResources(Struct, frozen=True, omit_defaults=True):
    """What the tools of an agent work on, by id. None is never said, () is said to be nothing."""

    file_ids: tuple[str, ...] | None = None
    """For code_interpreter."""
    vector_store_ids: tuple[str, ...] | None = None
    """For file_search: what the agent knows."""


class Agent(Struct, frozen=True, omit_defaults=True):
    id: str
    model: str
    """`provider/model`, the provider being a name of the configuration; of a stored agent also a name
    that stands for such."""
    fallbacks: tuple[str, ...] = ()
    """The models to be asked instead, in this order, where that one fails before it answers."""
    name: str | None = None
    description: str | None = None
    instructions: str | None = None
    aliases: tuple[str, ...] = ()
    """Other names it answers to; unique per project."""
    projects: tuple[str, ...] | None = None
    """Projects that see an agent of the configuration; None is every project."""
    tools: tuple[AgentTool, ...] = ()
    actions: tuple[str, ...] = ()
    """Actions of the configuration, whose operations the server calls for it."""
    tool_resources: ToolResources | None = None
    metadata: dict[str, str] = {}
    settings: Settings = Settings()
    """Defaults for what a caller leaves out."""
    limits: Limits = Limits()
    overrides: tuple[Override, ...] = DEFAULT_OVERRIDES
    """What callers may change. `tools` and `instructions` are added to the agent's own."""
    on_disconnect: Literal["cancel", "drain"] = "cancel"
    """When a foreground caller goes away: cancel the model call, or read on to its usage (30 s at most)."""
    version: int = 1
    created_at: int = 0
    """Unix seconds."""

    @property
    def models(self) -> tuple[str, ...]:
        """The model and its fallbacks."""
        return (self.model, *self.fallbacks)

    @property
    def functions(self) -> tuple[FunctionTool, ...]:
        """The tools that whoever calls the agent runs."""
        return tuple([tool for tool in self.tools if isinstance(tool, FunctionTool)])

    @property
    def connectors(self) -> tuple[str, ...]:
        """The servers of the configuration whose tools it has."""
        return tuple(
            tool.connector
            for tool in self.tools
            if isinstance(tool, McpServer) and tool.connector is not None
        )

    @property
    def assistant_tools(self) -> tuple[AssistantTool, ...]:
        """The tools that an assistant can have, too."""
        return tuple(tool for tool in self.tools if isinstance(tool, AssistantTool))
