"""What we read of the Messages API: minimal and forgiving, one flat Struct per shape.

Blocks and deltas are tagged unions on the wire; here each is one Struct whose fields are the sum
of all members, because a member we never heard of must still decode (and be told of).
Source: https://platform.claude.com/docs/en/api/messages, version 2023-06-01.
"""

from __future__ import annotations

import msgspec
from msgspec import UNSET, Raw, Struct, UnsetType


class Citation(Struct):
    """Where a stretch of text comes from; which fields are set depends on `type`."""

    type: str = ""
    url: str | None = None
    title: str | None = None
    source: str | None = None
    document_index: int | None = None
    document_title: str | None = None
    file_id: str | None = None


class Block(Struct):
    """A content block, whole (in an answer) or as it starts (in a stream)."""

    type: str = ""
    id: str | None = None
    name: str | None = None
    text: str | None = None
    thinking: str | None = None
    signature: str | None = None
    data: str | None = None
    input: Raw | UnsetType = UNSET
    tool_use_id: str | None = None
    content: Raw | UnsetType = UNSET
    citations: list[Raw] | None = None


class BlockStarted(Struct):
    index: int
    content_block: Raw
    """A `Block`; as it came, for one that goes back."""


class BlockDelta(Struct):
    type: str = ""
    text: str | None = None
    partial_json: str | None = None
    thinking: str | None = None
    signature: str | None = None
    citation: Raw | UnsetType = UNSET


class BlockGrown(Struct):
    index: int
    delta: BlockDelta


class BlockStopped(Struct):
    index: int


class StopDetails(Struct):
    category: str | None = None
    explanation: str | None = None


class Message(Struct):
    """An answer, whole, or as the first frame of a stream knows it."""

    type: str = ""
    id: str | None = None
    model: str | None = None
    content: list[Raw] = []
    stop_reason: str | None = None
    stop_sequence: str | None = None
    stop_details: StopDetails | None = None
    usage: Raw | UnsetType = UNSET


class MessageStarted(Struct):
    message: Message


class Stop(Struct, frozen=True):
    stop_reason: str | None = None
    stop_sequence: str | None = None
    stop_details: StopDetails | None = None


class MessageDelta(Struct):
    delta: Stop = Stop()
    usage: Raw | UnsetType = UNSET


class Typed(Struct):
    """Only the name of a frame, for one whose event line is missing."""

    type: str = ""


class CacheCreation(Struct):
    """Tokens written to the cache, by lifetime."""

    ephemeral_5m_input_tokens: int | None = None
    ephemeral_1h_input_tokens: int | None = None


class OutputDetails(Struct):
    thinking_tokens: int | None = None


class Iteration(Struct):
    """One sampling pass; those that are no `message` are billed beside the totals."""

    type: str = ""


class Usage(Struct):
    """Token counts. `input_tokens` leaves out what was read from and written to the cache."""

    input_tokens: int | None = None
    cache_read_input_tokens: int | None = None
    cache_creation_input_tokens: int | None = None
    cache_creation: CacheCreation | None = None
    output_tokens: int | None = None
    output_tokens_details: OutputDetails | None = None
    server_tool_use: dict[str, int | None] | None = None
    iterations: list[Iteration] | None = None


read_block = msgspec.json.Decoder(Block).decode
