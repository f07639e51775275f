"""Tools and `tool_choice` of a request. What neither the caller nor the server can run is left out with a
warning. Whether a name that is chosen exists is seen where the agent's own tools are known."""

from __future__ import annotations

from collections.abc import Callable
from typing import assert_never

import msgspec
from msgspec import UNSET, Raw, Struct, UnsetType

from service.dialects.mcp_tools import echo_mcp, read_mcp
from service.dialects.responses.limits import MAX_ALLOWED_TOOLS, MAX_TOOLS, bounded
from service.dialects.responses.spelling import plain_name
from service.dialects.searches import echo_search, read_search
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
from service.tools.credentials import Credential
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
    McpChoice,
    TextInputFormat,
    ToolChoiceEcho,
    ToolChoiceParam,
    ToolEcho,
)
from specs.openai.search_tools import SEARCH_TYPES, SearchChoice
from specs.requests import CustomInput, FunctionTool, ServerChoice, ToolChoice
from specs.tools import SEARCH_TOOL, HostedTool, McpServer

Warn = Callable[[str], None]

_function = msgspec.json.Decoder(FunctionToolParam)
_custom = msgspec.json.Decoder(CustomToolParam)
_UNSERVED = ("defer_loading", "output_schema", "allowed_callers")
NAMED = ("function", "custom")
"""Types of tools that are chosen by name."""


class Tools(Struct, frozen=True):
    """What was read of `tools`."""

    functions: tuple[FunctionTool, ...] = ()
    """Those that the caller runs."""
    hosted: tuple[HostedTool, ...] = ()
    params: tuple[str, ...] = ()
    """Where each of those stands."""
    credentials: tuple[Credential, ...] = ()
    """What lets the server in at each of them."""
    echo: tuple[ToolEcho, ...] = ()
    """All of them, in order, as they are stated back."""


def read_tools(raws: list[Raw], *, warn: Warn) -> Tools:
    """Read the tools that can be used here, in order.

    Raises InvalidRequest where one is wrong or two share a name.
    """
    if not raws:
        return _NO_TOOLS
    bounded(raws, MAX_TOOLS, param="tools")
    functions: dict[str, FunctionTool] = {}
    hosted: list[tuple[HostedTool, str, Credential]] = []
    echo: list[ToolEcho] = []
    for index, raw in enumerate(raws):
        param = f"tools[{index}]"
        match _read_tool(raw, param, warn):
            case None:
                continue
            case FunctionTool() as tool:
                if functions.setdefault(tool.name, tool) is not tool:
                    raise _twice(f"{param}.name", f"tools named {tool.name!r}")
                echo.append(echo_tool(tool))
            case tool, credential, shown_back:
                if any(is_same_hosted(tool, earlier) for earlier, *_ in hosted):
                    raise _twice(*_identity(tool, param))
                hosted.append((tool, param, credential))
                echo.append(shown_back)
    tools, params, credentials = zip(*hosted, strict=True) if hosted else ((), (), ())
    return Tools(tuple(functions.values()), tools, params, credentials, tuple(echo))


_NO_TOOLS = Tools()


def _twice(param: str, what: str) -> InvalidRequest:
    return InvalidRequest(f"{param}: there are two {what}.", param=param)


Hosted = tuple[HostedTool, Credential, ToolEcho]
"""A tool that the server runs, what lets it in there, and how the tool is stated back."""


def _read_tool(raw: Raw, param: str, warn: Warn) -> FunctionTool | Hosted | None:
    kind = plain_name(required(type_of(raw, param=param), param=f"{param}.type"))
    match kind:
        case "function":
            return _read_function(raw, param, warn)
        case "custom":
            return _read_custom(raw, param, warn)
        case "mcp":
            server, credential = read_mcp(raw, param, warn=warn)
            return server, credential, echo_mcp(server)
        case str() if kind in SEARCH_TYPES:
            search = read_search(raw, param, warn=warn)
            return search, Credential(), echo_search(search)
        case _:
            warn(f"{param}: tools of type {shown(kind)} cannot be run here; it was left out.")
            return None


def is_same_hosted(tool: HostedTool, other: HostedTool) -> bool:
    """Whether two tools cannot stand beside each other: nobody could tell their calls apart."""
    if isinstance(tool, McpServer):
        return isinstance(other, McpServer) and tool.label == other.label
    return type(tool) is type(other)


def _identity(tool: HostedTool, param: str) -> tuple[str, str]:
    if isinstance(tool, McpServer):
        return f"{param}.server_label", f"servers labelled {tool.label!r}"
    return f"{param}.type", f"tools of type {tool.__struct_config__.tag!r}"


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
        case "mcp":
            return ToolChoice("required", servers=(_server(choice, "tool_choice"),))
        case kind if kind in SEARCH_TYPES:
            return ToolChoice("required", name=SEARCH_TOOL, params=("tool_choice.type",))
        case "allowed_tools":
            return _allowed(choice, warn)
        case kind:
            warn(f"tool_choice: tools of type {shown(kind)} cannot be run here; the model chooses.")
            return None


def _server(choice: ToolChoiceParam, param: str) -> ServerChoice:
    label = required(choice.server_label or None, param=f"{param}.server_label")
    return ServerChoice(label, choice.name or None, param)


def _allowed(choice: ToolChoiceParam, warn: Warn) -> ToolChoice:
    entries = required(choice.tools, param="tool_choice.tools")
    bounded(entries, MAX_ALLOWED_TOOLS, param="tool_choice.tools", least=1)
    named: dict[str, str] = {}
    servers: list[ServerChoice] = []
    for index, entry in enumerate(entries):
        param = f"tool_choice.tools[{index}]"
        if plain_name(entry.type) in NAMED:
            named.setdefault(required(entry.name, param=f"{param}.name"), f"{param}.name")
        elif plain_name(entry.type) == "mcp":
            servers.append(_server(entry, param))
        elif plain_name(entry.type) in SEARCH_TYPES:
            named.setdefault(SEARCH_TOOL, f"{param}.type")
        else:
            warn(f"{param}: tools of type {shown(entry.type)} cannot be run here; it was left out.")
    return ToolChoice(
        choice.mode or "auto", allowed=tuple(named), params=tuple(named.values()), servers=tuple(servers)
    )


def echo_choice(choice: ToolChoice | None, tools: tuple[FunctionTool, ...]) -> ToolChoiceEcho:
    """State the choice back."""
    custom = {tool.name for tool in tools if tool.custom is not None}
    functions = {tool.name for tool in tools}

    def named(name: str) -> FunctionChoice | CustomChoice | SearchChoice:
        if name == SEARCH_TOOL and name not in functions:
            return SearchChoice()
        return CustomChoice(name) if name in custom else FunctionChoice(name)

    match choice:
        case None:
            return "auto"
        case ToolChoice(allowed=None, servers=(server,)):
            return _echo_server(server)
        case ToolChoice(name=str() as name):
            return named(name)
        case ToolChoice(allowed=tuple() as allowed):
            servers = map(_echo_server, choice.servers)
            return AllowedTools((*map(named, allowed), *servers), choice.mode)
        case ToolChoice():
            return choice.mode
        case _:
            assert_never(choice)


def _echo_server(server: ServerChoice) -> McpChoice:
    return McpChoice(server.label, server.name)
