"""What a run on a thread is given of it. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from service.engine.effective import usable
from service.store.thread_ports import ThreadContext
from specs.items import FunctionCall, FunctionResult, Item, Message


def context_of(found: ThreadContext, *, begins: int, last_messages: int | None) -> tuple[Item, ...]:
    """The items of a thread that a model is shown: of what was there before the run only the newest
    messages, where so many were asked for, and all that the run added."""
    before = [item for item, place in zip(found.items, found.places, strict=True) if place < begins]
    added = found.items[len(before) :]
    return answered((*newest(before, last_messages), *added))


def newest(items: Sequence[Item], messages: int | None) -> Sequence[Item]:
    """The items from the n-th newest message on; all where no number is given."""
    if messages is None:
        return items
    places = [place for place, item in enumerate(items) if isinstance(item, Message)]
    return items[places[-messages] :] if len(places) > messages else items


def answered(items: Sequence[Item]) -> tuple[Item, ...]:
    """The items without calls that nobody answered, and without answers to no call: a model refuses both."""
    results = {item.call_id for item in items if isinstance(item, FunctionResult)}
    calls = {item.call_id for item in items if isinstance(item, FunctionCall)}
    return usable(
        tuple(
            item
            for item in items
            if not (isinstance(item, FunctionCall) and item.call_id not in results)
            and not (isinstance(item, FunctionResult) and item.call_id not in calls)
        )
    )
