"""Calls that some server ran itself, sent back: a call and its result come as two blocks and are one item."""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec import Raw, UnsetType, structs

from service.dialects.base import NewId
from service.dialects.messages.parts import lifetime
from service.dialects.messages.searches import read_result
from service.dialects.validation import at_most, decode_part, free_object, shown
from specs.anthropic import blocks as wire
from specs.anthropic.blocks import CacheControl
from specs.errors import InvalidRequest
from specs.items import HostedCall, Item, Source
from specs.tools import SEARCH_TOOL

MAX_ID = 64
_SEALED = ("encrypted_content", "encrypted_index")
"""What only the server that ran the call can read."""

_anything: msgspec.json.Decoder[Any] = msgspec.json.Decoder()


class HostedReader:
    """Adds calls to the items, and their results to the calls."""

    def __init__(self, items: list[Item], new_id: NewId) -> None:
        self._items = items
        self._new_id = new_id
        self._at: dict[str, int] = {}

    def add_server_call(self, block: wire.ServerToolUseBlock, at: str) -> None:
        """A call of a tool that is known by its name alone."""
        self._add(block.id, block.name, block.name, block.input, block.cache_control, at)

    def add_mcp_call(self, block: wire.McpToolUseBlock, at: str) -> None:
        """A call of a tool of a named server."""
        self._add(block.id, block.server_name, block.name, block.input, block.cache_control, at)

    def add_server_result(self, block: wire.ServerToolResult, at: str) -> None:
        """What such a tool gave back: as it was read, where that is known, else as JSON text."""
        if isinstance(block, wire.WebSearchResult):
            content = None if isinstance(block.content, UnsetType) else _value(block.content, at)
            output, error, found = read_result(content)
        else:
            output, error, found = None, None, ()
        if output is None and error is None:
            output = _readable(block.content, at)
        self._finish(block.tool_use_id, output, error=error, mark=block.cache_control, at=at, sources=found)

    def add_mcp_result(self, block: wire.McpToolResultBlock, at: str) -> None:
        """What a server's tool gave back."""
        content = block.content or ""
        text = content if isinstance(content, str) else "".join(piece.text for piece in content)
        error = text if block.is_error else None
        self._finish(
            block.tool_use_id, None if block.is_error else text, error, mark=block.cache_control, at=at
        )

    def _add(
        self, id: str, label: str, name: str, given: Raw | UnsetType, mark: CacheControl | None, at: str
    ) -> None:
        at_most(id, MAX_ID, param=f"{at}.id")
        read = free_object(given, param=f"{at}.input")
        arguments = "{}" if isinstance(read, UnsetType) else bytes(read).decode()
        self._at[id] = len(self._items)
        kind = "web_search" if label == name == SEARCH_TOOL else "mcp"
        self._items.append(
            HostedCall(self._new_id("mcp"), id, label, name, arguments, cache=lifetime(mark), kind=kind)
        )

    def _finish(
        self,
        id: str,
        output: str | None,
        error: str | None,
        *,
        mark: CacheControl | None,
        at: str,
        sources: tuple[Source, ...] = (),
    ) -> None:
        position = self._at.get(id)
        if position is None:
            raise InvalidRequest(
                f"{at}.tool_use_id: {shown(id)} matches no call before it.", param=f"{at}.tool_use_id"
            )
        call = self._items[position]
        assert isinstance(call, HostedCall)
        self._items[position] = structs.replace(
            call, output=output, error=error, sources=sources, cache=lifetime(mark) or call.cache
        )


def _readable(content: Raw | UnsetType, at: str) -> str:
    """A result without what nobody here can read."""
    if isinstance(content, UnsetType):
        return ""
    value = _value(content, at)
    try:
        return msgspec.json.encode(_without_sealed(value)).decode()
    except RecursionError as error:
        raise InvalidRequest(f"{at}.content is nested too deeply.", param=f"{at}.content") from error


def _value(content: Raw, at: str) -> Any:
    return decode_part(content, _anything, param=f"{at}.content")


def _without_sealed(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _without_sealed(each) for name, each in value.items() if name not in _SEALED}
    if isinstance(value, list):
        return [_without_sealed(each) for each in value]
    return value
