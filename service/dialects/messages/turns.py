"""The messages of a request, read into items.

Content that follows content shares a message, thinking that belongs together a reasoning item; each
call and each result is an item of its own.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

import msgspec
from msgspec import Raw, Struct, structs

from service.dialects.base import NewId
from service.dialects.messages.hosted import HostedReader
from service.dialects.messages.parts import CONTENT, PartReader, kind_of, lifetime
from service.dialects.messages.thinking import (
    Restored,
    restore_call,
    restore_redacted,
    restore_thinking,
)
from service.dialects.validation import at_most, decode_part, free_object, one_of, shown
from specs.anthropic import blocks as wire
from specs.errors import InvalidRequest
from specs.items import Compaction, FunctionCall, FunctionResult, Item, Message, MessagePart, Reasoning, Text
from specs.requests import FilePlace

MAX_PIECES = 8_192
"""Messages and blocks one request may have: more would hold up everyone else."""
MAX_CALL_ID = 64

_CONTENT_OF_ROLE: dict[str, tuple[str, ...]] = {
    "user": CONTENT,
    "assistant": ("text",),
    "system": ("text",),
}
Role = Literal["user", "assistant", "system"]


class _Turn(Struct, frozen=True):
    role: Role
    content: str | list[Raw]


_turn = msgspec.json.Decoder(_Turn)


class TurnReader:
    """Reads messages in order, remembering the calls that later results answer."""

    def __init__(self, new_id: NewId, warnings: list[str], files: list[FilePlace]) -> None:
        self.items: list[Item] = []
        self._new_id = new_id
        self._warnings = warnings
        self._parts = PartReader(warnings, files)
        self._hosted = HostedReader(self.items, new_id)
        self._open: list[MessagePart] = []
        self._role: Role = "user"
        self._call_ids: set[str] = set()
        self._signatures: dict[str, str] = {}
        """Signatures of calls that follow, by the call's id."""
        self._pieces = 0

    def read(self, turns: list[Raw]) -> tuple[Item, ...]:
        """Read the whole conversation.

        Raises InvalidRequest naming the message or block at fault.
        """
        if not turns:
            raise InvalidRequest("messages must have at least one message.", param="messages")
        for index, raw in enumerate(turns):
            at = f"messages[{index}]"
            turn = decode_part(raw, _turn, param=at)
            self._count(1 if isinstance(turn.content, str) else 1 + len(turn.content))
            self._role = turn.role
            self._add(turn.content, f"{at}.content")
            self._end_message()
        if not self.items:
            raise InvalidRequest("messages must hold at least one block that can be used.", param="messages")
        return tuple(self.items)

    def _count(self, pieces: int) -> None:
        self._pieces += pieces
        if self._pieces > MAX_PIECES:
            raise InvalidRequest(
                f"messages may have at most {MAX_PIECES} messages and blocks together.", param="messages"
            )

    def _add(self, content: str | list[Raw], at: str) -> None:
        if isinstance(content, str):
            self._open.append(Text(content))
            return
        for index, raw in enumerate(content):
            place = f"{at}[{index}]"
            self._add_block(kind_of(raw, place), raw, place)

    def _add_block(self, kind: str, raw: Raw, at: str) -> None:
        if kind in CONTENT:
            one_of(kind, _CONTENT_OF_ROLE[self._role], param=f"{at}.type")
            self._open += self._parts.read(kind, raw, at)
            return
        reader = READERS.get(kind)
        if reader is None:
            self._warnings.append(f"{at} was left out: a block of type {shown(kind)} cannot be used here.")
            return
        self._end_message()
        decoder, role, add = reader
        if self._role != role:
            raise InvalidRequest(
                f"{at}.type: {shown(kind)} may stand in a message of the {role} only.", param=f"{at}.type"
            )
        add(self, decode_part(raw, decoder, param=at), at)

    def _end_message(self) -> None:
        """What was said so far in this message is an item; text that is empty says nothing."""
        parts, self._open = self._open, []
        parts = [part for part in parts if not isinstance(part, Text) or part.text]
        if parts:
            self.items.append(Message(self._new_id("msg"), self._role, tuple(parts)))

    def _add_thinking(self, block: wire.ThinkingBlock, at: str) -> None:
        self._add_reasoning(restore_thinking(block.thinking, block.signature, new_id=self._new_id("rs")))

    def _add_redacted(self, block: wire.RedactedThinkingBlock, at: str) -> None:
        signed = restore_call(block.data)
        if signed is not None:
            self._signatures[signed.call_id] = signed.signature
            return
        self._add_reasoning(restore_redacted(block.data, new_id=self._new_id("rs")))

    def _add_reasoning(self, restored: Restored) -> None:
        before = self.items[-1] if self.items else None
        if isinstance(before, Reasoning) and before.id == restored.item.id:
            self.items[-1] = structs.replace(before, content=(*before.content, restored.part))
        else:
            self.items.append(structs.replace(restored.item, content=(restored.part,)))

    def _add_call(self, block: wire.ToolUseBlock, at: str) -> None:
        at_most(block.id, MAX_CALL_ID, param=f"{at}.id")
        given = free_object(block.input, param=f"{at}.input")
        self._call_ids.add(block.id)
        arguments = "{}" if isinstance(given, msgspec.UnsetType) else bytes(given).decode()
        self.items.append(
            FunctionCall(
                self._new_id("fc"),
                block.id,
                block.name,
                arguments,
                signature=self._signatures.pop(block.id, None),
                cache=lifetime(block.cache_control),
            )
        )

    def _add_result(self, block: wire.ToolResultBlock, at: str) -> None:
        if block.tool_use_id not in self._call_ids:
            raise InvalidRequest(
                f"{at}.tool_use_id: {shown(block.tool_use_id)} matches no tool_use of an earlier message.",
                param=f"{at}.tool_use_id",
            )
        self.items.append(
            FunctionResult(
                self._new_id("fco"),
                block.tool_use_id,
                self._result_parts(block.content, f"{at}.content"),
                error=bool(block.is_error),
                cache=lifetime(block.cache_control),
            )
        )

    def _result_parts(self, content: str | list[Raw] | None, at: str) -> tuple[MessagePart, ...]:
        if content is None or isinstance(content, str):
            return (Text(content),) if content else ()
        self._count(len(content))
        found: list[MessagePart] = []
        for index, raw in enumerate(content):
            place = f"{at}[{index}]"
            kind = kind_of(raw, place)
            if kind in CONTENT:
                found += self._parts.read(kind, raw, place)
            else:
                self._warnings.append(
                    f"{place} was left out: a block of type {shown(kind)} cannot be used here."
                )
        return tuple(found)

    def _add_server_call(self, block: wire.ServerToolUseBlock, at: str) -> None:
        self._hosted.add_server_call(block, at)

    def _add_mcp_call(self, block: wire.McpToolUseBlock, at: str) -> None:
        self._hosted.add_mcp_call(block, at)

    def _add_server_result(self, block: wire.ServerToolResult, at: str) -> None:
        self._hosted.add_server_result(block, at)

    def _add_mcp_result(self, block: wire.McpToolResultBlock, at: str) -> None:
        self._hosted.add_mcp_result(block, at)

    def _add_summary(self, block: wire.CompactionBlock, at: str) -> None:
        if block.content:
            self.items.append(Compaction(self._new_id("cmp"), summary=block.content))


