"""Tools, what they work on, formats and choices, from the wire of the Assistants API and to it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import assert_never

from msgspec import UNSET, UnsetType

from service.dialects.agents.tools import check_ids, read_each
from service.dialects.validation import at_most, free_object, in_range, name_of_tool, required
from specs.agents import AgentTool, AssistantTool, CodeInterpreterTool, FileSearchTool, ToolResources
from specs.errors import InvalidRequest
from specs.openai import assistants_common as wire
from specs.openai.agents import (
    MAX_FILES,
    MAX_RESULTS,
    MAX_VECTOR_STORES,
    RankingOptions,
)
from specs.requests import FunctionTool, ResponseFormat, ToolChoice


def read_tools(asked: Sequence[wire.AssistantTool]) -> tuple[AgentTool, ...]:
    """The tools that are asked for.

    Raises InvalidRequest naming the field at fault.
    """
    return read_each(asked, _tool)


def _tool(asked: wire.AssistantTool, at: str) -> AgentTool:
    match asked:
        case wire.AssistantFunctionTool(function=function):
            at = f"{at}.function"
            description = None if isinstance(function.description, UnsetType) else function.description
            return FunctionTool(
                name_of_tool(function.name, param=f"{at}.name"),
                at_most(description, wire.MAX_INSTRUCTIONS, param=f"{at}.description"),
                free_object(function.parameters, param=f"{at}.parameters"),
                None if isinstance(function.strict, UnsetType) else function.strict,
            )
        case wire.AssistantFileSearchTool(file_search=search):
            return _file_search(search or wire.AssistantFileSearch(), f"{at}.file_search")
        case wire.AssistantCodeTool():
            return CodeInterpreterTool()
        case _:
            assert_never(asked)


def _file_search(search: wire.AssistantFileSearch, at: str) -> FileSearchTool:
    ranking = search.ranking_options or RankingOptions()
    options = f"{at}.ranking_options"
    return FileSearchTool(
        in_range(search.max_num_results, 1, MAX_RESULTS, param=f"{at}.max_num_results"),
        at_most(ranking.ranker, 256, param=f"{options}.ranker"),
        in_range(ranking.score_threshold, 0.0, 1.0, param=f"{options}.score_threshold"),
    )


def tool_to_wire(tool: AssistantTool) -> wire.AssistantTool:
    """A tool as this API shows it."""
    match tool:
        case FunctionTool():
            return wire.AssistantFunctionTool(
                wire.AssistantFunction(
                    tool.name,
                    UNSET if tool.description is None else tool.description,
                    tool.parameters,
                    tool.strict or False,
                )
            )
        case FileSearchTool():
            ranked = tool.ranker is not None or tool.score_threshold is not None
            ranking = RankingOptions(tool.ranker or "auto", tool.score_threshold or 0.0) if ranked else None
            if ranking is None and tool.max_num_results is None:
                return wire.AssistantFileSearchTool()
            return wire.AssistantFileSearchTool(wire.AssistantFileSearch(tool.max_num_results, ranking))
        case CodeInterpreterTool():
            return wire.AssistantCodeTool()
        case _:
            assert_never(tool)


def read_resources(asked: wire.NewToolResources | None, warnings: list[str]) -> ToolResources | None:
    """What tools are to work on.

    Raises InvalidRequest naming the field at fault.
    """
    if asked is None:
        return None
    at = "tool_resources"
    files = None if asked.code_interpreter is None else asked.code_interpreter.file_ids or ()
    stores = None if asked.file_search is None else asked.file_search.vector_store_ids or ()
    if asked.file_search is not None and asked.file_search.vector_stores:
        if stores:
            raise InvalidRequest(
                f"{at}.file_search: give vector_store_ids or vector_stores, not both.",
                param=f"{at}.file_search",
            )
        warnings.append(
            f"{at}.file_search.vector_stores was left out: vector stores cannot be made here yet."
        )
    check_ids(files, MAX_FILES, param=f"{at}.code_interpreter.file_ids")
    check_ids(stores, MAX_VECTOR_STORES, param=f"{at}.file_search.vector_store_ids")
    return ToolResources(files, stores)


def read_format(asked: wire.AssistantFormat | None) -> ResponseFormat | None:
    """The form an answer is to have.

    Raises InvalidRequest naming the field at fault.
    """
    match asked:
        case None:
            return None
        case wire.AssistantJsonFormat():
            return ResponseFormat("json_object")
        case wire.AssistantSchemaFormat(json_schema=schema):
            at = "response_format.json_schema"
            return ResponseFormat(
                "json_schema",
                name_of_tool(schema.name, param=f"{at}.name"),
                None if isinstance(schema.description, UnsetType) else schema.description,
                free_object(schema.schema, param=f"{at}.schema"),
                None if isinstance(schema.strict, UnsetType) else schema.strict,
            )
        case "auto" | wire.AssistantTextFormat():
            return ResponseFormat("text")
        case _:
            assert_never(asked)


def format_to_wire(format: ResponseFormat | None) -> wire.AssistantFormat:
    """The form an answer has by default, as this API shows it."""
    if format is None or format.kind == "text":
        return "auto"
    if format.kind == "json_object":
        return wire.AssistantJsonFormat()
    named = wire.NamedSchema(
        format.name or "answer",
        UNSET if format.description is None else format.description,
        format.schema,
        UNSET if format.strict is None else format.strict,
    )
    return wire.AssistantSchemaFormat(named)


def read_choice(asked: wire.AssistantToolChoice | None, warnings: list[str]) -> ToolChoice | None:
    """Which tool the model is to call.

    Raises InvalidRequest naming the field at fault.
    """
    match asked:
        case None:
            return None
        case str():
            return ToolChoice(asked)
        case wire.ChosenAssistantTool(type="function", function=chosen):
            at = "tool_choice.function"
            return ToolChoice("required", name=required(chosen, param=at).name, params=(f"{at}.name",))
        case wire.ChosenAssistantTool(type=kind):
            warnings.append(f"tool_choice was left out: a tool of type {kind!r} cannot be run here.")
            return None
        case _:
            assert_never(asked)
