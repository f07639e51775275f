"""What streams of runs on threads send: the data of each event is a bare object, its name stands outside.

Every element of a list in a delta has its `index`: clients accumulate by it.
"""

from __future__ import annotations

from typing import Literal

from msgspec import UNSET, Struct, UnsetType

from specs.openai.assistants_runs import RunObject, StepObject
from specs.openai.assistants_threads import (
    FileRef,
    ImageFileRef,
    ImageUrlRef,
    MessageObject,
    ThreadObject,
)


class CitationDelta(Struct, frozen=True, tag_field="type", tag="file_citation"):
    index: int
    text: str
    file_citation: FileRef
    start_index: int
    end_index: int


class PathDelta(Struct, frozen=True, tag_field="type", tag="file_path"):
    index: int
    text: str
    file_path: FileRef
    start_index: int
    end_index: int


class TextGrowth(Struct, frozen=True):
    value: str | UnsetType = UNSET
    annotations: tuple[CitationDelta | PathDelta, ...] | UnsetType = UNSET


class ThreadTextDelta(Struct, frozen=True, tag_field="type", tag="text"):
    index: int
    text: TextGrowth


class ThreadRefusalDelta(Struct, frozen=True, tag_field="type", tag="refusal"):
    index: int
    refusal: str


class ImageFileDelta(Struct, frozen=True, tag_field="type", tag="image_file"):
    index: int
    image_file: ImageFileRef


class ImageUrlDelta(Struct, frozen=True, tag_field="type", tag="image_url"):
    index: int
    image_url: ImageUrlRef


class MessageGrowth(Struct, frozen=True):
    content: tuple[ThreadTextDelta | ThreadRefusalDelta | ImageFileDelta | ImageUrlDelta, ...]


class ThreadMessageDelta(Struct, frozen=True):
    id: str
    delta: MessageGrowth
    object: Literal["thread.message.delta"] = "thread.message.delta"


class CallGrowth(Struct, frozen=True):
    name: str | UnsetType = UNSET
    arguments: str | UnsetType = UNSET
    output: str | UnsetType | None = UNSET


class CallDelta(Struct, frozen=True, tag_field="type", tag="function"):
    index: int
    function: CallGrowth
    id: str | UnsetType = UNSET


class CallsDelta(Struct, frozen=True, tag_field="type", tag="tool_calls"):
    tool_calls: tuple[CallDelta, ...]


class StepGrowth(Struct, frozen=True):
    step_details: CallsDelta


class StepDelta(Struct, frozen=True):
    id: str
    delta: StepGrowth
    object: Literal["thread.run.step.delta"] = "thread.run.step.delta"


RUN_STREAM = (RunObject, StepObject, StepDelta, MessageObject, ThreadMessageDelta)
"""The data of a run's stream."""
THREAD_STREAM = (ThreadObject, *RUN_STREAM)
"""The same where the thread is made first."""


class ThreadEvent(Struct, frozen=True):
    """One event of a stream."""

    event: str
    data: Struct
