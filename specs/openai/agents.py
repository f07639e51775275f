"""Agents as objects, in the shape of OpenAI's Agents API with further fields of our own.

https://platform.openai.com/docs/api-reference/agents
"""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Literal, TypeAlias

from msgspec import UNSET, Meta, Raw, Struct, UnsetType, field

from specs.agents import Override
from specs.openai.agent_tools import HostedToolParam
from specs.openai.marks import METADATA, OBJECT, TOOL_NAME, like, listed, sized, within, words
from specs.requests import Effort

MAX_NAME = 256
MAX_DESCRIPTION = 512
MAX_INSTRUCTIONS = 256_000
MAX_TOOLS = 128
MAX_TOOL_BYTES = 3 * 1024 * 1024
"""What all tools of an agent may have together, as compact JSON."""
MAX_ALIASES = 16
MAX_FALLBACKS = 8
MAX_SHARES = 100
MAX_FILES = 20
MAX_VECTOR_STORES = 1
MAX_STOPS = 4
MAX_RESULTS = 50
DEFAULT_PAGE = 20
MAX_PAGE = 100
ALIAS = "^[A-Za-z0-9][A-Za-z0-9._:/-]{0,127}$"

ServiceTier: TypeAlias = Literal["auto", "default", "flex", "priority", "fast", "ultrafast"]
Verbosity: TypeAlias = Literal["low", "medium", "high"]
Summary: TypeAlias = Literal["concise", "detailed", "auto"]
Visibility: TypeAlias = Literal["private", "shared", "public"]
ModelName: TypeAlias = Annotated[str, sized(1, 256)]
Id: TypeAlias = Annotated[str, sized(1, 256)]


class FunctionParam(Struct, frozen=True, tag="function"):
    """A function that whoever calls the agent runs."""

    name: Annotated[str, TOOL_NAME]
    description: str | None = None
    parameters: Annotated[Raw | UnsetType, OBJECT] = UNSET
    """JSON Schema of the arguments."""
    strict: bool | None = None
    """Whether arguments must follow the schema to the letter."""
    defer_loading: Annotated[bool, words(False)] = False
    """Only false: a tool is always shown to the model."""
    async_: Annotated[bool, words(False)] = field(default=False, name="async")
    """Only false: the agent waits for the result."""


class RankingOptions(Struct, frozen=True):
    """Which results count."""

    ranker: str | None = None
    score_threshold: Annotated[float | None, within(0, 1)] = None


class FileSearchParam(Struct, frozen=True, tag="file_search"):
    """Search in `tool_resources.file_search`. Kept; a run leaves it out with a warning."""

    max_num_results: Annotated[int | None, within(1, MAX_RESULTS)] = None
    ranking_options: RankingOptions | None = None


class CodeInterpreterParam(Struct, frozen=True, tag="code_interpreter"):
    """Code over `tool_resources.code_interpreter`. Kept; a run leaves it out with a warning."""


AgentToolParam: TypeAlias = FunctionParam | FileSearchParam | CodeInterpreterParam | HostedToolParam


class CodeInterpreterFiles(Struct, frozen=True):
    file_ids: Annotated[tuple[Id, ...], listed(0, MAX_FILES)] = ()


class FileSearchStores(Struct, frozen=True):
    vector_store_ids: Annotated[tuple[Id, ...], listed(0, MAX_VECTOR_STORES)] = ()


class AgentToolResources(Struct, frozen=True, omit_defaults=True):
    """What the tools work on: the agent's knowledge."""

    code_interpreter: CodeInterpreterFiles | None = None
    file_search: FileSearchStores | None = None


class AgentReasoning(Struct, frozen=True):
    effort: Effort | None = None
    """Null leaves it to the model."""
    summary: Summary | None = None
    """Null is no summary."""


class PlainFormat(Struct, frozen=True, tag="text"):
    """Ordinary text."""


class ObjectFormat(Struct, frozen=True, tag="json_object"):
    """Some JSON object."""


class SchemaFormat(Struct, frozen=True, tag="json_schema"):
    """JSON of a schema."""

    schema: Annotated[Raw, OBJECT]
    name: Annotated[str, TOOL_NAME] = "answer"
    description: str | None = None
    strict: bool | None = None


Format: TypeAlias = PlainFormat | ObjectFormat | SchemaFormat


class AgentText(Struct, frozen=True):
    format: Format | None = None
    verbosity: Verbosity | None = None


class Compaction(Struct, frozen=True):
    async_: Annotated[bool | None, words(False, None)] = field(default=False, name="async")
    """Only false."""


class Experimental(Struct, frozen=True):
    time_awareness: Annotated[bool, words(False)] = False
    """Only false."""


class MultiAgent(Struct, frozen=True):
    enabled: Annotated[bool, words(False)] = False
    """Only false."""
    max_concurrent_subagents: int | None = None


