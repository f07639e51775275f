"""Tools that the server runs, as agents have them and callers ask for them.

What lets the server in is never here in the clear: `credential` is sealed for its project as soon as it
has been read, and opened when a connection is made.
"""

from __future__ import annotations

from typing import Literal, TypeAlias

from msgspec import Struct

from specs.actions import Operation


class ToolFilter(Struct, frozen=True, omit_defaults=True):
    """Some of a server's tools: those that meet every condition that is set.

    https://platform.openai.com/docs/api-reference/responses/create (`MCPToolFilter`)
    """

    names: tuple[str, ...] | None = None
    read_only: bool | None = None
    """Whether the server says that the tool changes nothing (`readOnlyHint`)."""
    without: tuple[str, ...] = ()
    """All but these."""


class ApprovalFilter(Struct, frozen=True, omit_defaults=True):
    """Which tools ask first and which do not; what neither names asks."""

    always: ToolFilter | None = None
    never: ToolFilter | None = None


ApprovalRule: TypeAlias = Literal["always", "never"] | ApprovalFilter


class McpServer(Struct, frozen=True, tag="mcp", omit_defaults=True):
    """A server of the Model Context Protocol, whose tools the model may call."""

    label: str
    """How its calls are shown; unique in a run."""
    url: str | None = None
    connector: str | None = None
    """The name of a server of the configuration, instead of a URL."""
    description: str | None = None
    credential: str = ""
    """Headers and authorization, sealed."""
    allowed: ToolFilter | None = None
    """None is all of its tools."""
    approval: ApprovalRule | None = None
    """Which calls the caller has to approve. None: those of a caller's server all; those of an agent's
    own none, unless there is another server in the run."""

    @property
    def destination(self) -> str:
        """Whom its credential is for, of all tools of an agent, and where it is sent."""
        return f"mcp\n{self.label}\n{self.url or ''}\n{self.connector or ''}"


SEARCH_TOOL = "web_search"
"""What the search is called, where no other tool is called so."""
SEARCH_UNIT = "web_searches"
"""What usage counts searches as."""


class Location(Struct, frozen=True, omit_defaults=True):
    """Roughly where the person is who asks."""

    city: str | None = None
    region: str | None = None
    country: str | None = None
    """ISO 3166-1, two letters."""
    timezone: str | None = None
    """IANA."""


class WebSearch(Struct, frozen=True, tag="web_search", omit_defaults=True):
    """Search on the web."""

    allowed_domains: tuple[str, ...] = ()
    """These and what is under them; none is every domain."""
    blocked_domains: tuple[str, ...] = ()
    context_size: Literal["low", "medium", "high"] = "medium"
    """How much of what is found the model is given."""
    location: Location | None = None
    max_uses: int | None = None
    """Searches in one run."""


class OpenApiTool(Struct, frozen=True, tag="openapi", omit_defaults=True):
    """An OpenAPI document whose operations the model may call: an action that an agent brings along."""

    name: str
    document: str
    """JSON or YAML, as it was given."""
    description: str | None = None
    server: str | None = None
    """Instead of the document's own."""
    operations: tuple[str, ...] = ()
    """The tools to offer, as they were asked for; none is all of them."""
    hosts: tuple[str, ...] = ()
    """Hosts that may be called, as they were asked for; none is the server's alone."""
    credential: str = ""
    """The action's `Auth`, sealed."""
    base: str = ""
    """The server that is called: what the document came to when it was read."""
    offered: tuple[Operation, ...] = ()
    """What it came to: the same for every run of a version."""

    @property
    def destination(self) -> str:
        """Whom its credential is for, of all tools of an agent, and where it is sent."""
        return "\n".join(("openapi", self.name, self.base, *sorted(self.hosts)))


CredentialedTool: TypeAlias = McpServer | OpenApiTool
"""Tools whose servers may want a credential."""
HostedTool: TypeAlias = McpServer | WebSearch
"""What a caller can ask for in a request."""
