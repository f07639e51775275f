"""Blocks one after another: clients read a block to its end before the next, models may write several at
once. What is said of a block waits until those before it have stopped."""

from __future__ import annotations

from collections import deque

from msgspec import Struct

from specs.anthropic.answers import AnswerBlock
from specs.anthropic.events import BlockDelta, ContentBlockDelta, ContentBlockStart, ContentBlockStop


class Block:
    """A block of the answer, at its place."""

    __slots__ = ("index", "stopped", "waiting")

    def __init__(self, index: int) -> None:
        self.index = index
        self.stopped = False
        self.waiting: list[Struct] = []


class BlockQueue:
    """Writes to `out`, which is the answer's stream."""

    def __init__(self, out: list[Struct]) -> None:
        self._out = out
        self._blocks: deque[Block] = deque()
        self._next = 0

    def place(self) -> Block:
        """Take the next place for a block that may start later."""
        block = Block(self._next)
        self._next += 1
        self._blocks.append(block)
        return block

    def start(self, block: Block, content: AnswerBlock) -> None:
        """A block starts."""
        self._say(block, ContentBlockStart(block.index, content))

    def grow(self, block: Block, *deltas: BlockDelta) -> None:
        """More of a block."""
        index = block.index
        self._say(block, *[ContentBlockDelta(index, delta) for delta in deltas])

    def stop(self, block: Block) -> None:
        """A block is whole; what waited for its end goes out."""
        self._say(block, ContentBlockStop(block.index))
        block.stopped = True
        while self._blocks and self._blocks[0].stopped:
            self._blocks.popleft()
            if self._blocks:
                self._out.extend(self._blocks[0].waiting)
                self._blocks[0].waiting.clear()

    def _say(self, block: Block, *events: Struct) -> None:
        out = self._out if block is self._blocks[0] else block.waiting
        out += events