class AgentLimits(Struct, frozen=True):
    """Ceilings no caller can raise; null is none of the agent's own."""

    max_output_tokens: Annotated[int | None, within(1, 2**31 - 1)] = None
    """Per model call."""
    max_cost_usd: Decimal | None = None
    """What a run may cost, in dollars."""
    max_steps: Annotated[int, within(1, 1_000)] = 25
    """Model calls in one run."""
    max_tool_calls: Annotated[int | None, within(1, 2**31 - 1)] = None
    """Calls of tools that the server runs, in one run."""
    max_seconds: Annotated[int | None, within(1, 2**31 - 1)] = None
    """How long a run may take; on a thread 600 where nothing is said."""


class AgentSharing(Struct, frozen=True):
    """Who sees the agent beside its owner. Whoever uses it pays, and with credentials of their own."""

    visibility: Visibility = "private"
    """`private`: nobody else. `shared`: the projects and users named here. `public`: every project."""
    projects: Annotated[tuple[Id, ...], listed(0, MAX_SHARES)] = ()
    """Ids or names of projects; for `shared` only."""
    users: Annotated[tuple[Id, ...], listed(0, MAX_SHARES)] = ()
    """Ids of users; for `shared` only."""


class AgentFields(Struct, frozen=True):
    """What an agent can be told to be. A field left out stays as it is; null is its default."""

    fallbacks: Annotated[list[ModelName], listed(0, MAX_FALLBACKS)] | UnsetType | None = UNSET
    """Models asked instead, in this order, where one fails before it answers; named as `model` is."""
    name: Annotated[str, sized(0, MAX_NAME)] | UnsetType | None = UNSET
    description: Annotated[str, sized(0, MAX_DESCRIPTION)] | UnsetType | None = UNSET
    instructions: Annotated[str, sized(0, MAX_INSTRUCTIONS)] | UnsetType | None = UNSET
    tools: Annotated[list[AgentToolParam], listed(0, MAX_TOOLS)] | UnsetType | None = UNSET
    """Replaces the list."""
    tool_resources: AgentToolResources | UnsetType | None = UNSET
    """Replaces them."""
    metadata: Annotated[dict[str, str], METADATA] | UnsetType | None = UNSET
    """Replaces all pairs."""
    reasoning: AgentReasoning | UnsetType | None = UNSET
    text: AgentText | UnsetType | None = UNSET
    service_tier: ServiceTier | UnsetType | None = UNSET
    temperature: Annotated[float, within(0, 2)] | UnsetType | None = UNSET
    top_p: Annotated[float, within(0, 1)] | UnsetType | None = UNSET
    presence_penalty: Annotated[float, within(-2, 2)] | UnsetType | None = UNSET
    frequency_penalty: Annotated[float, within(-2, 2)] | UnsetType | None = UNSET
    max_output_tokens: Annotated[int, within(1, 2**31 - 1)] | UnsetType | None = UNSET
    stop: Annotated[list[Annotated[str, sized(1, 256)]], listed(0, MAX_STOPS)] | UnsetType | None = UNSET
    parallel_tool_calls: bool | UnsetType | None = UNSET
    aliases: Annotated[list[Annotated[str, like(ALIAS)]], listed(0, MAX_ALIASES)] | UnsetType | None = UNSET
    """Further names the agent's own project calls it by. No beginning of ids: `agent_`, `asst_`."""
    limits: AgentLimits | UnsetType | None = UNSET
    """Replaces them."""
    overrides: list[Override] | UnsetType | None = UNSET
    """What callers may change."""
    on_disconnect: Literal["cancel", "drain"] | UnsetType | None = UNSET
    """What happens to a model call whose caller leaves."""
    sharing: AgentSharing | UnsetType | None = UNSET
    """Replaces it."""
    compaction: Compaction | UnsetType | None = UNSET
    experimental: Experimental | UnsetType | None = UNSET
    multi_agent: MultiAgent | UnsetType | None = UNSET


class CreateAgent(AgentFields, frozen=True, kw_only=True):
    """An agent to be made."""

    model: ModelName
    """`provider/model`, a name from `[models]`, or an agent of the configuration whose model it then has."""


class UpdateAgent(AgentFields, frozen=True, kw_only=True):
    """What is to be different about an agent."""

    model: ModelName | UnsetType = UNSET
    """As in making one."""
    version: Annotated[int, within(1, 2**31 - 1)] | UnsetType | None = UNSET
    """The version this change is made to: a 409 where the agent has another by now."""


class RestoreAgent(Struct, frozen=True):
    """A version to go back to."""

    version: Annotated[int, within(1, 2**31 - 1)]


class ListAgents(Struct, frozen=True):
    """The query of a list of agents or versions."""

    after: str | UnsetType = UNSET
    """The id of the last one of the page before."""
    before: str | UnsetType = UNSET
    """The id of the first one of the page behind."""
    limit: Annotated[int, Meta(ge=1, le=MAX_PAGE)] = DEFAULT_PAGE
    order: Literal["asc", "desc"] = "desc"
    """By the time of creation."""


class ListVersions(Struct, frozen=True):
    """The query of a list of versions."""

    after: str | UnsetType = UNSET
    """The id of the last one of the page before."""
    limit: Annotated[int, Meta(ge=1, le=MAX_PAGE)] = DEFAULT_PAGE
    order: Literal["asc", "desc"] = "desc"
