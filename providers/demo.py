"""The built-in stand-in for a model: offline, deterministic, and open about being none.

What the last user message says decides what it does. `/call NAME {"a":1}` calls a tool (each such
line is one call), `/reason …` reasons first, `/fail 500` fails with that status before the answer,
`/fail cut` in the middle of it. After tool results it answers with their text. Anything else it
repeats. A token is a word, or each twelve characters of a longer one, with the space behind it.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Generator

from providers.base import Call
from providers.demo_scene import MEDIA_TOKENS, Scene, compose, last_words, tokens_of
from providers.failures import failure_from_response
from providers.parts import PartTracker
from providers.profiles import Profile
from specs.errors import UpstreamCut, UpstreamError, UpstreamGarbled, UpstreamTimeout
from specs.events import Event, Finish
from specs.items import Arguments, FunctionCall, Item, Message, Part, Reasoning, Summary, Text
from specs.requests import ModelRequest
from specs.usage import Usage

PROFILE = Profile(
    max_output_tokens=16_384,
    context_window=1_000_000,
    image_tokens=MEDIA_TOKENS,
    file_tokens=MEDIA_TOKENS,
    overhead_tokens=0,
)

_FAIL = re.compile(r"(?:^|(?<=\s))/fail[ \t]+([45]\d\d|cut|timeout|garbled)\b", re.MULTILINE)
_FAILURES: dict[str, type[UpstreamError]] = {"timeout": UpstreamTimeout, "garbled": UpstreamGarbled}


class Demo:
    """A `providers.base.Provider` that needs no network. `pace` is seconds between two words."""

    def __init__(self, name: str = "demo", *, pace: float = 0.015) -> None:
        self.name = name
        self._pace = pace

    def profile(self, model: str) -> Profile:
        """The same for every model name."""
        return PROFILE

    async def open(self, request: ModelRequest, call: Call) -> DemoStream:
        """Begin to answer. Raises the failure that the message asks for."""
        fail = _FAIL.search(last_words(request.items))
        if fail is not None and fail[1] != "cut":
            raise _failure(fail[1])
        scene = compose(request, cut=fail is not None)
        return DemoStream(scene, PartTracker(call), provider=self.name, pace=self._pace)

    async def aclose(self) -> None:
        """There is nothing to give back."""


class DemoStream:
    """A `providers.base.ModelStream` that performs a scene, word by word."""

    def __init__(self, scene: Scene, tracker: PartTracker, *, provider: str, pace: float) -> None:
        self._scene = scene
        self._tracker = tracker
        self._pace = pace
        self._spoken = 0
        self._thought = 0
        self._acts = self._perform(provider)

    def __aiter__(self) -> DemoStream:
        return self

    async def __anext__(self) -> list[Event]:
        """The next word. Raises UpstreamCut half way through a scene that is to be cut."""
        await asyncio.sleep(self._pace)
        if self._tracker.ended or next(self._acts, None) is None:
            raise StopAsyncIteration
        return self._tracker.take()

    def close(self, finish: Finish) -> list[Event]:
        """End what is open, once, with the usage so far."""
        self._end(finish)
        return self._tracker.take()

    async def aclose(self) -> None:
        """There is no connection to let go of."""
        self._acts.close()

    def _perform(self, provider: str) -> Generator[bool]:
        """Each yield ends a batch."""
        scene, tracker = self._scene, self._tracker
        tracker.start_step(provider=provider, model=scene.model)
        for param, message in scene.warnings:
            tracker.warn(message, param)
        yield True
        if scene.reasoning:
            skeleton = Reasoning(id=tracker.call.new_id("rs"), status="in_progress", origin="demo")
            yield from self._speak(skeleton, Summary(), scene.reasoning)
        for name, arguments in scene.calls:
            skeleton = FunctionCall(
                id=tracker.call.new_id("fc"),
                call_id=tracker.call.new_id("call"),
                name=name,
                status="in_progress",
            )
            yield from self._speak(skeleton, Arguments(), arguments)
        if scene.text:
            skeleton = Message(id=tracker.call.new_id("msg"), role="assistant", status="in_progress")
            yield from self._speak(skeleton, Text(), scene.text)
        self._end("tool_calls" if scene.calls else "stop")
        yield True

    def _speak(self, skeleton: Item, part: Part, text: str) -> Generator[bool]:
        tracker, tokens = self._tracker, tokens_of(text)
        if self._full:
            self._end("length")
        if tracker.ended:
            return
        tracker.start_item(0, skeleton)
        tracker.start_part(0, 0, part)
        for position, token in enumerate(tokens):
            if self._full:
                self._end("length")
                yield True
                return
            if self._scene.cut and position == len(tokens) // 2:
                raise UpstreamCut
            self._spoken += 1
            self._thought += isinstance(skeleton, Reasoning)
            tracker.delta(0, 0, token)
            yield True
        tracker.end_item(0)

    @property
    def _full(self) -> bool:
        return self._scene.cap is not None and self._spoken >= self._scene.cap

    def _end(self, finish: Finish) -> None:
        self._tracker.usage = Usage(
            input=self._scene.input_tokens,
            cache_read=0,
            cache_write=0,
            output=self._spoken,
            reasoning=self._thought,
        )
        self._tracker.raw_finish = finish
        self._tracker.stop_sequence = self._scene.stopped_at if finish == "stop" else None
        self._tracker.end_step(finish)


def _failure(asked: str) -> UpstreamError:
    if asked in _FAILURES:
        return _FAILURES[asked]()
    return failure_from_response(int(asked), {}, b"")
