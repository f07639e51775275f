"""Token counts of the Messages API, put into our inclusive buckets.

`input_tokens` leaves out the cache; we add it. A stream reports twice, at its start and at its
end; the end's counts are cumulative and hold only what they name, so the two are laid over each
other. Source: https://platform.claude.com/docs/en/build-with-claude/prompt-caching#tracking-cache-performance
"""

from __future__ import annotations

import msgspec
from msgspec import UNSET, Raw, UnsetType

from providers.anthropic import wire
from specs.usage import Usage

UNITS = {"web_search_requests": "web_searches", "web_fetch_requests": "web_fetches"}
"""What we call the things charged by the piece; another keeps the provider's name."""

_fields = msgspec.json.Decoder(dict[str, Raw])
_usage = msgspec.json.Decoder(wire.Usage)
_encode = msgspec.json.Encoder().encode


def laid_over(earlier: Raw | UnsetType, later: Raw) -> Raw:
    """Return the earlier report with what the later one says put over it; a null says nothing."""
    said = {name: value for name, value in _fields.decode(later).items() if bytes(value) != b"null"}
    return Raw(_encode(said if earlier is UNSET else _fields.decode(earlier) | said))


def usage_of(report: Raw) -> Usage:
    """Convert a report; what it does not say is unknown.

    Raises msgspec.ValidationError when it is something else.
    """
    return to_usage(_usage.decode(report))


def to_usage(counts: wire.Usage) -> Usage:
    """Convert exclusive counts to inclusive ones."""
    read, written = counts.cache_read_input_tokens, counts.cache_creation_input_tokens
    lifetimes = counts.cache_creation or wire.CacheCreation()
    written_1h = lifetimes.ephemeral_1h_input_tokens
    if written is None and counts.cache_creation is not None:
        written = (lifetimes.ephemeral_5m_input_tokens or 0) + (written_1h or 0)
    pieces = counts.server_tool_use or {}
    return Usage(
        input=None if counts.input_tokens is None else counts.input_tokens + (read or 0) + (written or 0),
        cache_read=read,
        cache_write=None if written is None else max(0, written - (written_1h or 0)),
        cache_write_1h=written_1h,
        output=counts.output_tokens,
        reasoning=counts.output_tokens_details.thinking_tokens if counts.output_tokens_details else None,
        units={UNITS.get(name, name): count for name, count in pieces.items() if count},
    )


def beside_totals(report: Raw) -> list[str]:
    """The kinds of sampling passes that the totals leave out: another model's, billed at its own rate."""
    passes = _usage.decode(report).iterations or []
    return sorted({each.type for each in passes if each.type != "message"})
