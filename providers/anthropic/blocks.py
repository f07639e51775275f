"""Content blocks as parts of items: which item a block belongs to, and when that item ends.

Text blocks that follow each other share a message, thinking blocks a reasoning item, and each
`tool_use` is a call. A search of the provider's own is two blocks and one item. Blocks may
interleave. A block we do not model is told of and left out.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, TypeAlias

import msgspec
from msgspec import UNSET, Raw, UnsetType

from providers.alike import Mould
from providers.anthropic import wire
from providers.anthropic.citations import annotation, kind
from providers.anthropic.searches import RESULT, searched
from providers.parts import PartTracker
from providers.searching import search_begun
from specs.items import Arguments, FunctionCall, HostedCall, Message, Reasoning, Sealed, Text, Thought
from specs.tools import SEARCH_TOOL

MAX_CALL_ID = 64
"""Characters of a call id that every API we serve accepts."""

_Kind: TypeAlias = Literal["message", "reasoning", "call", "search"]


class _Group:
    """An item under way and how many of its blocks are."""

    __slots__ = ("key", "kind", "open")

    def __init__(self, kind: _Kind, key: int) -> None:
        self.kind = kind
        self.key = key
        self.open = 0


class _Search(_Group):
    """A search: the block that asks for it, and the arguments a stream told beside it."""

    __slots__ = ("arguments", "index", "use")

    def __init__(self, key: int, index: int, use: Raw) -> None:
        super().__init__("search", key)
        self.open = 1
        """The result, which is to come."""
        self.index = index
        self.use = use
        self.arguments = ""


class _Block:
    """A block that has started. `group` is None for one we do not model."""

    __slots__ = ("citations", "group", "signature", "start")

    def __init__(self, group: _Group | None, start: wire.Block) -> None:
        self.group = group
        self.start = start
        self.signature = start.signature or ""
        self.citations = list(start.citations or ())


class Blocks:
    """The blocks of one answer, by the index the provider gives them."""

    def __init__(self, tracker: PartTracker, *, origin: str, unknown: Callable[[str, str], None]) -> None:
        self._tracker = tracker
        self._origin = origin
        self._unknown = unknown
        self._blocks: dict[int, _Block] = {}
        self._group: _Group | None = None
        self._groups = 0
        self._searches: dict[str, _Search] = {}
        """Those that have no result yet, by the provider's id of them."""

    def add(self, index: int, block: Raw) -> None:
        """A block that came whole."""
        self.start(index, block)
        self.stop(index)

    def start(self, index: int, raw: Raw) -> None:
        """A block has started; one of the same index ends before it."""
        self.stop(index)
        block = wire.read_block(raw)
        search = self._searches.pop(block.tool_use_id or "", None) if block.type == RESULT else None
        if search is not None:
            self._conclude(search, block, raw)
            self._blocks[index] = _Block(None, block)
        elif block.type == "server_tool_use" and block.name == SEARCH_TOOL:
            self._open(index, block, self._start_search(index, block, raw))
        elif (starter := _STARTERS.get(block.type)) is not None:
            self._open(index, block, starter(self, index, block))
        else:
            self._unknown("content block", block.type)
            self._blocks[index] = _Block(None, block)

    def _open(self, index: int, block: wire.Block, group: _Group) -> None:
        group.open += 1
        self._blocks[index] = _Block(group, block)

    def grow(self, index: int, delta: wire.BlockDelta) -> None:
        """More of a block."""
        block = self._blocks.get(index) or self._implied_by(index, delta)
        if block is None or block.group is None:
            return
        key = block.group.key
        match delta.type:
            case "text_delta":
                self._tracker.delta(key, index, delta.text or "")
            case "input_json_delta":
                self._tracker.delta(key, index, delta.partial_json or "")
            case "thinking_delta":
                self._tracker.delta(key, index, delta.thinking or "")
            case "signature_delta":
                block.signature += delta.signature or ""
            case "citations_delta":
                block.citations.append(Raw(b"{}") if delta.citation is UNSET else delta.citation)
            case _:
                self._unknown("delta", delta.type)

    def cast_text(self, index: int, mould: Mould) -> None:
        """What comes from this mould is more of the text of a block that has grown."""
        block = self._blocks[index]
        if block.group is not None:
            self._tracker.cast(block.group.key, index, mould)

    def stop(self, index: int) -> None:
        """A block is whole. Its item stays open for the next of its kind."""
        block = self._blocks.pop(index, None)
        if block is None or block.group is None:
            return
        group, tracker = block.group, self._tracker
        if isinstance(group, _Search):
            group.arguments = tracker.part_text(group.key, index)
        if group.kind in ("call", "search") and not tracker.part_text(group.key, index):
            tracker.delta(group.key, index, _arguments(block.start.input))
        self._annotate(group.key, index, block.citations)
        changes = {"signature": block.signature} if block.signature else {}
        tracker.end_part(group.key, index, **changes)
        group.open -= 1
        if group is not self._group and not group.open:
            tracker.end_item(group.key)

    def stop_all(self) -> None:
        """The answer is whole, and with it every block."""
        for index in list(self._blocks):
            self.stop(index)
        for search in self._searches.values():
            self._tracker.end_item(search.key, "incomplete")
        self._searches.clear()

    def _implied_by(self, index: int, delta: wire.BlockDelta) -> _Block | None:
        """A delta whose block never started opens the block it implies, if it implies one."""
        kind = {"text_delta": "text", "thinking_delta": "thinking"}.get(delta.type)
        if kind is None:
            self._unknown("delta without its block", delta.type)
            return None
        block = wire.Block(type=kind)
        self._open(index, block, _STARTERS[kind](self, index, block))
        return self._blocks[index]

    def _join(self, kind: _Kind) -> _Group:
        """The item that a block of this kind belongs to; the one before ends when its blocks have."""
        current = self._group
        if current is not None and current.kind == kind and kind != "call":
            return current
        return self._follow(_Group(kind, self._groups))

    def _follow(self, group: _Group) -> _Group:
        """This item comes next."""
        if self._group is not None and not self._group.open:
            self._tracker.end_item(self._group.key)
        self._group = group
        self._groups += 1
        return group

    def _start_text(self, index: int, block: wire.Block) -> _Group:
        group = self._join("message")
        if not self._tracker.has(group.key):
            self._tracker.start_item(group.key, Message(self._id("msg"), "assistant", status="in_progress"))
        self._tracker.start_part(group.key, index, Text())
        self._tracker.delta(group.key, index, block.text or "")
        return group

    def _start_thinking(self, index: int, block: wire.Block) -> _Group:
        return self._start_reasoning(index, Thought(), block.thinking)

    def _start_redacted(self, index: int, block: wire.Block) -> _Group:
        return self._start_reasoning(index, Sealed(), block.data)

    def _start_reasoning(self, index: int, part: Thought | Sealed, text: str | None) -> _Group:
        group = self._join("reasoning")
        if not self._tracker.has(group.key):
            item = Reasoning(self._id("rs"), status="in_progress", origin=self._origin)
            self._tracker.start_item(group.key, item)
        self._tracker.start_part(group.key, index, part)
        self._tracker.delta(group.key, index, text or "")
        return group

    def _start_call(self, index: int, block: wire.Block) -> _Group:
        group = self._join("call")
        given = block.id or ""
        call_id = given if 0 < len(given) <= MAX_CALL_ID else self._id("call")
        call = FunctionCall(self._id("fc"), call_id, block.name or "", status="in_progress")
        self._tracker.start_item(group.key, call)
        self._tracker.start_part(group.key, index, Arguments())
        return group

    def _start_search(self, index: int, block: wire.Block, raw: Raw) -> _Group:
        search = _Search(self._groups, index, raw)
        self._follow(search)
        id = self._id("ws")
        given = block.id or ""
        call_id = given if 0 < len(given) <= MAX_CALL_ID else id
        item = search_begun(id, call_id, step=self._tracker.call.step, origin=self._origin)
        self._tracker.start_item(search.key, item)
        self._tracker.start_part(search.key, index, Arguments())
        self._searches[given] = search
        return search

    def _conclude(self, search: _Search, block: wire.Block, raw: Raw) -> None:
        """A search's result, which comes whole."""
        asking = self._blocks.get(search.index)
        if asking is not None and asking.group is search:
            self.stop(search.index)
        item = self._tracker.item(search.key)
        assert isinstance(item, HostedCall)
        item = searched(item, search.use, search.arguments, raw, block.content)
        self._tracker.replace_item(search.key, item)
        self._tracker.end_item(search.key, "completed" if item.error is None else "failed")
        search.open -= 1

    def _annotate(self, key: int, index: int, citations: list[Raw]) -> None:
        """A block's citations are for all of its text, and may come before it."""
        length = len(self._tracker.part_text(key, index)) if citations else 0
        for citation in citations:
            found = annotation(citation, length)
            if found is None:
                self._unknown("citation", kind(citation))
            else:
                self._tracker.annotate(key, index, found)

    def _id(self, prefix: str) -> str:
        return self._tracker.call.new_id(prefix)


_STARTERS: dict[str, Callable[[Blocks, int, wire.Block], _Group]] = {
    "text": Blocks._start_text,
    "thinking": Blocks._start_thinking,
    "redacted_thinking": Blocks._start_redacted,
    "tool_use": Blocks._start_call,
}


def _arguments(given: Raw | UnsetType) -> str:
    """The input of a call that came without deltas, as compact JSON text."""
    if given is UNSET or bytes(given) == b"null":
        return "{}"
    return msgspec.json.format(bytes(given), indent=-1).decode()
