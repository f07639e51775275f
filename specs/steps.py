"""The steps of a run, from what it put out: pure, so that a stream, a run that is shown while it goes on
and what is written down of it at its end say the same.

A message is a step, and so are the calls of one model turn. A step ends when the next begins, or with
its run; the calls of the caller's own functions end when their outputs are there. What a model call
used is its last step's, and what was charged beyond that is the last step's of all, so that the steps
add up to their run.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from msgspec import Struct, structs

from specs.errors import Failure
from specs.fold import ModelTurn
from specs.items import FunctionCall, HostedCall, Item, Message
from specs.threads import Step, StepStatus
from specs.usage import Usage

NOTHING = Usage(input=0, output=0)

Moment = Callable[[str], int]
"""Says when an id was minted, in Unix seconds."""


class StepsEnd(Struct, frozen=True):
    """How what put out the items came to its end."""

    at: int
    usage: Usage
    """All that was charged."""
    unfinished: StepStatus
    """What becomes of a step that is not complete."""
    error: Failure | None = None


class _Group(Struct):
    turn: int
    items: list[Item]


def steps_of(
    items: Sequence[Item], turns: Sequence[ModelTurn], *, moment: Moment, end: StepsEnd | None
) -> tuple[Step, ...]:
    """The steps so far; without an end the last one goes on."""
    groups = _grouped(items, turns)
    begins = [moment(group.items[0].id) for group in groups]
    steps: list[Step] = []
    for place, group in enumerate(groups):
        last = place == len(groups) - 1
        step = _begun(group, begins[place])
        if not last:
            step = structs.replace(step, usage=_usage(group, groups[place + 1], turns))
        elif end is not None:
            step = structs.replace(step, usage=_rest(end.usage, steps))
        next = _next(groups, place)
        ended_at = begins[next] if next is not None else None if end is None else end.at
        steps.append(_ended(step, group, ended_at, end))
    return tuple(steps)


def step_id(item: Item) -> str:
    """The id of the step that begins with an item: the same whoever asks."""
    return f"step_{item.id.rpartition('_')[2]}"


def _grouped(items: Sequence[Item], turns: Sequence[ModelTurn]) -> list[_Group]:
    groups: list[_Group] = []
    calls: _Group | None = None
    for index, item in enumerate(items):
        turn = sum(1 for each in turns if each.upto <= index)
        if isinstance(item, Message):
            groups.append(_Group(turn, [item]))
        elif isinstance(item, FunctionCall | HostedCall):
            if calls is None or calls.turn != turn:
                calls = _Group(turn, [])
                groups.append(calls)
            calls.items.append(item)
    return groups


def _next(groups: Sequence[_Group], place: int) -> int | None:
    """The place of what ends this one by its beginning: calls go on until their turn is over."""
    group = groups[place]
    for later in range(place + 1, len(groups)):
        if isinstance(group.items[0], Message) or groups[later].turn > group.turn:
            return later
    return None


def _begun(group: _Group, created_at: int) -> Step:
    first, id = group.items[0], step_id(group.items[0])
    if isinstance(first, Message):
        return Step(id=id, created_at=created_at, message=first.id)
    calls = tuple(item for item in group.items if isinstance(item, FunctionCall | HostedCall))
    return Step(id=id, created_at=created_at, calls=calls)


def _ended(step: Step, group: _Group, ended_at: int | None, end: StepsEnd | None) -> Step:
    """The step as it stands: one whose items are whole has ended, another ends with its run only."""
    if ended_at is None:
        return step
    if all(_is_whole(item) for item in group.items):
        return structs.replace(step, status="completed", ended_at=ended_at)
    if end is None or end.unfinished == "in_progress":
        return step
    cut = end.unfinished == "completed" and step.message is None  # calls that nobody will answer
    status: StepStatus = "cancelled" if cut else end.unfinished
    error = end.error if status == "failed" else None
    return structs.replace(step, status=status, ended_at=end.at, error=error)


def _is_whole(item: Item) -> bool:
    """Whether nothing more comes of it; a call of the caller's functions is never whole by itself."""
    return isinstance(item, Message | HostedCall) and item.status in ("completed", "failed")


def _usage(group: _Group, after: _Group, turns: Sequence[ModelTurn]) -> Usage:
    if after.turn == group.turn or group.turn >= len(turns):
        return NOTHING
    return turns[group.turn].usage or NOTHING


def _rest(total: Usage, steps: Sequence[Step]) -> Usage:
    """What was charged beyond what the steps before have."""
    given_input = sum(step.usage.input or 0 for step in steps)
    given_output = sum(step.usage.output or 0 for step in steps)
    return Usage(
        input=max(0, (total.input or 0) - given_input),
        output=max(0, (total.output or 0) - given_output),
        cache_read=total.cache_read,
    )
