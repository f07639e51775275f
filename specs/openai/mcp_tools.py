"""The tool of type `mcp`: a server of the Model Context Protocol, in a request or of an agent.

https://platform.openai.com/docs/api-reference/responses/create (`MCPTool`)
"""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

from msgspec import UNSET, Struct, UnsetType

from specs.openai.marks import TOOL_NAME, like, sized

MAX_URL = 2_048
MAX_DESCRIPTION = 4_096
MAX_NAMES = 1_024
MAX_TOOL_NAME = 256
MAX_SECRET = 16_384
"""Characters of an authorization, and of the value of a header."""
MAX_HEADERS = 32


class ToolFilterParam(Struct, frozen=True, forbid_unknown_fields=True):
    """Some of a server's tools: those that meet every condition."""

    tool_names: list[Annotated[str, sized(1, MAX_TOOL_NAME)]] | None = None
    read_only: bool | None = None
    """Whether the server says of a tool that it changes nothing (`readOnlyHint`)."""


class ApprovalFilterParam(Struct, frozen=True, forbid_unknown_fields=True):
    """Which tools ask first, and which do not; what neither names asks."""

    always: ToolFilterParam | None = None
    never: ToolFilterParam | None = None


ApprovalParam: TypeAlias = Literal["always", "never"] | ApprovalFilterParam


class McpToolParam(Struct, frozen=True):
    """Exactly one of `server_url` and `connector_id` has to be there."""

    server_label: Annotated[str, TOOL_NAME]
    """How its calls are shown; no two servers of a run share one."""
    server_url: Annotated[str, like("^https?://")] | None = None
    connector_id: Annotated[str, sized(1, 64)] | None = None
    """The name of a server that the operator has configured for callers."""
    tunnel_id: str | None = None
    """Not supported."""
    server_description: Annotated[str, sized(0, MAX_DESCRIPTION)] | None = None
    """Told the model with the server's tools."""
    headers: dict[str, Annotated[str, sized(0, MAX_SECRET)]] | None = None
    """Sent to the server; never shown again."""
    authorization: Annotated[str, sized(1, MAX_SECRET)] | None = None
    """Sent to the server as a bearer token; never shown again."""
    allowed_tools: list[Annotated[str, sized(1, MAX_TOOL_NAME)]] | ToolFilterParam | None = None
    require_approval: ApprovalParam | None = None
    defer_loading: bool | None = None
    allowed_callers: list[str] | None = None


class ToolFilterEcho(Struct, frozen=True):
    tool_names: tuple[str, ...] | UnsetType = UNSET
    read_only: bool | UnsetType = UNSET


class ApprovalFilterEcho(Struct, frozen=True):
    always: ToolFilterEcho | UnsetType = UNSET
    never: ToolFilterEcho | UnsetType = UNSET


class McpToolEcho(Struct, frozen=True, tag_field="type", tag="mcp"):
    """A server as it is stated back: what lets the server in is left out, and of its URL all but the host."""

    server_label: str
    server_url: str | UnsetType = UNSET
    connector_id: str | UnsetType = UNSET
    server_description: str | UnsetType = UNSET
    headers: None = None
    allowed_tools: tuple[str, ...] | ToolFilterEcho | None = None
    require_approval: Literal["always", "never"] | ApprovalFilterEcho = "always"
