"""The events of a streamed answer of the Messages API.

https://platform.claude.com/docs/en/build-with-claude/streaming
"""

from __future__ import annotations

from typing import TypeAlias

from msgspec import Struct

from specs.anthropic.answers import (
    AnswerBlock,
    Citation,
    MessageAnswer,
    MessageErrorBody,
    RefusalDetails,
    StopReason,
    Usage,
)


class MessageStart(Struct, frozen=True, tag_field="type", tag="message_start"):
    message: MessageAnswer


class ContentBlockStart(Struct, frozen=True, tag_field="type", tag="content_block_start"):
    index: int
    content_block: AnswerBlock


class TextDelta(Struct, frozen=True, gc=False, tag_field="type", tag="text_delta"):
    text: str


class InputJsonDelta(Struct, frozen=True, gc=False, tag_field="type", tag="input_json_delta"):
    partial_json: str


class ThinkingDelta(Struct, frozen=True, gc=False, tag_field="type", tag="thinking_delta"):
    thinking: str


class SignatureDelta(Struct, frozen=True, gc=False, tag_field="type", tag="signature_delta"):
    signature: str


class CitationsDelta(Struct, frozen=True, tag_field="type", tag="citations_delta"):
    citation: Citation


class CompactionDelta(Struct, frozen=True, tag_field="type", tag="compaction_delta"):
    content: str
    encrypted_content: None = None


BlockDelta: TypeAlias = (
    TextDelta | InputJsonDelta | ThinkingDelta | SignatureDelta | CitationsDelta | CompactionDelta
)


class ContentBlockDelta(Struct, frozen=True, tag_field="type", tag="content_block_delta"):
    index: int
    delta: BlockDelta


class ContentBlockStop(Struct, frozen=True, tag_field="type", tag="content_block_stop"):
    index: int


class Stop(Struct, frozen=True):
    stop_reason: StopReason
    stop_sequence: str | None
    stop_details: RefusalDetails | None
    container: None = None


class MessageDelta(Struct, frozen=True, tag_field="type", tag="message_delta"):
    """The end; its usage is that of the whole run."""

    delta: Stop
    usage: Usage


class MessageStop(Struct, frozen=True, tag_field="type", tag="message_stop"):
    pass


class Ping(Struct, frozen=True, tag_field="type", tag="ping"):
    pass


MessageStreamEvent: TypeAlias = (
    MessageStart
    | ContentBlockStart
    | ContentBlockDelta
    | ContentBlockStop
    | MessageDelta
    | MessageStop
    | Ping
    | MessageErrorBody
)
