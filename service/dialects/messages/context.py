"""What a request wants done about a context that grows long."""

from __future__ import annotations

from msgspec import UnsetType

from service.dialects.validation import MAX_INTEGER, in_range, one_of, shown
from specs.anthropic.messages import ContextEdit, ContextManagement
from specs.requests import CompactAsk

COMPACT = "compact_20260112"
CLEAR_THINKING = "clear_thinking_20251015"
DEFAULT_TRIGGER = 150_000
"""Input tokens from which older context is compacted where the caller does not say; the API's default."""
MIN_TRIGGER = 1_000
_KEEPS_ALL = b'"all"'


def read_context_management(sent: ContextManagement | None, warnings: list[str]) -> CompactAsk | None:
    """Read the edits; those that cannot be made are added to `warnings`.

    Raises InvalidRequest whose `param` names the field.
    """
    found: CompactAsk | None = None
    for index, edit in enumerate((sent.edits if sent is not None else None) or ()):
        at = f"context_management.edits[{index}]"
        if edit.type == COMPACT:
            found = _compact(edit, at, warnings)
        elif not _keeps_all_thinking(edit):
            warnings.append(f"{at} was left out: an edit of type {shown(edit.type)} cannot be made here.")
    return found


def _compact(edit: ContextEdit, at: str, warnings: list[str]) -> CompactAsk:
    if edit.instructions:
        warnings.append(f"{at}.instructions is not supported and was left out.")
    if edit.pause_after_compaction:
        warnings.append(f"{at}.pause_after_compaction is not honoured: the answer follows the summary.")
    if edit.trigger is None:
        return CompactAsk(DEFAULT_TRIGGER)
    one_of(edit.trigger.type, ("input_tokens",), param=f"{at}.trigger.type")
    return CompactAsk(in_range(edit.trigger.value, MIN_TRIGGER, MAX_INTEGER, param=f"{at}.trigger.value"))


def _keeps_all_thinking(edit: ContextEdit) -> bool:
    """Whether it is what is done anyway."""
    if edit.type != CLEAR_THINKING or isinstance(edit.keep, UnsetType):
        return False
    return bytes(edit.keep) == _KEEPS_ALL
