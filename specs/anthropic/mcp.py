"""Servers of the Model Context Protocol in a request to the Messages API, and which of their tools.

After the betas `mcp-client-2025-04-04` and `mcp-client-2025-11-20` and the official Python SDK 2.11.
"""

from __future__ import annotations

from typing import Annotated

from msgspec import UNSET, Raw, Struct, UnsetType

from specs.anthropic.blocks import CacheControl
from specs.openai.marks import OBJECT, like, sized, words


class ToolConfiguration(Struct, frozen=True):
    """The older place to say which tools of a server there are."""

    enabled: bool | None = None
    """False: none."""
    allowed_tools: list[Annotated[str, sized(1, 256)]] | None = None


class McpServerParam(Struct, frozen=True):
    """A server whose tools the model may call; that it is named here is the caller's word for all of them."""

    type: Annotated[str, words("url")]
    name: Annotated[str, sized(1, 64)]
    """How its calls are shown; no two share one."""
    url: Annotated[str, like("^https?://")]
    authorization_token: str | None = None
    """Sent to the server as a bearer token; never shown again."""
    tool_configuration: ToolConfiguration | None = None


class McpToolConfig(Struct, frozen=True):
    enabled: bool | None = None
    """True where it is left out."""
    defer_loading: bool | None = None
    """Not honoured; answered with a warning."""


class McpToolset(Struct, frozen=True):
    """The tools of one of `mcp_servers`; a server without one offers all."""

    type: Annotated[str, words("mcp_toolset")]
    mcp_server_name: str
    default_config: McpToolConfig | None = None
    """Of every tool that `configs` does not name."""
    configs: dict[str, McpToolConfig] | None = None
    """By the tool's name."""
    cache_control: CacheControl | None = None
    """Not honoured; answered with a warning."""
    tools: list[Annotated[Raw, OBJECT]] | UnsetType | None = UNSET
    """Not honoured; answered with a warning: the server is asked."""
