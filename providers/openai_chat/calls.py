"""Tool calls, put together from deltas that servers cut and name in many ways.

Known ways: an id in every chunk or only an empty one, a missing index or 0 for every call, the name
repeated or split, arguments as an object. A call is opened when its arguments begin, for only then is
its name known to be whole.
"""

from __future__ import annotations

import msgspec
from msgspec import Raw

from providers.openai_chat.wire import WireFunction, WireToolCall, decode_text, is_given
from providers.parts import PartTracker
from specs.items import Arguments, FunctionCall

MAX_CALL_ID = 64
"""Characters of a `call_id` that every API accepts."""


class _Call:
    __slots__ = ("key", "name", "opened", "upstream_id")

    def __init__(self, key: tuple[str, int], name: str, upstream_id: str) -> None:
        self.key = key
        self.name = name
        self.upstream_id = upstream_id
        self.opened = False


class CallJoiner:
    """Feed it tool call deltas; the calls appear in the tracker and stay open there."""

    def __init__(self, tracker: PartTracker) -> None:
        self._tracker = tracker
        self._calls: list[_Call] = []
        self._by_index: dict[int, _Call] = {}
        self._by_id: dict[str, _Call] = {}
        self._call_ids: set[str] = set()

    def __len__(self) -> int:
        return len(self._calls)

    def feed(self, wire: WireToolCall) -> None:
        """Take in one element of `tool_calls`."""
        function = wire.function or WireFunction()
        call = self._call_of(wire, function)
        text = _arguments(function.arguments)
        if text:
            self._open(call)
            self._tracker.delta(call.key, "arguments", text)

    def settle(self) -> None:
        """Open the calls whose arguments have not begun: something else comes now."""
        for call in self._calls:
            self._open(call)

    def finish(self) -> None:
        """The answer is whole: a call without arguments gets the empty object."""
        self.settle()
        for call in self._calls:
            if not self._tracker.part_text(call.key, "arguments"):
                self._tracker.delta(call.key, "arguments", "{}")

    def _call_of(self, wire: WireToolCall, function: WireFunction) -> _Call:
        upstream_id = "" if wire.id is None else str(wire.id)
        name = function.name or ""
        call = self._known(wire.index, upstream_id)
        if call is None or self._is_another(call, upstream_id, function):
            call = self._start(name, upstream_id)
        elif name and not call.opened and name != call.name:
            call.name = name if name.startswith(call.name) else call.name + name
        if wire.index is not None:
            self._by_index[wire.index] = call
        if upstream_id:
            self._by_id[upstream_id] = call
            call.upstream_id = call.upstream_id or upstream_id
        return call

    def _known(self, index: int | None, upstream_id: str) -> _Call | None:
        if index is not None:
            return self._by_index.get(index)
        return self._by_id.get(upstream_id) or (self._calls[-1] if self._calls else None)

    def _is_another(self, call: _Call, upstream_id: str, function: WireFunction) -> bool:
        """Whether a delta that points at a known call begins the next one all the same."""
        name = function.name
        if not name or (upstream_id and upstream_id == call.upstream_id):
            return False
        if upstream_id and call.upstream_id:
            return name != call.name or self._is_whole(call)
        return self._is_whole(call) and (name != call.name or is_given(function.arguments))

    def _is_whole(self, call: _Call) -> bool:
        if not call.opened:
            return False
        try:
            msgspec.json.decode(self._tracker.part_text(call.key, "arguments"), type=Raw)
        except msgspec.DecodeError:
            return False
        return True

    def _start(self, name: str, upstream_id: str) -> _Call:
        self.settle()
        call = _Call(("call", len(self._calls)), name, upstream_id)
        self._calls.append(call)
        return call

    def _open(self, call: _Call) -> None:
        if call.opened:
            return
        call.opened = True
        new_id = self._tracker.call.new_id
        skeleton = FunctionCall(
            id=new_id("fc"), call_id=self._call_id(call.upstream_id), name=call.name, status="in_progress"
        )
        self._tracker.start_item(call.key, skeleton)
        self._tracker.start_part(call.key, "arguments", Arguments())

    def _call_id(self, upstream_id: str) -> str:
        """The provider's own id where it is usable, else a new one."""
        usable = upstream_id and len(upstream_id) <= MAX_CALL_ID and upstream_id not in self._call_ids
        call_id = upstream_id if usable else self._tracker.call.new_id("call")
        self._call_ids.add(call_id)
        return call_id


def _arguments(raw: Raw) -> str:
    """The text of the arguments: a JSON string's content, or an object as it stands."""
    data = bytes(raw)
    if data in (b"", b"null", b'""'):
        return ""
    return decode_text(raw) if data[0] == 34 else data.decode()
