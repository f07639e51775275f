"""What of a context is left out where it is longer than the model's window. Pure.

Instructions, summaries, the last user turn and the newest exchange always stay. A call and its results,
and what the model thought before, stay or go together; what is left keeps its order.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from msgspec import structs

from providers.profiles import Profile
from service.ledger.bounds import LONGEST_TOKEN, measure
from specs.items import Compaction, FunctionCall, FunctionResult, Item, Message
from specs.requests import ModelRequest

BYTES_PER_TOKEN = 3
"""Of text, for an estimate that is seldom too low: prose has four, code and Chinese about three."""
OUTPUT_SHARE = 4
"""Where nobody caps the answer, one part in so many of the window is left to it."""


def surely_too_long(request: ModelRequest, profile: Profile) -> bool:
    """Whether the text alone is longer than the window, however it is cut into tokens."""
    window = profile.context_window
    return window is not None and measure(request, profile).text_bytes // LONGEST_TOKEN > window


def truncated(request: ModelRequest, profile: Profile) -> ModelRequest:
    """The request without its oldest exchanges, as many as it takes to fit by estimate."""
    fits = room(request, profile)
    excess = 0 if fits is None else estimate(request, profile) - fits
    if excess <= 0:
        return request
    dropped: set[int] = set()
    for group in droppable(request.items):
        if excess <= 0:
            break
        items = tuple(request.items[position] for position in group)
        excess -= estimate(ModelRequest(request.model, items), profile)
        dropped.update(group)
    kept = tuple(item for position, item in enumerate(request.items) if position not in dropped)
    return structs.replace(request, items=kept)


def estimate(request: ModelRequest, profile: Profile) -> int:
    """About how many tokens a request has, rather too many than too few."""
    needs = measure(request, profile)
    return needs.guess_with(-(-needs.text_bytes // BYTES_PER_TOKEN))


def room(request: ModelRequest, profile: Profile) -> int | None:
    """What the input may take of the window; None where nobody knows it."""
    window = profile.context_window
    if window is None:
        return None
    share = window // OUTPUT_SHARE
    return window - min(request.settings.max_output_tokens or share, window // 2)


def droppable(items: Sequence[Item]) -> Iterator[list[int]]:
    """The positions that may go, those together that go together, oldest first."""
    groups = grouped(items)
    last_user = last_user_message(items)
    for group in groups[:-1]:
        if last_user not in group and not any(_stands_alone(items[position]) for position in group):
            yield group


def grouped(items: Sequence[Item]) -> list[list[int]]:
    """The positions of the items by exchange: a user's message with all that came of it; after the
    last one, each answer of the model with the results of its calls. An instruction is by itself,
    and so is a summary.
    """
    last_user = last_user_message(items)
    groups: list[list[int]] = []
    of_call: dict[str, list[int]] = {}
    current: list[int] | None = None
    answered = False
    for position, item in enumerate(items):
        if _stands_alone(item):
            groups.append([position])
            continue
        if isinstance(item, FunctionResult) and item.call_id in of_call:
            of_call[item.call_id].append(position)
            answered = True
            continue
        begins = _is_user(item) or (position > last_user and (answered or current == [last_user]))
        if current is None or begins:
            current = []
            groups.append(current)
        current.append(position)
        answered = False
        if isinstance(item, FunctionCall):
            of_call[item.call_id] = current
    return groups


def last_user_message(items: Sequence[Item]) -> int:
    """Its position; -1 where there is none."""
    return max((position for position, item in enumerate(items) if _is_user(item)), default=-1)


def _stands_alone(item: Item) -> bool:
    """Whether an item is part of no exchange, and never left out."""
    return isinstance(item, Compaction) or is_instruction(item)


def _is_user(item: Item) -> bool:
    return isinstance(item, Message) and item.role == "user"


def is_instruction(item: Item) -> bool:
    """Whether it is from who runs the agent, not from its user."""
    return isinstance(item, Message) and item.role in ("system", "developer")
