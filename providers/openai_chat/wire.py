"""What we read of a Chat Completions answer: the fields in use, every one optional.

A streamed chunk and a whole answer are the same shape; one says `delta`, the other `message`.
"""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec import Raw, Struct

NOTHING = Raw()
_EMPTY = frozenset((b"", b"null", b"[]", b"{}", b'""'))


class WireFunction(Struct, gc=False):
    name: str | None = None
    arguments: Raw = NOTHING
    """A JSON string; from some servers the object itself."""


class WireToolCall(Struct, gc=False):
    index: int | None = None
    id: str | int | None = None
    type: str | None = None
    function: WireFunction | None = None


class WirePart(Struct, gc=False):
    type: str = ""
    text: str | None = None
    refusal: str | None = None
    thinking: list[WirePart] | str | None = None


class WireReasoningDetail(Struct, gc=False):
    """https://openrouter.ai/docs/use-cases/reasoning-tokens"""

    type: str = ""
    index: int | None = None
    text: str | None = None
    summary: str | None = None
    data: str | None = None
    signature: str | None = None


class WireUrlCitation(Struct, gc=False):
    url: str = ""
    title: str | None = None
    start_index: int | None = None
    end_index: int | None = None


class WireAnnotation(Struct, gc=False):
    type: str = ""
    url_citation: WireUrlCitation | None = None


class WireDelta(Struct, gc=False):
    content: str | list[WirePart] | None = None
    refusal: str | None = None
    reasoning_content: str | None = None
    reasoning: str | None = None
    reasoning_details: list[WireReasoningDetail] | None = None
    tool_calls: list[WireToolCall] | None = None
    function_call: WireFunction | None = None
    annotations: list[WireAnnotation] | None = None


class WireLogprobs(Struct, gc=False):
    content: list[Raw] | None = None


class WireChoice(Struct, gc=False):
    index: int | None = None
    delta: WireDelta | None = None
    message: WireDelta | None = None
    finish_reason: str | None = None
    logprobs: WireLogprobs | list[Any] | None = None
    error: Raw = NOTHING


class WireGroq(Struct, gc=False):
    usage: Raw = NOTHING
    error: Raw = NOTHING


class WireChunk(Struct, gc=False):
    id: str | int | None = None
    model: str | None = None
    object: str | None = None
    choices: list[WireChoice] | None = None
    usage: Raw = NOTHING
    error: Raw = NOTHING
    x_groq: WireGroq | None = None
    service_tier: Any = None


class WirePromptDetails(Struct, gc=False):
    cached_tokens: float | None = None
    cache_write_tokens: float | None = None
    audio_tokens: float | None = None


class WireCompletionDetails(Struct, gc=False):
    reasoning_tokens: float | None = None
    audio_tokens: float | None = None


class WireServerTools(Struct, gc=False):
    web_search_requests: float | None = None


class WireUsage(Struct, gc=False):
    prompt_tokens: float | None = None
    completion_tokens: float | None = None
    total_tokens: float | None = None
    prompt_tokens_details: WirePromptDetails | None = None
    completion_tokens_details: WireCompletionDetails | None = None
    prompt_cache_hit_tokens: float | None = None
    cached_tokens: float | None = None
    num_cached_tokens: float | None = None
    server_tool_use_details: WireServerTools | None = None


decode_chunk = msgspec.json.Decoder(WireChunk).decode
decode_usage = msgspec.json.Decoder(WireUsage | None).decode
decode_text = msgspec.json.Decoder(str).decode


class _RawMessage(Struct):
    delta: dict[str, Raw] | None = None
    message: dict[str, Raw] | None = None


class _RawChoices(Struct):
    choices: list[_RawMessage] = []


_decode_raw = msgspec.json.Decoder(_RawChoices).decode


def only_text(chunk: WireChunk) -> str:
    """The text of a chunk that says nothing else, as nearly all of a stream do; else empty."""
    choices = chunk.choices
    if not choices or len(choices) > 1 or chunk.object == "error":
        return ""
    if chunk.usage is not NOTHING or chunk.error is not NOTHING or chunk.x_groq is not None:
        return ""
    choice = choices[0]
    delta = choice.delta
    if choice.index or choice.finish_reason or choice.logprobs is not None or delta is None:
        return ""
    text = delta.content
    if type(text) is not str or delta != WireDelta(text) or choice.error is not NOTHING:
        return ""
    return text


def is_given(raw: Raw) -> bool:
    """Whether a field was there and not empty."""
    return raw is not NOTHING and bytes(raw) not in _EMPTY


def other_fields(data: bytes, known: frozenset[str]) -> set[str]:
    """The names of all that is not empty in the deltas of a chunk, but for those that are known."""
    found: set[str] = set()
    for choice in _decode_raw(data).choices:
        fields = choice.delta or choice.message or {}
        found |= {name for name in fields.keys() - known if is_given(fields[name])}
    return found
