"""The stream: everything that happens in a run, provider-neutral. The only thing that flows inside.

Laws, for the events of one run in order: each Started has its Ended, nested (parts inside their
item); the deltas of a part concatenate to its text, its parts to the item; one `StepEnded` a
step; exactly one `RunEnded`, last.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal, TypeAlias

import msgspec
from msgspec import UNSET, Raw, Struct, UnsetType

from specs.errors import Failure
from specs.items import Annotation, FunctionCall, Item, Part
from specs.requests import RunRequest
from specs.usage import Usage

Finish: TypeAlias = Literal["stop", "length", "tool_calls", "content_filter", "cancelled", "error", "other"]
RunStatus: TypeAlias = Literal["completed", "incomplete", "failed", "cancelled", "expired"]


class RunCreated(Struct, frozen=True, tag=True, omit_defaults=True):
    run: str
    created_at: int
    """Unix seconds."""
    agent: str
    agent_version: int
    request: RunRequest
    """What is being run: the caller's request after the agent's defaults and limits."""


class RunStarted(Struct, frozen=True, tag=True):
    run: str


class StepStarted(Struct, frozen=True, tag=True, omit_defaults=True):
    """The provider has begun to answer."""

    step: int
    attempt: int
    provider: str
    model: str
    """The model that serves, in the provider's words."""
    upstream_id: str | None = None


class ItemStarted(Struct, frozen=True, tag=True):
    index: int
    """Position among the run's output items."""
    item: Item


class ItemEnded(Struct, frozen=True, tag=True):
    index: int
    item: Item
    """The whole item; its status says how it ended."""


class PartStarted(Struct, frozen=True, tag=True):
    index: int
    part: int
    content: Part


class Delta(Struct, frozen=True, tag=True, omit_defaults=True, gc=False):
    """More of an open part."""

    index: int
    part: int
    data: str
    logprobs: tuple[Raw, ...] = ()


class PartEnded(Struct, frozen=True, tag=True):
    index: int
    part: int
    content: Part
    """The whole part: signatures, annotations and sealed data included."""


class AnnotationAdded(Struct, frozen=True, tag=True):
    index: int
    part: int
    annotation: Annotation


class ToolProgressed(Struct, frozen=True, tag=True, omit_defaults=True):
    """A tool the server runs has moved on."""

    index: int
    phase: str
    payload: Raw | UnsetType = UNSET


class StepEnded(Struct, frozen=True, tag=True, omit_defaults=True):
    step: int
    finish: Finish
    usage: Usage | None = None
    """None: the provider did not say."""
    raw_finish: str | None = None
    raw_usage: Raw | UnsetType = UNSET
    service_tier: str | None = None
    """The class of service that was used, where the provider says."""
    stop_sequence: str | None = None
    """The caller's stop sequence that the model ran into, where the provider says."""


class Warned(Struct, frozen=True, tag=True, omit_defaults=True):
    """A setting we could not honour, and why."""

    message: str
    param: str = ""


class RunPaused(Struct, frozen=True, tag=True):
    """The run wants something of the caller before it can go on."""

    wants: Literal["outputs", "approval"]
    calls: tuple[FunctionCall, ...]


class RunEnded(Struct, frozen=True, tag=True, omit_defaults=True):
    status: RunStatus
    usage: Usage
    finish: Finish = "stop"
    reason: str | None = None
    """Why it is incomplete: `max_output_tokens`, `content_filter`, `budget_exhausted`, …"""
    error: Failure | None = None
    completed_at: int = 0
    """Unix seconds."""
    service_tier: str | None = None
    """The class of service of the last model call, where the provider said."""


Event: TypeAlias = (
    RunCreated
    | RunStarted
    | StepStarted
    | ItemStarted
    | ItemEnded
    | PartStarted
    | Delta
    | PartEnded
    | AnnotationAdded
    | ToolProgressed
    | StepEnded
    | Warned
    | RunPaused
    | RunEnded
)


def without_deltas(events: Iterable[Event]) -> list[Event]:
    """The events but for deltas: the ends carry the whole."""
    return [event for event in events if type(event) is not Delta]


_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(list[Event])


def encode_events(events: list[Event]) -> bytes:
    """Write events as the JSON the log stores."""
    return _encoder.encode(events)


def decode_events(data: bytes) -> list[Event]:
    """Read what `encode_events` wrote.

    Raises msgspec.ValidationError when the data is something else.
    """
    return _decoder.decode(data)
