"""What a dialect is to the rest of the house. Dialects are pure: ids come from an argument, the
clock from the events, and nothing here awaits."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from msgspec import Struct

from service.tools.credentials import Credential
from specs.errors import Failure
from specs.events import Event
from specs.requests import FilePlace, RunRequest
from specs.state import StateAsk

NewId = Callable[[str], str]
"""Mints an id from its prefix: `new_id("msg")` → `msg_…`."""


class Reading(Struct, frozen=True):
    """What a dialect read of a request."""

    request: RunRequest
    wire: object
    """The dialect's own decoded request, for the echo."""
    stream: bool
    state: StateAsk = StateAsk()
    """What is to be kept, and what it goes on from. `request.items` holds the new input only."""
    files: tuple[FilePlace, ...] = ()
    """The stored files the new input names, in order."""
    credentials: tuple[Credential, ...] = ()
    """What lets the server in at each of `request.hosted`; sealed into them before anything is kept."""


class Alike(Struct, frozen=True):
    """Wire events that differ in one string alone: their JSON before it and after it, and each one's own."""

    before: bytes
    after: bytes
    strings: list[str]


class StreamRenderer(Protocol):
    """A stream being written; takes the events of one run, in order."""

    def feed(self, events: list[Event]) -> list[Struct]:
        """Give the wire events for a batch, in order; `[]` where it shows nothing.

        Neighbours may come together, as `Alike`, where frames have data alone. A failed run's terminal
        event is among them.
        """
        ...


class Renderer(StreamRenderer, Protocol):
    """One answer being written, as a stream or whole."""

    def fold(self, events: list[Event]) -> None:
        """Take events in without writing any: all that `whole` needs. Deltas may be left out."""
        ...

    def whole(self) -> Struct:
        """Give the whole, non-streaming answer, once `RunEnded` was fed or folded."""
        ...


class Dialect(Protocol):
    """An outward wire format."""

    name: str
    """`chat`, `responses` or `messages`."""
    named_events: bool
    """Whether SSE frames carry `event: <type>`."""
    done: bool
    """Whether `data: [DONE]` ends the stream."""

    def read(self, body: bytes, new_id: NewId) -> Reading:
        """Read a request's body.

        Raises `specs.errors.InvalidRequest` (or another of that tree) whose `param` names the field.
        """
        ...

    def renderer(self, reading: Reading, new_id: NewId) -> Renderer:
        """Begin to write the answer to a request."""
        ...

    def echo(self, reading: Reading) -> str:
        """What is kept of a request, as JSON, to write its answer again; empty where nothing is kept."""
        ...

    def error(self, failure: Failure) -> Struct:
        """The error envelope."""
        ...

    def status(self, failure: Failure) -> int:
        """The HTTP status of a failure; an API may have one of its own for some."""
        ...
