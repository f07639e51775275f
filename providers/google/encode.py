"""Writes one model call as a `generateContent` request. Pure.

Source: https://ai.google.dev/api/generate-content (v1beta).
"""

from __future__ import annotations

import msgspec
from msgspec import UNSET

from providers.base import Encoded
from providers.context import split_system
from providers.google.body import (
    Body,
    FunctionCallingConfig,
    FunctionDeclaration,
    Part,
    SystemInstruction,
    ToolConfig,
    Tools,
)
from providers.google.contents import contents_of
from providers.google.families import GeminiProfile
from providers.google.searches import search_tool
from providers.google.settings import Warn, generation_config, service_tier
from specs.items import plain_text
from specs.requests import FunctionTool, ModelRequest, ToolChoice
from specs.tools import SEARCH_TOOL

_encoder = msgspec.json.Encoder()


def encode(request: ModelRequest, *, profile: GeminiProfile, origin: str) -> Encoded:
    """Write the request. Signed reasoning goes along only if its origin is `origin`."""
    told: dict[tuple[str, str], None] = {}

    def warn(field: str, words: str) -> None:
        told[(field, words)] = None

    return Encoded(_encoder.encode(_body(request, profile, origin, warn)), tuple(told))


def _body(request: ModelRequest, profile: GeminiProfile, origin: str, warn: Warn) -> Body:
    leading, rest = split_system(request.items)
    texts = [plain_text(message.content) for message in leading]
    tools = tuple(_declaration(tool, warn) for tool in request.tools)
    offered = Tools(tools, search_tool(request, warn))
    offers, searches = offered != Tools(), offered.google_search is not UNSET
    return Body(
        contents=contents_of(rest, profile=profile, origin=origin, warn=warn, searches=searches),
        system_instruction=_system([request.instructions or "", *texts]),
        tools=(offered,) if offers else (),
        tool_config=_tool_config(request.tool_choice, request.tools) if tools else None,
        generation_config=generation_config(request.settings, profile, tools=offers, warn=warn),
        service_tier=service_tier(request.settings, warn),
    )


def _system(texts: list[str]) -> SystemInstruction | None:
    parts = tuple(Part(text=text) for text in texts if text.strip())
    return SystemInstruction(parts) if parts else None


def _declaration(tool: FunctionTool, warn: Warn) -> FunctionDeclaration:
    if tool.strict:
        warn("tools", f"The provider knows no strict tools; {tool.name!r} is not strict.")
    return FunctionDeclaration(tool.name, tool.description or UNSET, tool.parameters)


def _tool_config(choice: ToolChoice, tools: tuple[FunctionTool, ...]) -> ToolConfig | None:
    """`AUTO` is what leaving it out means, and takes no names: the engine holds the model to those.

    A search of the provider's, which was left out, cannot be chosen.
    """
    if choice.mode == "none":
        return ToolConfig(FunctionCallingConfig("NONE"))
    if choice.mode == "auto":
        return None
    wanted = (choice.name,) if choice.name is not None else choice.allowed or ()
    functions = {tool.name for tool in tools}
    names = tuple(name for name in wanted if name != SEARCH_TOOL or name in functions)
    if wanted and not names:
        return None
    return ToolConfig(FunctionCallingConfig("ANY", names))
