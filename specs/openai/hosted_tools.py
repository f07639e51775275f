"""Tools that the server runs, as callers and agents ask for them."""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

from msgspec import Struct

from specs.openai.marks import like, listed, sized, words

MAX_LABEL = 64
MAX_URL = 2048
MAX_HEADERS = 32
MAX_HEADER = 8192
"""Characters of a header's value, or of `authorization`."""
MAX_NAMES = 128
MAX_TOOL_NAME = 128
MAX_SERVER_DESCRIPTION = 4096
LABEL = "^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$"

ToolNames: TypeAlias = Annotated[
    tuple[Annotated[str, sized(1, MAX_TOOL_NAME)], ...],
    listed(0, MAX_NAMES),
]


class McpFilter(Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """Some of a server's tools: those that meet every condition."""

    tool_names: ToolNames | None = None
    read_only: bool | None = None
    """Whether the server says of the tool that it changes nothing (`readOnlyHint`)."""


class McpApproval(Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """Which tools ask first and which do not; what neither names asks."""

    always: McpFilter | None = None
    never: McpFilter | None = None


AllowedMcpTools: TypeAlias = ToolNames | McpFilter
ApprovalAsked: TypeAlias = Literal["always", "never"] | McpApproval


class McpFields(Struct, frozen=True, kw_only=True):
    """A server of the Model Context Protocol. One of `server_url` and `connector_id` has to be there.

    https://platform.openai.com/docs/guides/tools-remote-mcp
    """

    server_label: Annotated[str, like(LABEL)]
    """How its calls are shown; unique in a request and in an agent."""
    server_url: Annotated[str, sized(1, MAX_URL), like("^https?://")] | None = None
    connector_id: Annotated[str, sized(1, MAX_LABEL)] | None = None
    """A server of the operator's configuration."""
    tunnel_id: Annotated[str | None, words(None)] = None
    """Not supported."""
    server_description: Annotated[str, sized(0, MAX_SERVER_DESCRIPTION)] | None = None
    headers: dict[str, str] | None = None
    """Sent with every request to the server. Never shown again."""
    authorization: Annotated[str, sized(1, MAX_HEADER)] | None = None
    """A token, sent to the server after `Bearer`. Never shown again."""
    allowed_tools: AllowedMcpTools | None = None
    """Null is all of them."""
    require_approval: ApprovalAsked | None = None
