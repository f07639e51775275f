"""Tools and tool choices of a Chat Completions request. Functions and custom tools are kept; others are
left out with a warning. Whether a chosen name exists is seen where the agent's own tools are known."""

from __future__ import annotations

from typing import Literal

import msgspec
from msgspec import UnsetType

from service.dialects.validation import (
    MAX_FREE_JSON,
    at_most,
    decode_part,
    free_object,
    is_given,
    name_of_tool,
    one_of,
    required,
)
from specs.errors import InvalidRequest
from specs.openai.chat import (
    AllowedTools,
    ChatRequest,
    ChosenTool,
    CustomSpec,
    Function,
    FunctionName,
    SentTool,
)
from specs.requests import CustomInput, FunctionTool, ToolChoice

_MODES: tuple[Literal["none", "auto", "required"], ...] = ("none", "auto", "required")
_ALLOWED_MODES: tuple[Literal["auto", "required"], ...] = ("auto", "required")
_OLD_MODES: tuple[Literal["none", "auto"], ...] = ("none", "auto")

MAX_TOOLS = 1_024
"""More than any model takes."""

_function = msgspec.json.Decoder(Function)
_custom = msgspec.json.Decoder(CustomSpec)


def read_tools(wire: ChatRequest, warnings: list[str]) -> tuple[FunctionTool, ...]:
    """Read the tools that can be used here, those in the old form last."""
    if len(wire.tools or ()) > MAX_TOOLS:
        raise InvalidRequest(f"tools may have at most {MAX_TOOLS} entries.", param="tools")
    tools = [
        tool
        for index, sent in enumerate(wire.tools or ())
        if (tool := _tool(sent, f"tools[{index}]", warnings)) is not None
    ]
    functions = [
        _function_tool(function, f"functions[{index}]") for index, function in enumerate(wire.functions or ())
    ]
    return (*tools, *functions)


def _tool(tool: SentTool, at: str, warnings: list[str]) -> FunctionTool | None:
    if tool.type == "function" or (tool.type is None and is_given(tool.function)):
        at = f"{at}.function"
        if isinstance(tool.function, UnsetType):
            raise InvalidRequest(f"Missing required field {at!r}.", param=at)
        return _function_tool(decode_part(tool.function, _function, param=at), at)
    if tool.type == "custom":
        at = f"{at}.custom"
        if isinstance(tool.custom, UnsetType):
            raise InvalidRequest(f"Missing required field {at!r}.", param=at)
        return _custom_tool(decode_part(tool.custom, _custom, param=at), at)
    kind = required(tool.type, param=f"{at}.type")
    warnings.append(f"{at} was left out: a tool of type {kind[:40]!a} cannot be run here.")
    return None


def _function_tool(function: Function, at: str) -> FunctionTool:
    return FunctionTool(
        name_of_tool(function.name, param=f"{at}.name"),
        function.description,
        free_object(function.parameters, param=f"{at}.parameters"),
        function.strict,
    )


def _custom_tool(custom: CustomSpec, at: str) -> FunctionTool:
    name = name_of_tool(custom.name, param=f"{at}.name")
    if custom.format is None or custom.format.type == "text":
        return FunctionTool(name, custom.description, custom=CustomInput())
    grammar = required(custom.format.grammar, param=f"{at}.format.grammar")
    at_most(grammar.definition, MAX_FREE_JSON, param=f"{at}.format.grammar.definition")
    return FunctionTool(name, custom.description, custom=CustomInput(grammar.syntax, grammar.definition))


def read_tool_choice(wire: ChatRequest, warnings: list[str]) -> ToolChoice | None:
    """Read `tool_choice`, else `function_call`; what names a tool records where it does."""
    match wire.tool_choice:
        case None:
            return _function_choice(wire.function_call)
        case str() as mode:
            return ToolChoice(one_of(mode, _MODES, param="tool_choice"))
        case (
            ChosenTool(type="function", function=chosen)
            | ChosenTool(type=None, function=FunctionName() as chosen)
        ):
            return _named(required(chosen, param="tool_choice.function"), "tool_choice.function.name")
        case ChosenTool(type="custom", custom=chosen):
            return _named(required(chosen, param="tool_choice.custom"), "tool_choice.custom.name")
        case ChosenTool(type="allowed_tools", allowed_tools=allowed):
            at = "tool_choice.allowed_tools"
            return _allowed(required(allowed, param=at), at, warnings)
        case ChosenTool(type=kind):
            kind = required(kind, param="tool_choice.type")
            warnings.append(f"tool_choice was left out: a tool of type {kind[:40]!a} cannot be run here.")
            return None


def _function_choice(choice: str | FunctionName | None) -> ToolChoice | None:
    if isinstance(choice, FunctionName):
        return _named(choice, "function_call.name")
    mode = one_of(choice, _OLD_MODES, param="function_call")
    return None if mode is None else ToolChoice(mode)


def _named(chosen: FunctionName, at: str) -> ToolChoice:
    return ToolChoice("required", name=chosen.name, params=(at,))


def _allowed(allowed: AllowedTools, at: str, warnings: list[str]) -> ToolChoice:
    mode = one_of(allowed.mode, _ALLOWED_MODES, param=f"{at}.mode")
    if not allowed.tools:
        raise InvalidRequest(f"{at}.tools must name at least one tool.", param=f"{at}.tools")
    found: dict[str, str] = {}
    for index, tool in enumerate(allowed.tools):
        kind = "custom" if tool.custom is not None else "function"
        chosen = tool.custom or tool.function
        if chosen is None:
            warnings.append(f"{at}.tools[{index}] was left out: it is of a type that cannot be run here.")
        else:
            found.setdefault(chosen.name, f"{at}.tools[{index}].{kind}.name")
    if not found:
        return ToolChoice("none")
    return ToolChoice(mode, allowed=tuple(found), params=tuple(found.values()))
