"""How long things may be. Those without a remark are of Open Responses 2026-04-24."""

from __future__ import annotations

from collections.abc import Sized

from specs.errors import InvalidRequest

MAX_TEXT = 10_485_760
"""Characters of one text."""
MAX_IMAGE = 20_971_520
"""Characters of an image's URL, which may hold the image."""
MAX_FILE = 33_554_432
"""Characters of a file's data."""
MAX_CALL_ID = 64
MAX_ITEM_ID = 64
"""Ours: a caller's longer id of an item is replaced, not refused."""
MAX_ITEMS = 8_192
"""Ours: each input item costs the event loop some ten microseconds, and the others wait for them."""
MAX_TOOLS = 1_024
"""Ours: more than any model takes."""
MAX_ALLOWED_TOOLS = 128
MAX_PROMPT_CACHE_KEY = 64
MAX_CONTEXT_MANAGEMENT = 8
"""Ours; one kind of entry is known."""
MIN_COMPACT_THRESHOLD = 1_000
"""OpenAI's."""
MAX_SAFETY_IDENTIFIER = 128
"""OpenAI's; Open Responses has 64."""


def bounded(values: Sized, most: int, *, param: str, least: int = 0) -> None:
    """Refuse a list that is longer than `most` or shorter than `least`."""
    if not least <= len(values) <= most:
        raise InvalidRequest(
            f"{param} must have {least} to {most} entries; it has {len(values)}.", param=param
        )
