"""What a request says of state: whether its answer is kept, and what it goes on from."""

from __future__ import annotations

from msgspec import Struct


class Reference(Struct, frozen=True):
    """An item that is named instead of sent."""

    position: int
    """Where in `RunRequest.items` it goes: before the item that stands there."""
    id: str
    param: str
    """Where the request names it: `input[3].id`."""


class ResultPlace(Struct, frozen=True):
    """A function's result among the input; its call must be somewhere in the whole context."""

    call_id: str
    param: str
    """Where the request names the call: `input[2].call_id`."""


SEALED_SUMMARY = "drgc1."
"""How what we seal of a summary begins: it tells ours from others', and which way it was sealed."""


class SealedSummary(Struct, frozen=True):
    """Where a compaction stands among the input; what it says is still to be opened."""

    position: int
    """In `RunRequest.items`."""
    param: str
    """Where the request has it: `input[0].encrypted_content`."""


class StateAsk(Struct, frozen=True):
    """The state a request asks for. An API without state leaves all as it is."""

    store: bool = False
    """Whether the answer is kept."""
    store_named: bool = False
    """Whether the caller wrote `store`; what a project forbids is then an error, not a default."""
    previous: str | None = None
    """The response this one continues."""
    conversation: str | None = None
    """The conversation this answer belongs to."""
    background: bool = False
    """Whether the run goes on without a reader."""
    references: tuple[Reference, ...] = ()
    """In the order of the input."""
    results: tuple[ResultPlace, ...] = ()
    summaries: tuple[SealedSummary, ...] = ()
