"""Writers: how the items of a run become blocks as they grow. One for each item."""

from __future__ import annotations

from msgspec import structs

from service.dialects.messages.answer import (
    EMPTY_INPUT,
    call_input,
    citation,
    hosted_result,
    hosted_use,
    signed_before,
    thinking_block,
)
from service.dialects.messages.block_queue import Block, BlockQueue
from specs.anthropic.answers import AnswerCompaction, AnswerText, AnswerThinking, AnswerToolUse
from specs.anthropic.events import (
    CitationsDelta,
    CompactionDelta,
    InputJsonDelta,
    SignatureDelta,
    TextDelta,
    ThinkingDelta,
)
from specs.items import (
    Annotation,
    Arguments,
    Compaction,
    FunctionCall,
    HostedCall,
    Item,
    Message,
    Part,
    Reasoning,
    ReasoningPart,
    Refusal,
    Sealed,
    Summary,
    Text,
    Thought,
)


class Writer:
    """Writes one item. What happens to an item and does not show in its blocks does nothing here."""

    def start_part(self, part: int, content: Part) -> None:
        """A part begins."""

    def grow(self, part: int, texts: list[str]) -> None:
        """More of a part."""

    def annotate(self, part: int, annotation: Annotation) -> None:
        """A source of a part."""

    def end_part(self, part: int, content: Part) -> None:
        """A part is whole."""

    def end(self, item: Item) -> None:
        """The item is whole."""


def writer_of(item: Item, queue: BlockQueue, *, hides_thinking: bool) -> Writer | None:
    """The writer of an item that has started; None where it is not shown."""
    match item:
        case Message():
            return MessageWriter(queue)
        case Reasoning():
            return ThinkingWriter(item, queue, hidden=hides_thinking)
        case FunctionCall():
            return CallWriter(item, queue)
        case HostedCall():
            return HostedWriter(item, queue)
        case Compaction():
            return SummaryWriter(queue)
        case _:
            return None


class MessageWriter(Writer):
    """Text: a block a part, from its first word on; a part without any is no block."""

    def __init__(self, queue: BlockQueue) -> None:
        self._queue = queue
        self._blocks: dict[int, Block] = {}
        self._early: dict[int, list[Annotation]] = {}
        """Citations that came before the text."""

    def grow(self, part: int, texts: list[str]) -> None:
        """More text."""
        block = self._blocks.get(part)
        if block is None:
            block = self._blocks[part] = self._queue.place()
            first, *texts = texts
            self._queue.start(block, AnswerText(""))
            self._queue.grow(block, TextDelta(first))
            for annotation in self._early.pop(part, ()):
                self.annotate(part, annotation)
        self._queue.grow(block, *map(TextDelta, texts))

    def annotate(self, part: int, annotation: Annotation) -> None:
        """A source of the text."""
        block = self._blocks.get(part)
        if block is None:
            self._early.setdefault(part, []).append(annotation)
        else:
            self._queue.grow(block, CitationsDelta(citation(annotation)))

    def end_part(self, part: int, content: Part) -> None:
        """The text is whole."""
        block = self._blocks.pop(part, None)
        if block is not None and isinstance(content, Text | Refusal):
            self._queue.stop(block)


class ThinkingWriter(Writer):
    """Thinking: a block a part; its signature comes last."""

    def __init__(self, item: Reasoning, queue: BlockQueue, *, hidden: bool) -> None:
        self._item = item
        self._queue = queue
        self._hidden = hidden
        self._blocks: dict[int, Block] = {}
        self._sealed: set[int] = set()

    def start_part(self, part: int, content: Part) -> None:
        """A thought begins; one that is sealed is shown when it is whole."""
        block = self._blocks[part] = self._queue.place()
        if isinstance(content, Sealed):
            self._sealed.add(part)
        else:
            self._queue.start(block, AnswerThinking("", ""))

    def grow(self, part: int, texts: list[str]) -> None:
        """More of a thought."""
        if part not in self._sealed and not self._hidden:
            self._queue.grow(self._blocks[part], *map(ThinkingDelta, texts))

    def end_part(self, part: int, content: Part) -> None:
        """A thought is whole."""
        if isinstance(content, Thought | Summary | Sealed):
            self._end_part(self._blocks.pop(part), content)

    def _end_part(self, block: Block, content: ReasoningPart) -> None:
        whole = thinking_block(self._item, content, hidden=self._hidden)
        if not isinstance(whole, AnswerThinking):
            self._queue.start(block, whole)
        elif whole.signature:
            self._queue.grow(block, SignatureDelta(whole.signature))
        self._queue.stop(block)


class CallWriter(Writer):
    """A call of a tool the caller runs: its input grows as the model writes it.

    Clients parse what they have of it all the time, and fail at what cannot become an object. Free text
    of a custom tool, and what does not begin as an object does, goes out whole, inside of one.
    """

    def __init__(self, call: FunctionCall, queue: BlockQueue) -> None:
        self._queue = queue
        self._custom = call.custom
        self._held = ""
        self._grown = False
        for signed in signed_before(call):
            before = queue.place()
            queue.start(before, signed)
            queue.stop(before)
        self._block = queue.place()
        queue.start(self._block, AnswerToolUse(call.call_id, call.name, EMPTY_INPUT))

    def grow(self, part: int, texts: list[str]) -> None:
        """More of the input."""
        if not self._grown:
            texts = self._let_out(texts)
        self._queue.grow(self._block, *map(InputJsonDelta, texts))

    def end(self, item: Item) -> None:
        """The call is whole."""
        assert isinstance(item, FunctionCall)
        if not self._grown and (given := call_input(item)) is not EMPTY_INPUT:
            self._queue.grow(self._block, InputJsonDelta(bytes(given).decode()))
        self._queue.stop(self._block)

    def _let_out(self, texts: list[str]) -> list[str]:
        """What goes out once it is seen that an object begins; until then nothing does."""
        for number, text in enumerate(texts, 1):
            self._held += text
            if not self._custom and self._held.lstrip().startswith("{"):
                self._grown = True
                return [self._held, *texts[number:]]
        return []


class SummaryWriter(Writer):
    """A summary of what went before, shown when it is whole."""

    def __init__(self, queue: BlockQueue) -> None:
        self._queue = queue
        self._block = queue.place()

    def end(self, item: Item) -> None:
        """The summary is there."""
        assert isinstance(item, Compaction)
        self._queue.start(self._block, AnswerCompaction(None))
        self._queue.grow(self._block, CompactionDelta(item.summary))
        self._queue.stop(self._block)


class HostedWriter(Writer):
    """A call the server runs: shown when its input is whole, its result after it.

    The input stands in the block and comes as a delta too: some clients read the one, some the other.
    """

    def __init__(self, call: HostedCall, queue: BlockQueue) -> None:
        self._call = call
        self._queue = queue
        self._shown = False
        self._use = queue.place()
        self._result = queue.place()

    def end_part(self, part: int, content: Part) -> None:
        """The input is whole."""
        if isinstance(content, Arguments):
            self._show(structs.replace(self._call, arguments=content.text))

    def end(self, item: Item) -> None:
        """The result is there, or was given up."""
        assert isinstance(item, HostedCall)
        if not self._shown:
            self._show(item)
        self._queue.start(self._result, hosted_result(item))
        self._queue.stop(self._result)

    def _show(self, call: HostedCall) -> None:
        self._shown = True
        use = hosted_use(call)
        self._queue.start(self._use, use)
        self._queue.grow(self._use, InputJsonDelta(bytes(use.input).decode()))
        self._queue.stop(self._use)
