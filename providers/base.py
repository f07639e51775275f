"""What a provider is to the rest of the house."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from msgspec import Struct

from providers.profiles import Profile
from specs.events import Event, Finish
from specs.requests import ModelRequest

NewId = Callable[[str], str]
"""Mints an id from its prefix: `new_id("msg")` → `msg_…`."""


class Call(Struct, frozen=True):
    """Where in its run a model call stands; pure decoders get everything impure from here."""

    step: int
    attempt: int
    first_item: int
    """The index that the first output item of this call takes in the run."""
    new_id: NewId
    unfollowed: bool = False
    """Whether nobody reads along: the deltas of one read may then come as one."""


class ModelStream(Protocol):
    """One answer being received. Iterate it for batches of events, one per upstream read.

    Iteration raises `specs.errors.UpstreamError` when the upstream fails; `close` then gives the
    events that end what is still open, with one `StepEnded` holding the usage known so far. After
    iteration ended by itself the `StepEnded` was in the last batch and `close` gives nothing.
    """

    def __aiter__(self) -> ModelStream: ...

    async def __anext__(self) -> list[Event]: ...

    def close(self, finish: Finish) -> list[Event]:
        """End what is open, once; a second call gives nothing."""
        ...

    async def aclose(self) -> None:
        """Let go of the upstream connection, cancelling an answer still under way."""
        ...


class Provider(Protocol):
    """An upstream that runs models."""

    name: str
    """Its name in the configuration; prices and `provider/model` are by it."""

    def profile(self, model: str) -> Profile:
        """The facts we know of this model."""
        ...

    async def open(self, request: ModelRequest, call: Call) -> ModelStream:
        """Send the request and wait for the answer's headers; `StepStarted` is the first event.

        Raises `specs.errors.UpstreamError` when the upstream refuses or cannot be reached.
        Exactly one try: retries belong to the caller, who also pays for each.
        """
        ...

    async def aclose(self) -> None:
        """Give back connections."""
        ...


class Encoded(Struct, frozen=True):
    """A model request in a provider's words."""

    body: bytes
    warnings: tuple[tuple[str, str], ...] = ()
    """(field, what could not be honoured and why)."""
