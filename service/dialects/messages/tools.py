"""Tools and the tool choice of a request. Those the caller runs are kept; others are left out with a
warning. Whether a chosen name exists is seen where the agent's own tools are known."""

from __future__ import annotations

import re

import msgspec
from msgspec import Raw, Struct

from service.dialects.messages.mcp_servers import TOOLSET
from service.dialects.messages.parts import lifetime
from service.dialects.messages.searches import is_search, read_search
from service.dialects.validation import decode_part, free_object, required, shown
from specs.anthropic.messages import CreateMessage, Tool
from specs.anthropic.messages import ToolChoice as SentChoice
from specs.errors import InvalidRequest
from specs.requests import FunctionTool, ToolChoice
from specs.tools import HostedTool

MAX_TOOLS = 1_024
"""More than any model takes."""
_NAME = re.compile(r"[a-zA-Z0-9_-]{1,128}")


class _Head(Struct, frozen=True):
    type: str | None = None
    name: str | None = None


_head = msgspec.json.Decoder(_Head)
_tool = msgspec.json.Decoder(Tool)


def read_tools(sent: list[Raw] | None, warnings: list[str]) -> tuple[FunctionTool, ...]:
    """Read the tools that the caller runs."""
    if len(sent or ()) > MAX_TOOLS:
        raise InvalidRequest(f"tools may have at most {MAX_TOOLS} entries.", param="tools")
    tools = (_read(raw, f"tools[{index}]", warnings) for index, raw in enumerate(sent or ()))
    return tuple(tool for tool in tools if tool is not None)


def read_hosted(sent: list[Raw] | None, warnings: list[str]) -> dict[str, HostedTool]:
    """Read the tools that the server is to run, by where they stand."""
    found: dict[str, HostedTool] = {}
    for index, raw in enumerate(sent or ()):
        at = f"tools[{index}]"
        if not is_search(decode_part(raw, _head, param=at).type):
            continue
        if found:
            raise InvalidRequest(f"{at}.type: there are two tools that search the web.", param=f"{at}.type")
        found[at] = read_search(raw, at, warnings)
    return found


def _read(raw: Raw, at: str, warnings: list[str]) -> FunctionTool | None:
    kind = decode_part(raw, _head, param=at).type
    if is_search(kind) or kind == TOOLSET:
        return None
    if kind not in (None, "custom"):
        warnings.append(f"{at} was left out: a tool of type {shown(kind)} cannot be run here.")
        return None
    tool = decode_part(raw, _tool, param=at)
    _warn_of_unhonoured(tool, at, warnings)
    return FunctionTool(
        _name(tool.name, param=f"{at}.name"),
        tool.description,
        free_object(tool.input_schema, param=f"{at}.input_schema"),
        tool.strict,
        cache=lifetime(tool.cache_control),
    )


def _name(name: str, *, param: str) -> str:
    if not _NAME.fullmatch(name):
        raise InvalidRequest(
            f"{param}: {shown(name)} may hold 1 to 128 letters, digits, '_' and '-'.", param=param
        )
    return name


def _warn_of_unhonoured(tool: Tool, at: str, warnings: list[str]) -> None:
    if tool.defer_loading:
        warnings.append(f"{at}.defer_loading is not honoured: the tool is there from the start.")
    if tool.input_examples:
        warnings.append(f"{at}.input_examples is not supported and was left out.")
    if tool.allowed_callers is not None and "direct" not in tool.allowed_callers:
        warnings.append(f"{at}.allowed_callers is not honoured: the model calls the tool directly.")


def read_choice(sent: SentChoice | None) -> ToolChoice | None:
    """Read `tool_choice`; a name records where it stood."""
    if sent is None:
        return None
    match sent.type:
        case "tool":
            name = required(sent.name, param="tool_choice.name")
            return ToolChoice("required", name=name, params=("tool_choice.name",))
        case "any":
            return ToolChoice("required")
        case "none":
            return ToolChoice("none")
        case "auto":
            return ToolChoice("auto")


def parallel_calls(wire: CreateMessage) -> bool | None:
    """Whether several calls may be made at once; None where the caller does not say."""
    choice = wire.tool_choice
    if choice is None or choice.disable_parallel_tool_use is None:
        return None
    return not choice.disable_parallel_tool_use
