"""Tools of agents that the server runs, as they are asked for and as they are shown.

Where OpenAI's Agents API and its Responses API say the same thing in two ways, either is taken.
"""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

from msgspec import UNSET, Raw, Struct, UnsetType, field

from specs.openai.marks import like, listed, sized, within, words
from specs.openai.mcp_tools import MAX_SECRET, ApprovalFilterEcho, McpToolParam, ToolFilterEcho
from specs.openai.search_tools import (
    MAX_DOMAINS,
    ContextSize,
    PlaceEcho,
    PlaceParam,
    SearchFilters,
    UserLocationParam,
)

MAX_OPERATIONS = 128
MAX_HOSTS = 32
MAX_DESCRIPTION = 512
MAX_WORDS = 1024
"""Characters of the name of a user, of a client, or of scopes."""
ACTION_NAME = "^[A-Za-z0-9][A-Za-z0-9_-]{0,31}$"

Domains: TypeAlias = Annotated[tuple[str, ...], listed(0, MAX_DOMAINS)]
SecretText: TypeAlias = Annotated[str, sized(1, MAX_SECRET)]


class Transport(Struct, frozen=True):
    """Where a server is and what lets the agent in; instead of the fields of these names beside it."""

    type: Annotated[str, words("http")]
    """Only `http`: programs are servers of the operator's configuration."""
    server_url: Annotated[str, like("^https?://")] | None = None
    headers: dict[str, SecretText] | None = None
    authorization: SecretText | None = None


class McpParam(McpToolParam, frozen=True, tag="mcp"):
    """A server of the Model Context Protocol. Its credential is kept while none is given; `headers: {}`
    takes it away."""

    transport: Transport | None = None
    connection_origin: Annotated[str | None, words("service", None)] = None
    """Only `service`."""
    credential_id: Annotated[str | None, words(None)] = None
    """Not supported."""
    request_metadata: dict[str, Raw] | None = None
    """Not supported: empty."""
    required: Annotated[bool | None, words(False, None)] = None
    """Only false: a run goes on without a server that is away."""


class WebSearchParam(Struct, frozen=True, tag="web_search"):
    """Search on the web."""

    allowed_domains: Domains | None = None
    """These and what is under them; null is every domain."""
    blocked_domains: Domains | None = None
    filters: SearchFilters | None = None
    """The two, as the Responses API has them."""
    context_size: ContextSize | None = None
    search_context_size: ContextSize | None = None
    """Another name of `context_size`."""
    location: PlaceParam | None = None
    user_location: UserLocationParam | None = None
    """Another name of `location`."""
    mode: Annotated[str | None, words("live", None)] = None
    """Only `live`."""
    max_uses: Annotated[int, within(1, 2**31 - 1)] | None = None
    """Searches in one run."""


class ApiKeyParam(Struct, frozen=True, tag="api_key"):
    """A key in a header, in the query, or in a cookie."""

    name: Annotated[str, sized(1, 128)]
    value: SecretText
    place: Literal["header", "query", "cookie"] = "header"


class BasicParam(Struct, frozen=True, tag="basic"):
    user: Annotated[str, sized(0, MAX_WORDS)]
    password: SecretText


class BearerParam(Struct, frozen=True, tag="bearer"):
    token: SecretText


class ClientCredentialsParam(Struct, frozen=True, tag="client_credentials"):
    """OAuth 2.0: a token is fetched when it is needed."""

    token_url: Annotated[str, like("^https?://")]
    client_id: Annotated[str, sized(1, MAX_WORDS)]
    client_secret: SecretText
    scope: Annotated[str, sized(0, MAX_WORDS)] | None = None


AuthParam: TypeAlias = ApiKeyParam | BasicParam | BearerParam | ClientCredentialsParam


class OpenApiFields(Struct, frozen=True):
    """An OpenAPI document whose operations the server calls for the agent."""

    name: Annotated[str, like(ACTION_NAME)]
    """How its calls are shown; unique among the tools of the agent."""
    spec: Raw
    """The document, 3.0 or 3.1: an object, or its text (JSON or YAML)."""
    description: Annotated[str, sized(0, MAX_DESCRIPTION)] | None = None
    auth: AuthParam | UnsetType | None = UNSET
    """What lets the server in. Never shown again; left out it stays, null takes it away."""
    server: Annotated[str, like("^https?://")] | None = None
    """Instead of the document's own."""
    operations: Annotated[tuple[Annotated[str, sized(1, 64)], ...], listed(0, MAX_OPERATIONS)] | None = None
    """The tools to offer; null is all of them."""
    hosts: Annotated[tuple[Annotated[str, sized(1, 253)], ...], listed(0, MAX_HOSTS)] | None = None
    """Hosts that may be called; null is the server's alone."""


class OpenApiParam(Struct, frozen=True, tag="openapi"):
    """An action that the agent brings along."""

    openapi: OpenApiFields


HostedToolParam: TypeAlias = McpParam | WebSearchParam | OpenApiParam


class TransportShown(Struct, frozen=True):
    server_url: str
    type: Literal["http"] = "http"


class AgentMcpTool(Struct, frozen=True, tag="mcp", kw_only=True):
    """A server of the Model Context Protocol. To other projects its address is not shown, and to nobody
    what lets the agent in."""

    server_label: str
    server_url: str | UnsetType = UNSET
    connector_id: str | UnsetType = UNSET
    server_description: str | None
    allowed_tools: tuple[str, ...] | ToolFilterEcho | None
    require_approval: Literal["always", "never"] | ApprovalFilterEcho | None
    transport: TransportShown | UnsetType = UNSET
    connection_origin: Literal["service"] = "service"
    credential_id: None = None
    request_metadata: dict[str, str] = field(default_factory=dict)
    required: bool = False


class AgentWebSearchTool(Struct, frozen=True, tag="web_search"):
    allowed_domains: tuple[str, ...] | None
    blocked_domains: tuple[str, ...] | None
    context_size: ContextSize
    location: PlaceEcho | None
    max_uses: int | None
    mode: Literal["live"] = "live"


class OpenApiShown(Struct, frozen=True):
    """To other projects the document and where it leads are not shown, and to nobody its auth."""

    name: str
    description: str | None
    spec: Raw | UnsetType = UNSET
    """As it was given: an object, or text."""
    server: str | UnsetType | None = UNSET
    operations: tuple[str, ...] | UnsetType | None = UNSET
    hosts: tuple[str, ...] | UnsetType | None = UNSET


class AgentOpenApiTool(Struct, frozen=True, tag="openapi"):
    openapi: OpenApiShown


HostedToolShown: TypeAlias = AgentMcpTool | AgentWebSearchTool | AgentOpenApiTool
