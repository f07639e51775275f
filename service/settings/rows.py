"""What the configuration file says of agents, providers, tools and limits, which are made from it. Field
names are its keys."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Literal, TypeAlias

from msgspec import Meta, Struct, field

from specs.actions import Auth as ActionAuth
from specs.agents import DEFAULT_OVERRIDES, Override
from specs.limits import LimitClass
from specs.prices import Rates
from specs.providers import Timeouts
from specs.requests import Settings as ModelSettings
from specs.requests import Tool
from specs.secret import Secret
from specs.tools import WebSearch

Count: TypeAlias = Annotated[int, Meta(ge=1)]
Seconds: TypeAlias = Annotated[float, Meta(gt=0)]


class LimitRow(Struct, frozen=True):
    """One of [[limits]]: how much each key may do."""

    max: Annotated[int, Meta(ge=0)] | Literal["unlimited"]
    """The most in a window, or at once; "unlimited" lifts a default."""
    limited: LimitClass = field(name="class")
    """What is limited."""
    window: Seconds | None = None
    """How long it counts: 60 seconds where nothing is said. It begins with the first that is counted."""
    message: str | None = None
    """What a refused caller is told."""


class PriceRow(Rates, frozen=True, omit_defaults=True):
    """What a model costs."""

    service_tiers: dict[str, Rates] = field(default_factory=dict)
    """What its other classes of service cost, by name; a class without rates is refused."""


class EntraRow(Struct, frozen=True):
    """[providers.NAME.entra]: an identity at Microsoft Entra, for kind `azure`."""

    tenant_id: str
    client_id: str
    client_secret: Secret


class ProviderRow(Struct, frozen=True):
    """[providers.NAME]."""

    kind: str
    base_url: str | None = None
    api_key: Secret | Literal["user_provided"] | None = None
    headers: dict[str, str] = {}
    """Sent with every request; a value may be `env:NAME` or `file:PATH`."""
    entra: EntraRow | None = None
    organization: str | None = None
    project: str | None = None
    user_base_url: bool = False
    """True: credentials of projects and users may name an address of their own."""
    allow_models: tuple[str, ...] = ()
    """Models that may be used, `*` standing for anything; none is every one."""
    deny_models: tuple[str, ...] = ()
    """Models that may not; goes before `allow_models`."""
    expose: tuple[str, ...] = ()
    """Models that get a plain agent each, with the id `NAME/model`."""
    prices: dict[str, PriceRow] = {}
    """USD per million tokens, by model."""
    free: bool = False
    """Models without a price cost nothing."""
    timeouts: Timeouts = Timeouts()
    enabled: bool = True
    """False leaves the provider out, the built-in one too."""
    pace_ms: Annotated[int, Meta(ge=0)] = 15
    """Milliseconds between two words of the built-in stand-in."""


class AgentLimits(Struct, frozen=True):
    """[agents.limits]: ceilings no caller can raise."""

    max_output_tokens: Count | None = None
    max_cost_usd: Decimal | None = None
    max_steps: Count = 25
    max_tool_calls: Count | None = None
    max_seconds: Count | None = None


class ActionRow(Struct, frozen=True):
    """[actions.NAME]: an OpenAPI document whose operations agents may call."""

    document: str
    """A file, JSON or YAML."""
    server: str | None = None
    operations: tuple[str, ...] = ()
    hosts: tuple[str, ...] = ()
    auth: ActionAuth | None = None


class ToolFilterRow(Struct, frozen=True):
    """Some of a server's tools: those that meet every condition that is set."""

    tool_names: tuple[str, ...] | None = None
    read_only: bool | None = None
    """Whether the server says that the tool changes nothing."""


class ApprovalRow(Struct, frozen=True):
    """Which tools ask first and which do not; what neither names asks."""

    always: ToolFilterRow | None = None
    never: ToolFilterRow | None = None


class McpRow(Struct, frozen=True):
    """[mcp.NAME]: a server of the Model Context Protocol, whose tools agents may call."""

    url: str | None = None
    command: str | None = None
    """A program to run instead."""
    args: tuple[str, ...] = ()
    env: dict[str, str] = {}
    """The program's environment; a value may be `env:NAME` or `file:PATH`."""
    headers: dict[str, str] = {}
    """Sent with every request; a value may be `env:NAME` or `file:PATH`."""
    authorization: Secret | None = None
    """Sent as a bearer token."""
    allowed_tools: tuple[str, ...] | None = None
    read_only: bool = False
    """True offers only tools that the server says change nothing."""
    require_approval: Literal["always", "never"] | ApprovalRow | None = None
    description: str | None = None
    """Told the model with each of its tools."""
    shared: bool = False
    """True: callers may name it as `connector_id`."""
    sampling_calls: Annotated[int, Meta(ge=0, le=100)] = 0
    """How often the server may ask the model of a run, at the caller's expense; 0 refuses it."""


class WebSearchRow(Struct, frozen=True):
    """[web_search]: what agents and callers search the web with."""

    backend: Literal["searxng", "brave", "tavily", "provider"] | None = None
    """`provider` leaves it to the models' providers. None: nothing is searched, and what asks for it is left
    out with a warning."""
    url: str | None = None
    key: Secret | None = None
    price_usd: Decimal | None = None
    """What one search costs its caller; with `provider`, where the model's price does not say."""
    max_results: Annotated[int, Meta(ge=1, le=20)] = 10
    """The most a model is given of one search."""
    seconds: Seconds = 15.0
    """How long one search may take."""
    allowed_domains: tuple[str, ...] = ()
    """The only domains that are found, with those under them; empty is every one."""
    blocked_domains: tuple[str, ...] = ()
    """Domains that are not found; goes before `allowed_domains`."""


class AgentRow(Struct, frozen=True):
    """One of [[agents]], or the front matter of agents/*.md."""

    model: str | tuple[str, ...]
    """One, or several: the next is asked where one fails before it answers."""
    id: str | None = None
    """Left out in agents/NAME.md it is `agent_NAME`."""
    name: str | None = None
    description: str | None = None
    instructions: str | None = None
    aliases: tuple[str, ...] = ()
    projects: tuple[str, ...] | None = None
    tools: tuple[Tool, ...] = ()
    actions: tuple[str, ...] = ()
    mcp: tuple[str, ...] = ()
    """Servers of the configuration whose tools it has."""
    web_search: bool | WebSearch = False
    """True, or how it searches: its own domains, size, place and number of searches."""
    settings: ModelSettings = ModelSettings()
    limits: AgentLimits = AgentLimits()
    overrides: tuple[Override, ...] = DEFAULT_OVERRIDES
    """What callers may change."""
    on_disconnect: Literal["cancel", "drain"] = "cancel"
    """What happens to a model call whose caller went away."""
