"""What the model says, put together: text, refusals and citations into messages, thoughts into
reasoning items. Each kind ends the other; calls stay open beside them.
"""

from __future__ import annotations

from typing import Literal, TypeAlias

from msgspec import Raw

from providers.alike import Mould
from providers.openai_chat.calls import CallJoiner
from providers.openai_chat.think import ThinkSplitter
from providers.parts import PartTracker
from specs.items import Annotation, Message, Reasoning, ReasoningPart, Refusal, Sealed, Summary, Text, Thought

ThoughtKind: TypeAlias = Literal["thought", "summary", "sealed"]

_MESSAGE = "message"
_REASONING = "reasoning"
_TEXT = ("text", 0)
_REFUSAL = ("refusal", 0)


class Answer:
    """Say what was seen; the events appear in the tracker."""

    def __init__(self, tracker: PartTracker, *, origin: str, think_tags: bool) -> None:
        self.calls = CallJoiner(tracker)
        self._tracker = tracker
        self._origin = origin
        self._think = ThinkSplitter() if think_tags else None
        self._part: tuple[str, int] | None = None
        self._signature = ""
        self._citations: list[Annotation] = []

    def text(self, text: str, logprobs: tuple[Raw, ...] = ()) -> None:
        """More text, which may hold thought between tags."""
        if self._think is None:
            self._plain_text(text, logprobs)
            return
        for kind, piece in self._think.feed(text):
            if kind == "text":
                self._plain_text(piece, logprobs)
            else:
                self.thought("thought", 0, piece)

    def more_text(self, text: str) -> bool:
        """More of the text that is open; False where none is, or where it may hold thought."""
        if self._part is not _TEXT or self._think is not None:
            return False
        self._tracker.delta(_MESSAGE, _TEXT, text)
        return True

    def cast_text(self, mould: Mould) -> None:
        """What comes from this mould is more of the text that is open."""
        self._tracker.cast(_MESSAGE, _TEXT, mould)

    def refusal(self, text: str) -> None:
        """More of why the model declines."""
        if self._part != _REFUSAL:
            self._open_message_part(_REFUSAL, Refusal())
        self._tracker.delta(_MESSAGE, _REFUSAL, text)

    def cite(self, citation: Annotation) -> None:
        """A citation of the text. It may come before its text; then it waits."""
        self._citations.append(citation)
        if self._part == _TEXT:
            self._attach_citations()

    def thought(self, kind: ThoughtKind, index: int, text: str, signature: str = "") -> None:
        """More reasoning; another kind or index begins another part."""
        key = (kind, index)
        if self._part != key:
            if not self._tracker.has(_REASONING):
                self._open_reasoning()
            self._open_part(_REASONING, key, _SKELETONS[kind])
        self._tracker.delta(_REASONING, key, text)
        self._signature += signature

    def end_speech(self) -> None:
        """End the message or reasoning that is open: a call comes."""
        self._release_held()
        self._end_item(_MESSAGE)
        self._end_item(_REASONING)

    def finish(self, *, whole: bool) -> None:
        """The answer is over. What is open stays so for the end of the step, which knows its status."""
        self._release_held()
        self._end_part(_REASONING if self._tracker.has(_REASONING) else _MESSAGE)
        if whole:
            self.calls.finish()
        self.calls.settle()
        if self._citations:
            self._tracker.warn("The provider sent citations without a text they belong to.")

    def _plain_text(self, text: str, logprobs: tuple[Raw, ...]) -> None:
        if self._part != _TEXT:
            self._open_message_part(_TEXT, Text())
            self._attach_citations()
        self._tracker.delta(_MESSAGE, _TEXT, text, logprobs)

    def _attach_citations(self) -> None:
        for citation in self._citations:
            self._tracker.annotate(_MESSAGE, _TEXT, citation)
        self._citations.clear()

    def _release_held(self) -> None:
        """What the tag splitter held back is text, or thought, after all."""
        for kind, piece in self._think.finish() if self._think is not None else ():
            if kind == "text":
                self._plain_text(piece, ())
            else:
                self.thought("thought", 0, piece)

    def _open_message_part(self, key: tuple[str, int], skeleton: Text | Refusal) -> None:
        if not self._tracker.has(_MESSAGE):
            self._end_item(_REASONING)
            self.calls.settle()
            message = Message(id=self._tracker.call.new_id("msg"), role="assistant", status="in_progress")
            self._tracker.start_item(_MESSAGE, message)
        self._open_part(_MESSAGE, key, skeleton)

    def _open_reasoning(self) -> None:
        self._end_item(_MESSAGE)
        self.calls.settle()
        reasoning = Reasoning(id=self._tracker.call.new_id("rs"), status="in_progress", origin=self._origin)
        self._tracker.start_item(_REASONING, reasoning)

    def _end_item(self, item: str) -> None:
        if self._tracker.has(item):
            self._end_part(item)
            self._tracker.end_item(item)

    def _open_part(self, item: str, key: tuple[str, int], skeleton: Text | Refusal | ReasoningPart) -> None:
        self._end_part(item)
        self._part = key
        self._tracker.start_part(item, key, skeleton)

    def _end_part(self, item: str) -> None:
        part, self._part = self._part, None
        if part is not None:
            signature, self._signature = self._signature, ""
            changes = {"signature": signature} if signature else {}
            self._tracker.end_part(item, part, **changes)


_SKELETONS: dict[ThoughtKind, ReasoningPart] = {
    "thought": Thought(),
    "summary": Summary(),
    "sealed": Sealed(),
}
