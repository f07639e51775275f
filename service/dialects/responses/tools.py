"""Tools and `tool_choice` of a request. Functions and custom tools are kept; others are left out with
a warning. Whether a name that is chosen exists is seen where the agent's own tools are known."""

from __future__ import annotations

from collections.abc import Callable
from typing import assert_never

import msgspec
from msgspec import UNSET, Raw, UnsetType

from service.dialects.responses.limits import MAX_ALLOWED_TOOLS, MAX_TOOLS, bounded
from service.dialects.responses.spelling import plain_name
from service.dialects.validation import (
    MAX_FREE_JSON,
    at_most,
    decode_part,
    free_object,
    name_of_tool,
    required,
    shown,
    type_of,
)
from specs.errors import InvalidRequest
from specs.openai.responses import (
    AllowedTools,
    ChoiceMode,
    CustomChoice,
    CustomFormat,
    CustomToolEcho,
    CustomToolParam,
    FunctionChoice,
    FunctionToolEcho,
    FunctionToolParam,
    GrammarFormat,
    TextInputFormat,
    ToolChoiceEcho,
    ToolChoiceParam,
    ToolEcho,
)
from specs.requests import CustomInput, FunctionTool, ToolChoice

Warn = Callable[[str], None]

_function = msgspec.json.Decoder(FunctionToolParam)
_custom = msgspec.json.Decoder(CustomToolParam)
_UNSERVED = ("defer_loading", "output_schema", "allowed_callers")
NAMED = ("function", "custom")
"""Types of tools that are chosen by name."""


def read_tools(raws: list[Raw], *, warn: Warn) -> tuple[FunctionTool, ...]:
    """Read the tools that can be used here, in order.

    Raises InvalidRequest where one is wrong or two share a name.
    """
    bounded(raws, MAX_TOOLS, param="tools")
    tools: dict[str, FunctionTool] = {}
    for index, raw in enumerate(raws):
        tool = _read_tool(raw, f"tools[{index}]", warn)
        if tool is not None and tools.setdefault(tool.name, tool) is not tool:
            param = f"tools[{index}].name"
            raise InvalidRequest(f"{param}: there are two tools named {tool.name!r}.", param=param)
    return tuple(tools.values())


def _read_tool(raw: Raw, param: str, warn: Warn) -> FunctionTool | None:
    kind = plain_name(required(type_of(raw, param=param), param=f"{param}.type"))
    match kind:
        case "function":
            return _read_function(raw, param, warn)
        case "custom":
            return _read_custom(raw, param, warn)
        case _:
            warn(f"{param}: tools of type {shown(kind)} cannot be run here; it was left out.")
            return None


def _read_function(raw: Raw, param: str, warn: Warn) -> FunctionTool:
    wire = decode_part(raw, _function, param=param)
    _warn_of_unserved(wire, param, warn)
    return FunctionTool(
        name_of_tool(wire.name, param=f"{param}.name"),
        wire.description,
        free_object(wire.parameters, param=f"{param}.parameters"),
        wire.strict,
    )


def _read_custom(raw: Raw, param: str, warn: Warn) -> FunctionTool:
    wire = decode_part(raw, _custom, param=param)
    _warn_of_unserved(wire, param, warn)
    name = name_of_tool(wire.name, param=f"{param}.name")
    match wire.format:
        case GrammarFormat(syntax, definition):
            at_most(definition, MAX_FREE_JSON, param=f"{param}.format.definition")
            return FunctionTool(name, wire.description, custom=CustomInput(syntax, definition))
        case _:
            return FunctionTool(name, wire.description, custom=CustomInput())


def _warn_of_unserved(wire: FunctionToolParam | CustomToolParam, param: str, warn: Warn) -> None:
    for field in _UNSERVED:
        if getattr(wire, field, None) not in (None, False, UNSET):
            warn(f"{param}.{field} is not honoured.")


def echo_tool(tool: FunctionTool) -> ToolEcho:
    """State a tool back, every key present."""
    if tool.custom is not None:
        return CustomToolEcho(tool.name, tool.description, _format(tool.custom))
    parameters = Raw(b"null") if isinstance(tool.parameters, UnsetType) else tool.parameters
    return FunctionToolEcho(tool.name, tool.description, parameters, tool.strict)


def _format(custom: CustomInput) -> CustomFormat:
    if custom.syntax is None:
        return TextInputFormat()
    return GrammarFormat(custom.syntax, custom.definition or "")


def read_choice(choice: ChoiceMode | ToolChoiceParam | None, *, warn: Warn) -> ToolChoice | None:
    """Read `tool_choice`; what names a tool records where it does.

    A choice of a kind of tool that cannot be run here leaves the choice to the model.
    """
    if choice is None or isinstance(choice, str):
        return ToolChoice(choice) if choice else None
    match plain_name(choice.type):
        case "function" | "custom":
            param = "tool_choice.name"
            return ToolChoice("required", name=required(choice.name, param=param), params=(param,))
        case "allowed_tools":
            return _allowed(choice, warn)
        case kind:
            warn(f"tool_choice: tools of type {shown(kind)} cannot be run here; the model chooses.")
            return None


def _allowed(choice: ToolChoiceParam, warn: Warn) -> ToolChoice:
    entries = required(choice.tools, param="tool_choice.tools")
    bounded(entries, MAX_ALLOWED_TOOLS, param="tool_choice.tools", least=1)
    named: dict[str, str] = {}
    for index, entry in enumerate(entries):
        param = f"tool_choice.tools[{index}]"
        if plain_name(entry.type) in NAMED:
            named.setdefault(required(entry.name, param=f"{param}.name"), f"{param}.name")
        else:
            warn(f"{param}: tools of type {shown(entry.type)} cannot be run here; it was left out.")
    return ToolChoice(choice.mode or "auto", allowed=tuple(named), params=tuple(named.values()))


def echo_choice(choice: ToolChoice | None, tools: tuple[FunctionTool, ...]) -> ToolChoiceEcho:
    """State the choice back."""
    custom = {tool.name for tool in tools if tool.custom is not None}

    def named(name: str) -> FunctionChoice | CustomChoice:
        return CustomChoice(name) if name in custom else FunctionChoice(name)

    match choice:
        case None:
            return "auto"
        case ToolChoice(name=str() as name):
            return named(name)
        case ToolChoice(allowed=tuple() as allowed):
            return AllowedTools(tuple(map(named, allowed)), choice.mode)
        case ToolChoice():
            return choice.mode
        case _:
            assert_never(choice)
