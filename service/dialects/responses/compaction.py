"""`POST /v1/responses/compact`: its body read, its answer written."""

from __future__ import annotations

import msgspec

from service.dialects.base import NewId, Reading
from service.dialects.responses.items import read_input
from service.dialects.responses.limits import MAX_PROMPT_CACHE_KEY
from service.dialects.responses.response import usage_fields
from service.dialects.validation import at_most, decode, required
from specs.openai.compaction import CompactedResponse, CompactionItem, CompactRequest
from specs.requests import RunRequest, Settings
from specs.state import StateAsk
from specs.usage import Usage

_body = msgspec.json.Decoder(CompactRequest)


def read_compact(body: bytes, new_id: NewId) -> Reading:
    """Read the body of `POST /v1/responses/compact`.

    Raises InvalidRequest whose `param` names the field.
    """
    wire = decode(body, _body)
    model = required(wire.model or None, param="model")
    warnings: list[str] = []
    goes_on = wire.previous_response_id is not None
    read = read_input(wire.input, new_id=new_id, warn=warnings.append, goes_on=goes_on)
    cache_key = at_most(wire.prompt_cache_key, MAX_PROMPT_CACHE_KEY, param="prompt_cache_key")
    request = RunRequest(
        model,
        read.items,
        instructions=wire.instructions,
        settings=Settings(prompt_cache_key=cache_key, service_tier=wire.service_tier),
        warnings=tuple(warnings),
    )
    state = StateAsk(
        previous=wire.previous_response_id,
        references=read.references,
        results=read.results,
        summaries=read.summaries,
    )
    return Reading(request, None, False, state, read.files)


def compacted(id: str, sealed: str, *, created_at: int, usage: Usage, new_id: NewId) -> CompactedResponse:
    """Write the answer."""
    return CompactedResponse(id, created_at, (CompactionItem(new_id("cmp"), sealed),), usage_fields(usage))
