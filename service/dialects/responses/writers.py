"""The events of one item, from `output_item.added` to `output_item.done`: messages and reasoning.

Parts the API has no form for (an image a model made, say) take no `content_index`.
"""

from __future__ import annotations

from service.dialects.responses.outlet import Outlet
from service.dialects.responses.output import (
    Show,
    empty_item,
    output_annotation,
    output_item,
    output_part,
)
from specs.events import AnnotationAdded, Delta, PartEnded, PartStarted
from specs.items import Item, Refusal, Text, part_text
from specs.openai import response_events as wire
from specs.openai.response_items import OutputItem, OutputText, ReasoningText, RefusalPart, SummaryText


class ItemWriter:
    """An item that has no events of its own between its first and its last."""

    __slots__ = ("id", "index", "out", "show")

    def __init__(self, out: Outlet, index: int, item: Item, show: Show) -> None:
        self.out = out
        self.id = item.id
        self.index = index
        self.show = show

    def start(self, item: Item) -> None:
        """The item has begun."""
        self.out.events.append(wire.OutputItemAdded(self.out.number(), self.index, empty_item(item)))

    def start_part(self, event: PartStarted) -> None:
        """A part of it has begun."""

    def grow(self, part: int, deltas: list[Delta]) -> None:
        """More of an open part."""

    def annotate(self, event: AnnotationAdded) -> None:
        """An open part has a citation."""

    def end_part(self, event: PartEnded) -> None:
        """A part of it is whole."""

    def end(self, item: Item) -> OutputItem:
        """The item is whole; give it as the response holds it."""
        whole = output_item(item, self.show)
        self.out.events.append(wire.OutputItemDone(self.out.number(), self.index, whole))
        return whole


class MessageWriter(ItemWriter):
    """Texts and refusals."""

    __slots__ = ("_annotations", "_refusals", "_texts")

    def __init__(self, out: Outlet, index: int, item: Item, show: Show) -> None:
        super().__init__(out, index, item, show)
        self._texts: dict[int, int] = {}
        self._refusals: dict[int, int] = {}
        self._annotations: dict[int, int] = {}

    def start_part(self, event: PartStarted) -> None:
        """Open a content part, empty."""
        position = len(self._texts) + len(self._refusals)
        match event.content:
            case Text():
                self._texts[event.part] = position
                empty = OutputText()
            case Refusal():
                self._refusals[event.part] = position
                empty = RefusalPart("")
            case _:
                return
        self.out.events.append(wire.ContentPartAdded(self.out.number(), self.id, self.index, position, empty))

    def grow(self, part: int, deltas: list[Delta]) -> None:
        """More text; the hot path."""
        out, id, index = self.out, self.id, self.index
        if (position := self._texts.get(part)) is not None:
            out.events += [
                wire.OutputTextDelta(number, id, index, position, delta.data, delta.logprobs, padding)
                for number, delta, padding in out.numbered(deltas)
            ]
        elif (position := self._refusals.get(part)) is not None:
            out.events += [
                wire.RefusalDelta(number, id, index, position, delta.data)
                for number, delta, _ in out.numbered(deltas)
            ]

    def annotate(self, event: AnnotationAdded) -> None:
        """Number the citation within its part."""
        position = self._texts[event.part]
        count = self._annotations.get(event.part, 0)
        self._annotations[event.part] = count + 1
        annotation = output_annotation(event.annotation)
        self.out.events.append(
            wire.AnnotationAddedEvent(self.out.number(), self.id, self.index, position, count, annotation)
        )

    def end_part(self, event: PartEnded) -> None:
        """Close the typed content, then the part."""
        out = self.out
        match event.content:
            case Text() as part:
                position = self._texts[event.part]
                done = wire.OutputTextDone(
                    out.number(), self.id, self.index, position, part.text, part.logprobs
                )
            case Refusal() as part:
                position = self._refusals[event.part]
                done = wire.RefusalDone(out.number(), self.id, self.index, position, part.text)
            case _:
                return
        shown = output_part(part)
        assert shown is not None
        out.events.append(done)
        out.events.append(wire.ContentPartDone(out.number(), self.id, self.index, position, shown))


class ReasoningWriter(ItemWriter):
    """Summaries, and thoughts where they are shown. Sealed parts show in the whole item only."""

    __slots__ = ("_raw", "_shown")

    def __init__(self, out: Outlet, index: int, item: Item, show: Show) -> None:
        super().__init__(out, index, item, show)
        self._shown: dict[int, int] = {}
        self._raw: dict[int, int] = {}

    def start_part(self, event: PartStarted) -> None:
        """Open a summary or a content part, empty."""
        out = self.out
        if self.show.summarised(event.content):
            position = self._shown[event.part] = len(self._shown)
            empty = SummaryText("")
            out.events.append(
                wire.ReasoningSummaryPartAdded(out.number(), self.id, self.index, position, empty)
            )
        elif self.show.exposed(event.content):
            position = self._raw[event.part] = len(self._raw)
            part = ReasoningText("")
            out.events.append(wire.ContentPartAdded(out.number(), self.id, self.index, position, part))

    def grow(self, part: int, deltas: list[Delta]) -> None:
        """More of a summary or a thought."""
        if (position := self._shown.get(part)) is not None:
            kind = wire.ReasoningSummaryTextDelta
        elif (position := self._raw.get(part)) is not None:
            kind = wire.ReasoningTextDelta
        else:
            return
        self.out.events += [
            kind(number, self.id, self.index, position, delta.data, padding)
            for number, delta, padding in self.out.numbered(deltas)
        ]

    def end_part(self, event: PartEnded) -> None:
        """Close the text, then its part."""
        out, text = self.out, part_text(event.content)
        if (position := self._shown.get(event.part)) is not None:
            out.events.append(
                wire.ReasoningSummaryTextDone(out.number(), self.id, self.index, position, text)
            )
            summary = SummaryText(text)
            out.events.append(
                wire.ReasoningSummaryPartDone(out.number(), self.id, self.index, position, summary)
            )
        elif (position := self._raw.get(event.part)) is not None:
            thought = ReasoningText(text)
            out.events.append(wire.ReasoningTextDone(out.number(), self.id, self.index, position, text))
            out.events.append(wire.ContentPartDone(out.number(), self.id, self.index, position, thought))
