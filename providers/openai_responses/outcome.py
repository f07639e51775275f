"""Single facts of a Responses answer in our words: usage, finish, status, citations."""

from __future__ import annotations

from typing import Literal

import msgspec
from msgspec import Raw

from providers.openai_responses import wire
from specs.events import Finish
from specs.items import Annotation, FileCitation, Status, UrlCitation
from specs.usage import Usage

INCOMPLETE_REASONS: dict[str, Finish] = {
    "max_output_tokens": "length",
    "content_filter": "content_filter",
}
STATUSES: dict[str, Status] = {"incomplete": "incomplete", "failed": "failed"}


def usage_of(raw: Raw) -> Usage | None:
    """Read a response's usage; its buckets are inclusive as ours are. None: it does not say."""
    try:
        told = wire.read_usage(raw)
    except msgspec.DecodeError:
        return None
    if told is None or (told.input_tokens is None and told.output_tokens is None):
        return None
    inputs = told.input_tokens_details or wire.InputDetails()
    outputs = told.output_tokens_details or wire.OutputDetails()
    return Usage(
        input=told.input_tokens,
        cache_read=inputs.cached_tokens,
        cache_write=inputs.cache_write_tokens,
        output=told.output_tokens,
        reasoning=outputs.reasoning_tokens,
    )


def finish_of(status: str, reason: str | None, *, called: bool) -> Finish:
    """Read how a response ended; `called`: a function call is among its items."""
    match status:
        case "completed":
            return "tool_calls" if called else "stop"
        case "cancelled":
            return "cancelled"
        case _:
            return INCOMPLETE_REASONS.get(reason or "", "other")


def status_of(status: str | None) -> Status:
    """Read the status of an item that has ended; one that is not said is `completed`."""
    return STATUSES.get(status or "", "completed")


def phase_of(phase: str | None) -> Literal["commentary", "final_answer"] | None:
    """Read a message's phase; one we do not know is none."""
    return phase if phase in ("commentary", "final_answer") else None


def citation_of(annotation: wire.Annotation) -> Annotation | None:
    """Read a citation; None: of a kind that has no words here."""
    match annotation.type:
        case "url_citation":
            return UrlCitation(
                annotation.url or "",
                annotation.title or "",
                annotation.start_index or 0,
                annotation.end_index or 0,
            )
        case "file_citation":
            return FileCitation(annotation.file_id or "", annotation.filename or "", annotation.index or 0)
        case _:
            return None
