"""What the API says of compaction: `POST /v1/responses/compact`, and `context_management`."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from service.dialects.base import NewId, Reading
from service.dialects.responses.items import read_input
from service.dialects.responses.limits import (
    MAX_CONTEXT_MANAGEMENT,
    MAX_PROMPT_CACHE_KEY,
    MIN_COMPACT_THRESHOLD,
    bounded,
)
from service.dialects.responses.response import usage_fields
from service.dialects.validation import MAX_INTEGER, at_most, decode, in_range, required, shown
from specs.errors import InvalidRequest
from specs.openai.compaction import CompactedResponse, CompactRequest
from specs.openai.response_items import CompactionItem
from specs.openai.responses import ContextManagementParam
from specs.requests import CompactAsk, RunRequest, Settings
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


def read_context_management(
    entries: list[ContextManagementParam] | None, *, warn: Callable[[str], None]
) -> CompactAsk | None:
    """Read what is to be done about a long context.

    Raises InvalidRequest whose `param` names the field.
    """
    found: CompactAsk | None = None
    if entries is not None:
        bounded(entries, MAX_CONTEXT_MANAGEMENT, param="context_management", least=1)
    for index, entry in enumerate(entries or ()):
        param = f"context_management[{index}]"
        if entry.type != "compaction":
            warn(f"{param}: type {shown(entry.type)} is not known here; it was left out.")
            continue
        if found is not None:
            raise InvalidRequest(f"{param}: compaction may be asked for once.", param=param)
        least, place = MIN_COMPACT_THRESHOLD, f"{param}.compact_threshold"
        found = CompactAsk(in_range(entry.compact_threshold, least, MAX_INTEGER, param=place))
    return found


def compacted(id: str, sealed: str, *, created_at: int, usage: Usage, new_id: NewId) -> CompactedResponse:
    """Write the answer."""
    return CompactedResponse(id, created_at, (CompactionItem(new_id("cmp"), sealed),), usage_fields(usage))
