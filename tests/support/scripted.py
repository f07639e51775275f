"""A provider that plays a script, one move a batch, and keeps what it was asked."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable

from providers.base import Call
from providers.parts import PartTracker
from providers.profiles import Profile
from specs.events import Event, Finish
from specs.items import Arguments, FunctionCall, Message, Text
from specs.requests import ModelRequest
from specs.usage import Usage

Move = Callable[[PartTracker], None] | Exception | asyncio.Event
"""What the upstream does next: write events, fail, or stall until the event is set."""


def say(*words: str) -> list[Move]:
    """Stream words as one message, a batch a word, without ending it."""

    def start(tracker: PartTracker) -> None:
        tracker.start_item("m", Message(tracker.call.new_id("msg"), "assistant", status="in_progress"))
        tracker.start_part("m", 0, Text())

    return [start, *(lambda tracker, word=word: tracker.delta("m", 0, word) for word in words)]


def call(name: str, arguments: str = "{}", *, call_id: str = "call_1") -> list[Move]:
    """Call a function."""

    def write(tracker: PartTracker) -> None:
        item = FunctionCall(tracker.call.new_id("fc"), call_id, name, status="in_progress")
        tracker.start_item(call_id, item)
        tracker.start_part(call_id, 0, Arguments())
        tracker.delta(call_id, 0, arguments)
        tracker.end_item(call_id)

    return [write]


USAGE = Usage(input=10, output=5)


def end(finish: Finish = "stop", usage: Usage | None = USAGE) -> list[Move]:
    """End the step."""

    def write(tracker: PartTracker) -> None:
        tracker.usage = usage
        tracker.end_step(finish)

    return [write]


class ScriptedStream:
    """Plays its moves, one an iteration."""

    def __init__(self, moves: Iterable[Move], tracker: PartTracker) -> None:
        self._moves = iter(moves)
        self._tracker = tracker
        self.closed = False

    def __aiter__(self) -> ScriptedStream:
        return self

    async def __anext__(self) -> list[Event]:
        for move in self._moves:
            if isinstance(move, Exception):
                raise move
            if isinstance(move, asyncio.Event):
                await move.wait()
                continue
            move(self._tracker)
            return self._tracker.take()
        raise StopAsyncIteration

    def close(self, finish: Finish) -> list[Event]:
        """End what is open."""
        self._tracker.end_step(finish)
        return self._tracker.take()

    async def aclose(self) -> None:
        """Remember that the connection was given back."""
        self.closed = True


class ScriptedProvider:
    """Each call takes the next script; an exception in its place is raised instead."""

    name = "scripted"

    def __init__(self, *scripts: list[Move] | Exception) -> None:
        self._scripts = list(scripts)
        self.requests: list[ModelRequest] = []
        self.streams: list[ScriptedStream] = []

    def profile(self, model: str) -> Profile:
        """Nothing special."""
        return Profile()

    async def open(self, request: ModelRequest, call: Call) -> ScriptedStream:
        """Begin the next script with a `StepStarted`."""
        self.requests.append(request)
        script = self._scripts.pop(0)
        if isinstance(script, Exception):
            raise script
        tracker = PartTracker(call)

        def start(tracker: PartTracker) -> None:
            tracker.start_step(provider=self.name, model=request.model)

        stream = ScriptedStream([start, *script], tracker)
        self.streams.append(stream)
        return stream

    async def aclose(self) -> None:
        """Nothing to give back."""
