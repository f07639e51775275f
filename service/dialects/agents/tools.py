"""The tools of an agent and what they work on, from the wire and to it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import TypeVar, assert_never

from msgspec import UNSET, Raw, UnsetType

from service.dialects.agents.hosted import read_hosted
from service.dialects.agents.making import Making
from service.dialects.agents.shown import hosted_to_wire
from service.dialects.validation import at_most, free_object, in_range, name_of_tool
from specs.agents import AgentTool, CodeInterpreterTool, FileSearchTool, ToolResources
from specs.errors import InvalidRequest
from specs.openai import agent_objects as objects
from specs.openai import agents as wire
from specs.requests import FunctionTool
from specs.tools import McpServer, OpenApiTool, WebSearch

T = TypeVar("T")
_NO_PARAMETERS = Raw(b'{"type":"object","properties":{}}')


def read_tools(asked: Sequence[wire.AgentToolParam], making: Making) -> tuple[AgentTool, ...]:
    """The tools an agent is to have.

    Raises InvalidRequest naming the field at fault.
    """
    return read_each(asked, partial(_tool, making=making))


def read_each(asked: Sequence[T], read: Callable[[T, str], AgentTool]) -> tuple[AgentTool, ...]:
    """Tools of any API's wire: `read` is given each with the path it stands at.

    Raises InvalidRequest naming the field at fault.
    """
    if len(asked) > wire.MAX_TOOLS:
        raise InvalidRequest(
            f"tools may have at most {wire.MAX_TOOLS} entries; it has {len(asked)}.", param="tools"
        )
    tools = tuple(read(tool, f"tools[{index}]") for index, tool in enumerate(asked))
    check_tools(tools)
    return tools


def check_tools(tools: Sequence[AgentTool]) -> None:
    """Refuse what does not go together: two of a name or kind, or too much of it.

    Raises InvalidRequest naming the field at fault.
    """
    seen: set[tuple[str, str]] = set()
    size = offered = 0
    for index, tool in enumerate(tools):
        field, name, words = _identity(tool)
        if (field, name) in seen:
            param = f"tools[{index}].{field}"
            raise InvalidRequest(f"{param}: there is another tool {words} in tools.", param=param)
        seen.add((field, name))
        size += _size(tool)
        offered += len(tool.offered) if isinstance(tool, OpenApiTool) else 1
    if size > wire.MAX_TOOL_BYTES:
        raise InvalidRequest(
            f"tools may have at most {wire.MAX_TOOL_BYTES} bytes together; they have {size}.", param="tools"
        )
    if offered > wire.MAX_TOOLS:
        raise InvalidRequest(
            f"tools may offer the model at most {wire.MAX_TOOLS} together, each operation of a document one; "
            f"they offer {offered}.",
            param="tools",
        )


def _identity(tool: AgentTool) -> tuple[str, str, str]:
    """The field that no two tools have alike, what it says, and how a message puts it."""
    match tool:
        case FunctionTool(name):
            return "name", name, f"function {name!r}"
        case McpServer(label):
            return "server_label", label, f"labelled {label!r}"
        case OpenApiTool(name):
            return "openapi.name", name, f"'openapi' named {name!r}"
        case FileSearchTool() | CodeInterpreterTool() | WebSearch():
            kind = str(tool.__struct_config__.tag)
            return "type", kind, repr(kind)
        case _:
            assert_never(tool)


def _size(tool: AgentTool) -> int:
    """Bytes of what a tool brings along."""
    if isinstance(tool, OpenApiTool):
        return len(tool.document.encode()) + sum(len(bytes(each.schema)) for each in tool.offered)
    if isinstance(tool, FunctionTool) and not isinstance(tool.parameters, UnsetType):
        return len(bytes(tool.parameters))
    return 0


def _tool(asked: wire.AgentToolParam, at: str, making: Making) -> AgentTool:
    match asked:
        case wire.FunctionParam():
            for name, wanted in (("defer_loading", asked.defer_loading), ("async", asked.async_)):
                if wanted:
                    raise InvalidRequest(
                        f"{at}.{name}: this is not served here; only false is allowed.", param=f"{at}.{name}"
                    )
            return FunctionTool(
                name_of_tool(asked.name, param=f"{at}.name"),
                at_most(asked.description, wire.MAX_INSTRUCTIONS, param=f"{at}.description"),
                free_object(asked.parameters, param=f"{at}.parameters"),
                asked.strict,
            )
        case wire.FileSearchParam():
            return _file_search(asked, at)
        case wire.CodeInterpreterParam():
            return CodeInterpreterTool()
        case _:
            return read_hosted(asked, at, making)


def _file_search(asked: wire.FileSearchParam, at: str) -> FileSearchTool:
    ranking = asked.ranking_options or wire.RankingOptions()
    options = f"{at}.ranking_options"
    return FileSearchTool(
        in_range(asked.max_num_results, 1, wire.MAX_RESULTS, param=f"{at}.max_num_results"),
        at_most(ranking.ranker, 64, param=f"{options}.ranker"),
        in_range(ranking.score_threshold, 0, 1, param=f"{options}.score_threshold"),
    )


def read_resources(asked: wire.AgentToolResources | None) -> ToolResources | None:
    """What the tools are to work on.

    Raises InvalidRequest naming the field at fault.
    """
    if asked is None or (asked.code_interpreter is None and asked.file_search is None):
        return None
    files = None if asked.code_interpreter is None else asked.code_interpreter.file_ids
    stores = None if asked.file_search is None else asked.file_search.vector_store_ids
    check_ids(files, wire.MAX_FILES, param="tool_resources.code_interpreter.file_ids")
    check_ids(stores, wire.MAX_VECTOR_STORES, param="tool_resources.file_search.vector_store_ids")
    return ToolResources(files, stores)


def check_ids(ids: Sequence[str] | None, most: int, *, param: str) -> None:
    """Refuse too many ids, and what cannot be one. Raises InvalidRequest."""
    if len(ids or ()) > most:
        raise InvalidRequest(
            f"{param} may have at most {most} entries; it has {len(ids or ())}.", param=param
        )
    for index, id in enumerate(ids or ()):
        if not id:
            raise InvalidRequest(f"{param}[{index}] must not be empty.", param=f"{param}[{index}]")
        at_most(id, 256, param=f"{param}[{index}]")


def tool_to_wire(tool: AgentTool, *, inside: bool) -> objects.ToolShown:
    """A tool as it is shown; `inside` is whether it is to its owner's project."""
    match tool:
        case FunctionTool():
            return objects.AgentFunctionTool(
                tool.name,
                tool.description or "",
                _NO_PARAMETERS if isinstance(tool.parameters, UnsetType) else tool.parameters,
                UNSET if tool.strict is None else tool.strict,
            )
        case FileSearchTool():
            ranked = tool.ranker is not None or tool.score_threshold is not None
            return objects.AgentFileSearchTool(
                UNSET if tool.max_num_results is None else tool.max_num_results,
                wire.RankingOptions(tool.ranker, tool.score_threshold) if ranked else UNSET,
            )
        case CodeInterpreterTool():
            return objects.AgentCodeTool()
        case _:
            return hosted_to_wire(tool, inside=inside)


def resources_to_wire(resources: ToolResources | None) -> wire.AgentToolResources | None:
    """What the tools work on, as it is shown."""
    if resources is None:
        return None
    files, stores = resources.file_ids, resources.vector_store_ids
    return wire.AgentToolResources(
        None if files is None else wire.CodeInterpreterFiles(files),
        None if stores is None else wire.FileSearchStores(stores),
    )
