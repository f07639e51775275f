"""What is read from a Responses API: minimal, lenient Structs. Fields we do not use are not named.

Foreign JSON that is read only in some cases is kept raw, so that a frame is parsed once and an
`in_progress` echo of the whole request costs nothing.
"""

from __future__ import annotations

import msgspec
from msgspec import Raw, Struct

ABSENT = Raw()
"""A raw field that was not sent."""


class Frame(Struct, frozen=True):
    """Any stream event: every field that one of the events we know carries."""

    type: str = ""
    output_index: int | None = None
    item_id: str | None = None
    content_index: int | None = None
    summary_index: int | None = None
    delta: str | None = None
    text: str | None = None
    refusal: str | None = None
    arguments: str | None = None
    input: str | None = None
    """What a custom tool is given."""
    logprobs: tuple[Raw, ...] | None = None
    annotation: Raw = ABSENT
    part: Raw = ABSENT
    item: Raw = ABSENT
    response: Raw = ABSENT

    @property
    def place(self) -> int:
        """Which part of its item the event is about, among those of one kind."""
        return (self.summary_index if self.content_index is None else self.content_index) or 0


class FrameHead(Struct, frozen=True):
    """All that is read of an event whose other fields are not what we expect."""

    type: str = ""
    output_index: int | None = None
    item_id: str | None = None


class Annotation(Struct, frozen=True):
    type: str = ""
    url: str | None = None
    title: str | None = None
    start_index: int | None = None
    end_index: int | None = None
    file_id: str | None = None
    filename: str | None = None
    index: int | None = None


class Part(Struct, frozen=True):
    """A part of a message or of reasoning."""

    type: str = ""
    text: str | None = None
    refusal: str | None = None
    annotations: tuple[Raw, ...] | None = None
    logprobs: tuple[Raw, ...] | None = None


class ItemKind(Struct, frozen=True):
    """What is read of any output item, those we do not model included."""

    type: str = ""
    id: str | None = None


class MessageItem(Struct, frozen=True):
    phase: str | None = None
    status: str | None = None
    content: tuple[Raw, ...] | None = None


class ReasoningItem(Struct, frozen=True):
    id: str | None = None
    status: str | None = None
    summary: tuple[Raw, ...] | None = None
    content: tuple[Raw, ...] | None = None
    encrypted_content: str | None = None


class CallItem(Struct, frozen=True):
    call_id: str | None = None
    name: str | None = None
    status: str | None = None
    arguments: str | None = None
    input: str | None = None
    """Instead of arguments, where the tool is a custom one."""


class InputDetails(Struct, frozen=True):
    cached_tokens: int | None = None
    cache_write_tokens: int | None = None


class OutputDetails(Struct, frozen=True):
    reasoning_tokens: int | None = None


class ResponseUsage(Struct, frozen=True):
    """Inclusive counts: `input_tokens` holds the cached ones, `output_tokens` the reasoning ones."""

    input_tokens: int | None = None
    output_tokens: int | None = None
    input_tokens_details: InputDetails | None = None
    output_tokens_details: OutputDetails | None = None


class IncompleteDetails(Struct, frozen=True):
    reason: str | None = None


class Response(Struct, frozen=True):
    """A response object: the whole answer, or the one a stream's first and last events hold."""

    id: str | None = None
    model: str | None = None
    status: str | None = None
    output: tuple[Raw, ...] | None = None
    usage: Raw = ABSENT
    error: Raw = ABSENT
    incomplete_details: IncompleteDetails | None = None
    service_tier: str | None = None


class Opening(Struct, frozen=True):
    """What `response.created` tells that we use."""

    id: str | None = None
    model: str | None = None


read_frame = msgspec.json.Decoder(Frame).decode
read_frame_head = msgspec.json.Decoder(FrameHead).decode
read_annotation = msgspec.json.Decoder(Annotation).decode
read_part = msgspec.json.Decoder(Part).decode
read_item_kind = msgspec.json.Decoder(ItemKind).decode
read_message = msgspec.json.Decoder(MessageItem).decode
read_reasoning = msgspec.json.Decoder(ReasoningItem).decode
read_call = msgspec.json.Decoder(CallItem).decode
read_usage = msgspec.json.Decoder(ResponseUsage | None).decode
read_response = msgspec.json.Decoder(Response).decode
read_opening = msgspec.json.Decoder(Opening).decode
