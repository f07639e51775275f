"""How names are written: as OpenAI's clients know them, or as Open Responses has them, where whatever
is not of the specification bears our prefix. The one table of the names that differ is here.

Source: Open Responses 2026-04-24, "Extensions" and "Errors".
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, get_args

import msgspec
from msgspec import Struct, structs

from specs.errors import Failure
from specs.openai import response_events as wire
from specs.openai.common import ErrorBody, error_body
from specs.openai.mcp_tools import McpToolEcho
from specs.openai.response_items import OutputItem
from specs.openai.responses import CustomChoice, CustomToolEcho, McpChoice, Response
from specs.openai.search_tools import SearchChoice, SearchToolEcho

Item = TypeVar("Item", bound=Struct)
PREFIX = "dragoman:"
NAMES = {
    "mcp_call": "dragoman:mcp_call",
    "mcp_list_tools": "dragoman:mcp_list_tools",
    "mcp_approval_request": "dragoman:mcp_approval_request",
    "mcp_approval_response": "dragoman:mcp_approval_response",
    "web_search_call": "dragoman:web_search_call",
    "custom_tool_call": "dragoman:custom_tool_call",
    "custom_tool_call_output": "dragoman:custom_tool_call_output",
    "custom": "dragoman:custom",
    "mcp": "dragoman:mcp",
    "web_search": "dragoman:web_search",
    "response.mcp_call.in_progress": "dragoman:response.mcp_call.in_progress",
    "response.mcp_call.completed": "dragoman:response.mcp_call.completed",
    "response.mcp_call.failed": "dragoman:response.mcp_call.failed",
    "response.mcp_call_arguments.delta": "dragoman:response.mcp_call_arguments.delta",
    "response.mcp_call_arguments.done": "dragoman:response.mcp_call_arguments.done",
    "response.mcp_list_tools.in_progress": "dragoman:response.mcp_list_tools.in_progress",
    "response.mcp_list_tools.completed": "dragoman:response.mcp_list_tools.completed",
    "response.mcp_list_tools.failed": "dragoman:response.mcp_list_tools.failed",
    "response.web_search_call.in_progress": "dragoman:response.web_search_call.in_progress",
    "response.web_search_call.searching": "dragoman:response.web_search_call.searching",
    "response.web_search_call.completed": "dragoman:response.web_search_call.completed",
    "response.custom_tool_call_input.delta": "dragoman:response.custom_tool_call_input.delta",
    "response.custom_tool_call_input.done": "dragoman:response.custom_tool_call_input.done",
    "response.reasoning_text.delta": "response.reasoning.delta",
    "response.reasoning_text.done": "response.reasoning.done",
}
"""Types of items, tools and events: OpenAI's name → the strict one."""
ERROR_TYPES = {
    "invalid_request_error": "invalid_request",
    "authentication_error": "invalid_request",
    "permission_error": "invalid_request",
    "conflict_error": "invalid_request",
    "not_found_error": "not_found",
    "rate_limit_error": "too_many_requests",
    "insufficient_quota": "too_many_requests",
}
"""Types of errors; the others are the same."""


class Spelling:
    """The names of OpenAI's clients: everything as it is."""

    raw_reasoning = False
    """Whether thoughts are shown as reasoning text; else as summaries, which every client passes."""

    def events(self, values: list[Struct]) -> list[Struct]:
        """Events as they are written."""
        return values

    def response(self, value: Response) -> Response:
        """A whole response as it is written."""
        return value

    def item(self, value: Item) -> Item:
        """An item as it is written."""
        return value

    def error(self, failure: Failure) -> ErrorBody:
        """A failure in the error envelope."""
        return error_body(failure)


class StrictSpelling(Spelling):
    """The names of Open Responses."""

    raw_reasoning = True

    def events(self, values: list[Struct]) -> list[Struct]:
        """Events as they are written; most are the same."""
        return [_EVENTS.get(type(value), _same)(value) for value in values]

    def response(self, value: Response) -> Response:
        """A whole response as it is written."""
        return structs.replace(
            value,
            output=tuple(map(_renamed, value.output)),
            tools=tuple(map(_renamed, value.tools)),
            tool_choice=_choice(value.tool_choice),
        )

    def item(self, value: Item) -> Item:
        """An item as it is written."""
        return _renamed(value)

    def error(self, failure: Failure) -> ErrorBody:
        """A failure in the error envelope."""
        return error_body(structs.replace(failure, type=ERROR_TYPES.get(failure.type, failure.type)))


PLAIN = Spelling()
STRICT = StrictSpelling()


def plain_name(kind: str) -> str:
    """The type of an item or tool under its plain name: what is sent may bear our prefix."""
    bare = kind.removeprefix(PREFIX)
    return bare if bare in NAMES else kind


def _strict_kind(kind: type[Struct]) -> type[Struct]:
    """The same Struct under its strict name."""
    tag = NAMES[str(kind.__struct_config__.tag)]
    return msgspec.defstruct(kind.__name__, [], bases=(kind,), tag=tag, tag_field="type", frozen=True)


_KINDS: dict[type[Any], type[Any]] = {
    kind: _strict_kind(kind)
    for kind in (
        *get_args(OutputItem),
        *get_args(wire.ResponseStreamEvent),
        CustomToolEcho,
        CustomChoice,
        McpToolEcho,
        McpChoice,
        SearchToolEcho,
        SearchChoice,
    )
    if kind.__struct_config__.tag in NAMES
}


def _same(value: Any) -> Any:
    return value


def _renamed(value: Any) -> Any:
    kind = _KINDS.get(type(value))
    return value if kind is None else kind(*(getattr(value, field) for field in kind.__struct_fields__))


def _choice(choice: Any) -> Any:
    if hasattr(choice, "tools"):
        return structs.replace(choice, tools=tuple(map(_renamed, choice.tools)))
    return _renamed(choice)


def _with_item(event: Any) -> Any:
    return structs.replace(event, item=_renamed(event.item))


def _with_response(event: Any) -> Any:
    return structs.replace(event, response=STRICT.response(event.response))


_EVENTS: dict[type[Any], Callable[[Any], Any]] = {
    **dict.fromkeys(_KINDS, _renamed),
    **dict.fromkeys((wire.OutputItemAdded, wire.OutputItemDone), _with_item),
    **dict.fromkeys(
        (kind for kind in get_args(wire.ResponseStreamEvent) if issubclass(kind, wire.ResponseState)),
        _with_response,
    ),
}
