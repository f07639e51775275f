"""A run's events, rendered as Chat Completions chunks or as one whole completion.

What the server does itself (hosted calls) is not shown: clients would try to run it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from itertools import repeat
from typing import Any

import msgspec
from msgspec import UNSET, Struct, UnsetType

from service.dialects.base import Alike, Reading
from service.dialects.chat.answer import (
    answer_message,
    citations,
    failure_of,
    finish_reason,
    logprobs,
    usage_of,
)
from service.dialects.chat.calls import CallWriter
from service.dialects.chat.read import answers_in_old_form
from service.dialects.deltas import Deltas, gathered
from service.dialects.padding import obfuscation
from specs.events import (
    Delta,
    Event,
    ItemEnded,
    ItemStarted,
    PartEnded,
    PartStarted,
    RunCreated,
    RunEnded,
    StepStarted,
)
from specs.fold import Fold
from specs.items import Arguments, FunctionCall, Refusal, Summary, Text, Thought
from specs.openai.chat import (
    ChatRequest,
    Choice,
    Chunk,
    ChunkChoice,
    ChunkDelta,
    Completion,
    CompletionUsage,
    FinishReason,
    Logprobs,
)
from specs.openai.common import ErrorBody, error_body

Write = Callable[[list[Delta]], list[ChunkChoice]]


class ChatRenderer:
    """Renders the events of one run. One per request."""

    def __init__(self, reading: Reading) -> None:
        wire = reading.wire
        assert isinstance(wire, ChatRequest)
        options = wire.stream_options
        self._fold = Fold()
        self._model = reading.request.agent
        self._id = ""
        self._created = 0
        self._include_usage = bool(options and options.include_usage)
        self._padded = bool(options and options.include_obfuscation)
        self._chunks = 0
        self._no_usage: UnsetType | None = None if self._include_usage else UNSET
        self._tier: str | UnsetType = reading.request.settings.service_tier or UNSET
        self._old_form = answers_in_old_form(wire)
        self._calls = CallWriter(old_form=self._old_form)
        self._out: list[Struct] = []
        self._begun = False
        self._reasoned = False
        self._writes: dict[tuple[int, int], Write] = {}
        self._around: tuple[bytes, bytes] | None = None
        """A chunk's JSON before its text, and after it."""

    def fold(self, events: list[Event]) -> None:
        """Take in a batch of events without writing chunks."""
        self._fold.feed(events)

    def feed(self, events: list[Event]) -> list[Struct]:
        """Give the chunks for a batch of events."""
        self.fold(events)
        for event in gathered(events):
            handler = _HANDLERS.get(type(event))
            if handler is not None:
                handler(self, event)
        out, self._out = self._out, []
        return out

    def whole(self) -> Completion | ErrorBody:
        """Give the completion, or the error envelope of a run that failed."""
        ended = self._ended()
        if (failure := failure_of(ended)) is not None:
            return error_body(failure)
        items = self._fold.items
        choice = Choice(
            0, answer_message(items, old_form=self._old_form), logprobs(items), self._finish_reason(ended)
        )
        tier = ended.service_tier or self._tier
        id, created_at = _named(self._fold.created)
        return Completion(id, created_at, self._model, (choice,), usage_of(ended.usage), tier)

    def _ended(self) -> RunEnded:
        if self._fold.ended is None:
            raise RuntimeError("the run has not ended yet")
        return self._fold.ended

    def _finish_reason(self, ended: RunEnded) -> FinishReason:
        calls = any(isinstance(item, FunctionCall) for item in self._fold.items)
        return finish_reason(ended, calls=calls, old_form=self._old_form)

    def _say(self, *choices: ChunkChoice, texts: Iterable[str] = repeat("")) -> None:
        """Write a chunk for each choice; `texts` are the deltas in them, to be padded."""
        id, created, model = self._id, self._created, self._model
        no_usage, tier = self._no_usage, self._tier
        paddings = map(self._padding, texts) if self._padded else repeat(UNSET)
        self._out += [
            Chunk(id, created, model, (choice,), no_usage, tier, padding)
            for choice, padding in zip(choices, paddings, strict=False)
        ]

    def _padding(self, text: str) -> str:
        self._chunks += 1
        return obfuscation(self._id, self._chunks, text)

    def _run_created(self, event: RunCreated) -> None:
        self._id, self._created = _named(event)

    def _begin(self, _: StepStarted | None = None) -> None:
        if not self._begun:
            self._begun = True
            # Without content: some clients take an empty one for a text that begins, calls or not.
            self._say(ChunkChoice(0, ChunkDelta("assistant")))

    def _item_started(self, event: ItemStarted) -> None:
        if isinstance(event.item, FunctionCall):
            self._say(*self._calls.start(event.index, event.item))

    def _part_started(self, event: PartStarted) -> None:
        write = self._write_for(event)
        if write is not None:
            self._writes[event.index, event.part] = write

    def _write_for(self, event: PartStarted) -> Write | None:
        match event.content:
            case Text():
                return _content
            case Refusal():
                return _refusal
            case Summary() | Thought():
                return self._first_reasoning
            case Arguments() if self._calls.has(event.index):
                return partial(self._calls.arguments, event.index)
            case _:
                return None

    def _deltas(self, event: Deltas) -> None:
        write = self._writes.get((event.index, event.part))
        said = [delta for delta in event.deltas if delta.data or delta.logprobs]
        if write is None or not said:
            return
        texts = [delta.data for delta in said]
        if write is _content and not (self._padded or any([delta.logprobs for delta in said])):
            self._out.append(self._alike(texts))
        else:
            self._say(*write(said), texts=texts)

    def _alike(self, texts: list[str]) -> Alike:
        """Chunks of nothing but a text: made once, for the texts to come as well."""
        if self._around is None:
            one = ChunkChoice(0, ChunkDelta(content=""))
            chunk = Chunk(self._id, self._created, self._model, (one,), self._no_usage, self._tier)
            # A quote inside of a string has a backslash before it, so this is the field and no value.
            before, name, after = msgspec.json.encode(chunk).partition(b'"content":')
            self._around = before + name, after.removeprefix(b'""')
        return Alike(*self._around, texts)

    def _part_ended(self, event: PartEnded) -> None:
        self._writes.pop((event.index, event.part), None)

    def _item_ended(self, event: ItemEnded) -> None:
        if isinstance(event.item, FunctionCall):
            self._say(*self._calls.end(event.index, event.item))

    def _run_ended(self, event: RunEnded) -> None:
        if (failure := failure_of(event)) is not None:
            self._out.append(error_body(failure))
            return
        self._begin()
        if answer_message(self._fold.items, old_form=self._old_form).content == "":
            self._say(ChunkChoice(0, ChunkDelta(content="")))
        if cited := citations(self._fold.items):
            # In one chunk: the official SDKs cannot add a second list of annotations to a first.
            self._say(ChunkChoice(0, ChunkDelta(annotations=cited)))
        self._say(ChunkChoice(0, ChunkDelta(), self._finish_reason(event)))
        if self._include_usage:
            self._out.append(self._usage_chunk(usage_of(event.usage)))

    def _usage_chunk(self, usage: CompletionUsage) -> Chunk:
        return Chunk(self._id, self._created, self._model, (), usage, self._tier)

    def _first_reasoning(self, deltas: list[Delta]) -> list[ChunkChoice]:
        first, *more = deltas
        self._writes[first.index, first.part] = _reasoning
        gap = "\n\n" if self._reasoned else ""
        self._reasoned = True
        return [ChunkChoice(0, ChunkDelta(reasoning_content=gap + first.data)), *_reasoning(more)]


