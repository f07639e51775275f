"""The calls of a streamed answer, written one after another.

The official SDKs take a chunk of another call for the end of the one before and parse its
arguments there, so a call that streams beside an earlier one waits until that has ended.
"""

from __future__ import annotations

from msgspec import UNSET

from specs.events import Delta
from specs.items import FunctionCall
from specs.openai.chat import ChunkChoice, ChunkDelta, CustomCallDelta, FunctionCallDelta, ToolCallDelta


class _Turn:
    __slots__ = ("custom", "ended", "position", "waiting", "with_arguments")

    def __init__(self, position: int, *, custom: bool) -> None:
        self.position = position
        self.custom = custom
        self.waiting: list[ChunkChoice] = []
        self.with_arguments = False
        self.ended = False


class CallWriter:
    """Writes the calls of one answer; `old_form` writes the first as `function_call`."""

    def __init__(self, *, old_form: bool) -> None:
        self._old_form = old_form
        self._turns: dict[int, _Turn] = {}
        """The calls that are open or wait for their turn, in order, by item index."""
        self.count = 0
        """Calls seen so far."""

    def has(self, index: int) -> bool:
        """Whether the item with this index is a call that has not ended."""
        return index in self._turns

    def start(self, index: int, call: FunctionCall) -> list[ChunkChoice]:
        """A call begins; nothing is said where it has to wait for its turn, as in the other methods."""
        turn = self._turns[index] = _Turn(self.count, custom=call.custom)
        self.count += 1
        return self._say(index, [self._choice(turn, call, "")])

    def arguments(self, index: int, deltas: list[Delta]) -> list[ChunkChoice]:
        """A call's arguments grow."""
        turn = self._turns[index]
        turn.with_arguments = True
        return self._say(index, [self._choice(turn, None, delta.data) for delta in deltas])

    def end(self, index: int, call: FunctionCall) -> list[ChunkChoice]:
        """A call is whole; gives what it did not stream, and what was waiting for its end."""
        turn = self._turns[index]
        turn.ended = True
        if call.arguments and not turn.with_arguments:
            turn.waiting.append(self._choice(turn, None, call.arguments))
        return self._next_turns()

    def _next_turns(self) -> list[ChunkChoice]:
        said: list[ChunkChoice] = []
        for index, turn in list(self._turns.items()):
            said.extend(turn.waiting)
            turn.waiting.clear()
            if not turn.ended:
                break
            del self._turns[index]
        return said

    def _say(self, index: int, choices: list[ChunkChoice]) -> list[ChunkChoice]:
        if index == next(iter(self._turns)):
            return choices
        self._turns[index].waiting += choices
        return []

    def _choice(self, turn: _Turn, begun: FunctionCall | None, arguments: str) -> ChunkChoice:
        if turn.custom:
            return _said(_custom_delta(turn.position, begun, arguments))
        position = turn.position
        function = FunctionCallDelta(begun.name if begun else UNSET, arguments)
        if self._old_form:
            if position == 0:
                return ChunkChoice(0, ChunkDelta(function_call=function))
            position -= 1  # calls beyond the one that form holds come in the new form
        if begun is None:
            return _said(ToolCallDelta(position, function=function))
        return _said(ToolCallDelta(position, begun.call_id, "function", function))


def _custom_delta(position: int, begun: FunctionCall | None, text: str) -> ToolCallDelta:
    if begun is None:
        return ToolCallDelta(position, custom=CustomCallDelta(input=text))
    return ToolCallDelta(position, begun.call_id, "custom", custom=CustomCallDelta(begun.name, text))


def _said(call: ToolCallDelta) -> ChunkChoice:
    return ChunkChoice(0, ChunkDelta(tool_calls=(call,)))
