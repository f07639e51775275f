"""Compaction while a run goes on: where the context of a model call has grown past what its caller set,
the model first writes a summary of it, and then answers from that. Both are calls of the run, each paid for.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial

from msgspec import Struct, structs

from providers.base import ModelStream, NewId
from providers.profiles import Profile
from service.engine.compact import (
    INSTRUCTION,
    is_as_short_as_can_be,
    since_compaction,
    summary_of,
    told_to_summarise,
)
from service.engine.counting import tokens_of
from service.engine.ports import OpenModel
from service.engine.truncate import estimate
from specs.events import Event, Finish, ItemEnded, ItemStarted, StepEnded, StepStarted, Warned
from specs.fold import Fold
from specs.items import Compaction
from specs.requests import CompactAsk, ModelRequest, Settings

LEAST_CAP = 8_192
"""A summary may have so many tokens also where the answer may not."""
WINDOW_SHARE = 0.75
"""The part of its window after which a model's context is compacted where the caller set no threshold."""
TOO_LONG = "context_management: the newest exchange alone is over compact_threshold; nothing was compacted."
NO_WINDOW = "context_management: this model's window is not known; set compact_threshold."
NO_SUMMARY = "context_management: the model wrote no whole summary; the context was left as it is."


class CompactTerms(Struct, frozen=True):
    """How one run compacts."""

    ask: CompactAsk
    ceiling: int | None
    """Output tokens that its agent allows a call."""
    seal: Callable[[str], str]


class Compacting:
    """An `OpenModel` that keeps the context short. `terms` is None where nobody asked for that; what an
    earlier summary stands for is left out all the same. `tell` takes each warning once.
    """

    def __init__(
        self,
        open_model: OpenModel,
        profile: Profile,
        *,
        terms: CompactTerms | None,
        new_id: NewId,
        tell: Callable[[str], None],
    ) -> None:
        self._open_model = open_model
        self._profile = profile
        self._terms = terms
        self._new_id = new_id
        self._tell = tell
        self._told: set[str] = set()
        self._summaries = 0

    def __call__(self, request: ModelRequest, *, step: int, first_item: int) -> Awaitable[ModelStream]:
        """Open a model call; see `OpenModel`. A summary is a step of its own, before it."""
        items = since_compaction(request.items)
        shorter = structs.replace(request, items=items) if len(items) < len(request.items) else request
        if self._terms is None:
            return self._open_model(shorter, step=step, first_item=first_item)
        return self._open(shorter, self._terms, step=step + self._summaries, first_item=first_item)

    async def _open(
        self, shorter: ModelRequest, terms: CompactTerms, *, step: int, first_item: int
    ) -> ModelStream:
        if not await self._due(shorter, terms.ask):
            return await self._open_model(shorter, step=step, first_item=first_item)
        self._summaries += 1
        asked = summary_request(shorter, ceiling=terms.ceiling)
        writing = await self._open_model(asked, step=step, first_item=first_item)

        async def answer(written: Compaction | None) -> ModelStream:
            if written is None:
                self._warn(NO_SUMMARY)
                return await self._open_model(shorter, step=step + 1, first_item=first_item)
            items = since_compaction((*shorter.items, written))
            after = structs.replace(shorter, items=items)
            return await self._open_model(after, step=step + 1, first_item=first_item + 1)

        return CompactingStream(writing, partial(self._written, terms), answer, index=first_item)

    async def _due(self, request: ModelRequest, ask: CompactAsk) -> bool:
        """Whether the context is over the threshold, and shorter without what a summary would replace."""
        threshold = threshold_of(ask, self._profile)
        if threshold is None:
            self._warn(NO_WINDOW)
            return False
        if estimate(request, self._profile) <= threshold:
            return False
        if await asyncio.to_thread(tokens_of, request, self._profile) <= threshold:
            return False
        if is_as_short_as_can_be(request.items):
            self._warn(TOO_LONG)
            return False
        return True

    def _written(self, terms: CompactTerms, told: Fold) -> Compaction | None:
        """The summary as an item; half a summary is none."""
        summary = summary_of(told.items)
        if told.finish != "stop" or not summary:
            return None
        return Compaction(self._new_id("cmp"), terms.seal(summary), summary)

    def _warn(self, message: str) -> None:
        if message not in self._told:
            self._told.add(message)
            self._tell(message)


class CompactingStream:
    """A model stream of two calls: of the summary only its step shows, with the item it becomes in it."""

    def __init__(
        self,
        writing: ModelStream,
        written: Callable[[Fold], Compaction | None],
        answer: Callable[[Compaction | None], Awaitable[ModelStream]],
        *,
        index: int,
    ) -> None:
        self._stream = writing
        self._written = written
        self._answer = answer
        self._index = index
        self._told = Fold()
        """What the summary's call came to so far."""
        self._end: list[Event] = []
        """The end of its step, kept back until the item is there."""
        self._over = False
        """Whether that call is over, and its item shown."""
        self._item: Compaction | None = None
        self._answering = False

    def __aiter__(self) -> CompactingStream:
        return self

    async def __anext__(self) -> list[Event]:
        if not self._over:
            return await self._summarise()
        if not self._answering:
            self._stream, self._answering = await self._answer(self._item), True
        return await self._stream.__anext__()

    async def _summarise(self) -> list[Event]:
        async for batch in self._stream:
            self._told.feed(batch)
            self._end += [event for event in batch if isinstance(event, StepEnded)]
            shown: list[Event] = [event for event in batch if isinstance(event, StepStarted | Warned)]
            if shown:
                return shown
        await self._stream.aclose()
        self._over = True
        self._item = self._written(self._told)
        if self._item is None:
            return self._ended()
        return [ItemStarted(self._index, self._item), ItemEnded(self._index, self._item), *self._ended()]

    def _ended(self) -> list[Event]:
        end, self._end = self._end, []
        return end

    def close(self, finish: Finish) -> list[Event]:
        """End what is open; see `ModelStream`."""
        batch = self._stream.close(finish)
        if self._answering:
            return batch
        return self._ended() + [event for event in batch if isinstance(event, StepEnded)]

    async def aclose(self) -> None:
        """Let go of the upstream connection."""
        await self._stream.aclose()


def threshold_of(ask: CompactAsk, profile: Profile) -> int | None:
    """The tokens after which a context is compacted; None where nobody knows."""
    if ask.threshold is not None:
        return ask.threshold
    window = profile.context_window
    return None if window is None else int(window * WINDOW_SHARE)


def summary_request(request: ModelRequest, *, ceiling: int | None) -> ModelRequest:
    """The call that has the context of another summarised: nothing to call, nothing to keep to."""
    return ModelRequest(
        request.model,
        (told_to_summarise(request.items, instructions=request.instructions),),
        instructions=INSTRUCTION,
        settings=_settings(request.settings, ceiling),
    )


def _settings(settings: Settings, ceiling: int | None) -> Settings:
    """The answer's settings, without what would cut a summary short or give it a form."""
    cap = settings.max_output_tokens
    if cap is not None:
        cap = max(cap, min(LEAST_CAP, ceiling or LEAST_CAP))
    return structs.replace(
        settings,
        max_output_tokens=cap,
        stop=None,
        logprobs=None,
        top_logprobs=None,
        logit_bias=None,
        verbosity=None,
        response_format=None,
        parallel_tool_calls=None,
    )