READERS: dict[str, tuple[msgspec.json.Decoder[Any], Role, Callable[[TurnReader, Any, str], None]]] = {
    "thinking": (msgspec.json.Decoder(wire.ThinkingBlock), "assistant", TurnReader._add_thinking),
    "redacted_thinking": (
        msgspec.json.Decoder(wire.RedactedThinkingBlock),
        "assistant",
        TurnReader._add_redacted,
    ),
    "tool_use": (msgspec.json.Decoder(wire.ToolUseBlock), "assistant", TurnReader._add_call),
    "tool_result": (msgspec.json.Decoder(wire.ToolResultBlock), "user", TurnReader._add_result),
    "server_tool_use": (
        msgspec.json.Decoder(wire.ServerToolUseBlock),
        "assistant",
        TurnReader._add_server_call,
    ),
    "mcp_tool_use": (msgspec.json.Decoder(wire.McpToolUseBlock), "assistant", TurnReader._add_mcp_call),
    "mcp_tool_result": (
        msgspec.json.Decoder(wire.McpToolResultBlock),
        "assistant",
        TurnReader._add_mcp_result,
    ),
    "compaction": (msgspec.json.Decoder(wire.CompactionBlock), "assistant", TurnReader._add_summary),
    **dict.fromkeys(
        wire.SERVER_RESULTS,
        (msgspec.json.Decoder(wire.ServerToolResult), "assistant", TurnReader._add_server_result),
    ),
    "web_search_tool_result": (
        msgspec.json.Decoder(wire.WebSearchResult),
        "assistant",
        TurnReader._add_server_result,
    ),
}
"""By type: how a block is decoded, in whose message it may stand, and who adds it."""
