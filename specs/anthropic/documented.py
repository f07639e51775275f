"""How requests to the Messages API read in the OpenAPI document, where what is decoded is wider."""

from __future__ import annotations

from msgspec import Struct

from specs.anthropic.blocks import (
    AssistantTurn,
    DocumentBlock,
    ImageBlock,
    SearchResultBlock,
    SystemTurn,
    TextBlock,
    UserTurn,
)
from specs.anthropic.mcp import McpToolset
from specs.anthropic.messages import SearchTool, Tool

COMPONENTS: dict[str, tuple[type[Struct], ...]] = {
    "Turn": (UserTurn, AssistantTurn, SystemTurn),
    "DocumentContent": (TextBlock, ImageBlock),
    "ToolResultContent": (TextBlock, ImageBlock, SearchResultBlock, DocumentBlock),
    "MessagesTool": (Tool, SearchTool, McpToolset),
}

REQUIRED: dict[str, tuple[str, ...]] = {"CreateMessage": ("max_tokens",)}
