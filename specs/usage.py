"""What a model call consumed, in tokens. Buckets are inclusive: `input` holds the cached
tokens too, `output` the reasoning ones, so parts never add to a total."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct

INPUT_PARTS = ("cache_read", "cache_write", "cache_write_1h", "input_audio")
OUTPUT_PARTS = ("reasoning", "output_audio")
COUNTS = ("input", *INPUT_PARTS, "output", *OUTPUT_PARTS)


class Usage(Struct, frozen=True, omit_defaults=True):
    """Tokens of one model call, or of several added up. None is unknown, zero is zero."""

    input: int | None = None
    """All input tokens, those read from and written to a cache included."""
    cache_read: int | None = None
    cache_write: int | None = None
    """Written to a cache with the provider's default lifetime (minutes)."""
    cache_write_1h: int | None = None
    """Written to a cache that keeps them for an hour; not part of `cache_write`."""
    input_audio: int | None = None
    output: int | None = None
    """All output tokens, reasoning included."""
    reasoning: int | None = None
    output_audio: int | None = None
    units: dict[str, int] = {}
    """Things charged by the piece, by name: searches, sessions, pages."""
    estimated: bool = False
    """True when we counted because the provider did not say."""

    @property
    def total(self) -> int:
        """Input plus output tokens; unknown counts as none."""
        return (self.input or 0) + (self.output or 0)


def add_usages(usages: Iterable[Usage]) -> Usage:
    """Add usages field by field; a count is unknown only when it is unknown in each."""
    usages = tuple(usages)
    if len(usages) == 1:
        return usages[0]
    counts: dict[str, int | None] = dict.fromkeys(COUNTS)
    units: dict[str, int] = {}
    estimated = False
    for usage in usages:
        estimated = estimated or usage.estimated
        for name in COUNTS:
            value = getattr(usage, name)
            if value is not None:
                counts[name] = (counts[name] or 0) + value
        for name, value in usage.units.items():
            units[name] = units.get(name, 0) + value
    return Usage(**counts, units=units, estimated=estimated)


def mismatches(usage: Usage) -> list[str]:
    """Say where the parts exceed their total (DESIGN: a mismatch is an alarm, not a guess)."""
    found = []
    cached = sum(getattr(usage, name) or 0 for name in ("cache_read", "cache_write", "cache_write_1h"))
    for total, parts, part_sum in (
        ("input", "cached", cached),
        ("input", "input_audio", usage.input_audio or 0),
        ("output", "reasoning", usage.reasoning or 0),
        ("output", "output_audio", usage.output_audio or 0),
    ):
        whole = getattr(usage, total)
        if whole is not None and part_sum > whole:
            found.append(f"{parts} {part_sum} > {total} {whole}")
    found.extend(f"{name} is negative" for name in COUNTS if (getattr(usage, name) or 0) < 0)
    return found