def _named(created: RunCreated | None) -> tuple[str, int]:
    """The id of the answer, and when it was begun."""
    assert created is not None
    return f"chatcmpl-{created.run.partition('_')[2]}", created.created_at


def _content(deltas: list[Delta]) -> list[ChunkChoice]:
    return [
        ChunkChoice(
            0,
            ChunkDelta(UNSET, delta.data),
            None,
            Logprobs(content=delta.logprobs) if delta.logprobs else UNSET,
        )
        for delta in deltas
    ]


def _refusal(deltas: list[Delta]) -> list[ChunkChoice]:
    return [ChunkChoice(0, ChunkDelta(refusal=delta.data)) for delta in deltas]


def _reasoning(deltas: list[Delta]) -> list[ChunkChoice]:
    return [ChunkChoice(0, ChunkDelta(reasoning_content=delta.data)) for delta in deltas]


_HANDLERS: dict[type, Callable[[ChatRenderer, Any], None]] = {
    RunCreated: ChatRenderer._run_created,
    StepStarted: ChatRenderer._begin,
    ItemStarted: ChatRenderer._item_started,
    PartStarted: ChatRenderer._part_started,
    Deltas: ChatRenderer._deltas,
    PartEnded: ChatRenderer._part_ended,
    ItemEnded: ChatRenderer._item_ended,
    RunEnded: ChatRenderer._run_ended,
}
