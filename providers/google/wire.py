"""What we read of a `generateContent` answer: the fields in use, every one optional.

A streamed chunk and a whole answer are the same shape.
Source: https://ai.google.dev/api/generate-content (v1beta).
"""

from __future__ import annotations

import msgspec
from msgspec import Raw, Struct

NOTHING = Raw()


class PartialArgument(Struct, rename="camel"):
    """A piece of a call's arguments: a leaf, or more of a string."""

    json_path: str = ""
    string_value: str | None = None
    number_value: float | None = None
    bool_value: bool | None = None
    null_value: str | None = None


class Call(Struct, rename="camel"):
    id: str | None = None
    name: str | None = None
    args: Raw = NOTHING
    partial_args: list[PartialArgument] = []
    will_continue: bool = False


class Part(Struct, rename="camel"):
    text: str | None = None
    thought: bool = False
    thought_signature: str | None = None
    function_call: Call | None = None


class Content(Struct):
    parts: list[Raw] = []


class Web(Struct):
    uri: str = ""
    title: str = ""


class Source(Struct):
    """A grounding chunk."""

    web: Web | None = None


class Segment(Struct, rename="camel"):
    """Indices count UTF-8 bytes of the part's text."""

    part_index: int = 0
    start_index: int = 0
    end_index: int = 0
    text: str = ""


class Support(Struct, rename="camel"):
    segment: Segment = msgspec.field(default_factory=Segment)
    grounding_chunk_indices: list[int] = []


class Grounding(Struct, rename="camel"):
    grounding_chunks: list[Source] = []
    grounding_supports: list[Support] = []
    web_search_queries: list[str] = []


class Chance(Struct, rename="camel"):
    token: str = ""
    log_probability: float = 0.0


class Chances(Struct):
    candidates: list[Chance] = []


class LogprobsResult(Struct, rename="camel"):
    chosen_candidates: list[Chance] = []
    top_candidates: list[Chances] = []


class Candidate(Struct, rename="camel"):
    index: int = 0
    content: Content | None = None
    finish_reason: str | None = None
    finish_message: str | None = None
    grounding_metadata: Grounding | None = None
    logprobs_result: LogprobsResult | None = None


class Feedback(Struct, rename="camel"):
    block_reason: str | None = None
    block_reason_message: str | None = None


class Chunk(Struct, rename="camel"):
    candidates: list[Candidate] = []
    prompt_feedback: Feedback | None = None
    usage_metadata: Raw = NOTHING
    model_version: str | None = None
    response_id: str | None = None
    error: Raw = NOTHING


class Modality(Struct, rename="camel"):
    modality: str = ""
    token_count: int = 0


class Counts(Struct, rename="camel"):
    """`usageMetadata`. The prompt holds what was read from a cache; thoughts stand beside candidates."""

    prompt_token_count: int | None = None
    cached_content_token_count: int | None = None
    candidates_token_count: int | None = None
    thoughts_token_count: int | None = None
    tool_use_prompt_token_count: int | None = None
    total_token_count: int | None = None
    prompt_tokens_details: list[Modality] = []
    candidates_tokens_details: list[Modality] = []
    service_tier: str | None = None


class CountedTokens(Struct, rename="camel"):
    """The answer of `countTokens`."""

    total_tokens: int
