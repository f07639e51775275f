"""The tools of an agent and what they work on, from the wire and to it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar, assert_never

from msgspec import UNSET, Raw, UnsetType

from service.dialects.validation import at_most, free_object, in_range, name_of_tool
from specs.agents import AgentTool, AssistantTool, CodeInterpreterTool, FileSearchTool, ToolResources
from specs.errors import InvalidRequest
from specs.openai import agent_objects as objects
from specs.openai import agents as wire
from specs.requests import FunctionTool

T = TypeVar("T")
_NO_PARAMETERS = Raw(b'{"type":"object","properties":{}}')


def read_tools(asked: Sequence[wire.AgentToolParam]) -> tuple[AgentTool, ...]:
    """The tools an agent is to have.

    Raises InvalidRequest naming the field at fault.
    """
    return read_each(asked, _tool)


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
    seen: set[str] = set()
    size = 0
    for index, tool in enumerate(tools):
        is_function = isinstance(tool, FunctionTool)
        name = f"function {tool.name!r}" if is_function else f"{tool.__struct_config__.tag!r}"
        if name in seen:
            param = f"tools[{index}].{'name' if is_function else 'type'}"
            raise InvalidRequest(f"{param}: there is another tool {name} in tools.", param=param)
        seen.add(name)
        if is_function and not isinstance(tool.parameters, UnsetType):
            size += len(bytes(tool.parameters))
    if size > wire.MAX_TOOL_BYTES:
        raise InvalidRequest(
            f"tools may have at most {wire.MAX_TOOL_BYTES} bytes together; they have {size}.", param="tools"
        )


def _tool(asked: wire.AgentToolParam, at: str) -> AgentTool:
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
            assert_never(asked)


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


def tool_to_wire(
    tool: AssistantTool,
) -> objects.AgentFunctionTool | objects.AgentFileSearchTool | objects.AgentCodeTool:
    """A tool as it is shown."""
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
            assert_never(tool)


def resources_to_wire(resources: ToolResources | None) -> wire.AgentToolResources | None:
    """What the tools work on, as it is shown."""
    if resources is None:
        return None
    files, stores = resources.file_ids, resources.vector_store_ids
    return wire.AgentToolResources(
        None if files is None else wire.CodeInterpreterFiles(files),
        None if stores is None else wire.FileSearchStores(stores),
    )
