"""What a run on a thread has come to when a leg of it ends: pure, for its stream and for its store."""

from __future__ import annotations

from collections.abc import Sequence
from typing import assert_never

from msgspec import Struct, structs

from specs.agents import Agent
from specs.events import RunEnded
from specs.fold import ModelTurn
from specs.items import FunctionCall, Item, Message
from specs.requests import Allowance
from specs.steps import Moment, StepsEnd, steps_of
from specs.threads import IncompleteMessage, Step, StepStatus, ThreadMessage, ThreadRun, ThreadRunStatus
from specs.usage import add_usages

_UNFINISHED: dict[ThreadRunStatus, StepStatus] = {
    "requires_action": "in_progress",
    "incomplete": "completed",
    "failed": "failed",
    "cancelled": "cancelled",
    "expired": "expired",
}
"""What becomes of a step that is not complete when its run stands so."""
_REASONS: dict[ThreadRunStatus, IncompleteMessage] = {
    "incomplete": "max_tokens",
    "failed": "run_failed",
    "cancelled": "run_cancelled",
    "expired": "run_expired",
}
_CUTS = ("max_output_tokens", "content_filter")
RUN_REASONS = {"max_output_tokens": "max_completion_tokens"}
"""The reasons of the engine by their names here."""


class LegEnd(Struct, frozen=True):
    """All that is to be written down of a leg."""

    run: ThreadRun
    """As it stands now."""
    steps: tuple[Step, ...]
    messages: tuple[ThreadMessage, ...]
    items: tuple[Item, ...]
    """What the thread grows by."""


def leg_end(
    run: ThreadRun, items: Sequence[Item], turns: Sequence[ModelTurn], ended: RunEnded, *, moment: Moment
) -> LegEnd:
    """The end of a leg that has put out these items."""
    status = status_of(run, items, ended)
    items = _cut(items, ended)
    told = StepsEnd(ended.completed_at, ended.usage, _UNFINISHED.get(status, "completed"), ended.error)
    steps = steps_of(items, turns, moment=moment, end=told)
    shown, held = _shared(items) if status == "requires_action" else (_kept(items, status), ())
    stands = structs.replace(
        run,
        status=status,
        ended_at=None if status == "requires_action" else ended.completed_at,
        reason=RUN_REASONS.get(ended.reason or "", ended.reason) if status == "incomplete" else None,
        error=ended.error if status == "failed" else None,
        held=held,
        usage=add_usages((run.usage, ended.usage)),
    )
    by_message = {step.message: step for step in steps}
    messages = tuple(
        thread_message(run, item, by_message[item.id], reason=_reason(item, status, ended))
        for item in items
        if isinstance(item, Message)
    )
    return LegEnd(stands, steps, messages, shown)


def leg_agent(run: ThreadRun) -> Agent:
    """The agent of a leg: what the run may still put out is its ceiling."""
    agent, most = run.terms.agent, run.terms.max_completion_tokens
    limits = structs.replace(agent.limits, max_seconds=None)  # it is the run's, not the leg's
    if most is not None:
        left, ceiling = max(1, most - (run.usage.output or 0)), limits.max_output_tokens
        limits = structs.replace(limits, max_output_tokens=left if ceiling is None else min(ceiling, left))
    return structs.replace(agent, limits=limits)


def leg_allowance(run: ThreadRun) -> Allowance:
    """The tokens that a leg may take: what the legs before have left."""
    terms, used = run.terms, run.usage
    return Allowance(
        prompt=None if terms.max_prompt_tokens is None else terms.max_prompt_tokens - (used.input or 0),
        completion=(
            None if terms.max_completion_tokens is None else terms.max_completion_tokens - (used.output or 0)
        ),
        cuts_middle=terms.last_messages is None,
    )


def thread_message(
    run: ThreadRun, item: Message, step: Step, *, reason: IncompleteMessage | None = None
) -> ThreadMessage:
    """A message that a step of a run wrote, or writes."""
    return ThreadMessage(
        thread=run.thread,
        item=item,
        created_at=step.created_at,
        ended_at=step.ended_at,
        run=run.id,
        assistant=run.assistant,
        reason=reason,
    )


def status_of(run: ThreadRun, items: Sequence[Item], ended: RunEnded) -> ThreadRunStatus:
    """How a run on a thread stands when its leg has ended so."""
    match ended.status:
        case "completed":
            return "requires_action" if any(isinstance(item, FunctionCall) for item in items) else "completed"
        case "cancelled":
            return "expired" if ended.completed_at >= run.expires_at else "cancelled"
        case "incomplete" | "failed" | "expired":
            return ended.status
        case _:
            assert_never(ended.status)


def _cut(items: Sequence[Item], ended: RunEnded) -> tuple[Item, ...]:
    """The items, the last message marked where its model call was cut off."""
    last = items[-1] if items else None
    if ended.status == "incomplete" and ended.reason in _CUTS and isinstance(last, Message):
        return (*items[:-1], structs.replace(last, status="incomplete"))
    return tuple(items)


def _shared(items: Sequence[Item]) -> tuple[tuple[Item, ...], tuple[Item, ...]]:
    """What the thread gets at once, and what waits: calls that are never answered must not be in it."""
    last = max((place for place, item in enumerate(items) if isinstance(item, Message)), default=-1)
    shown = [item for item in items[: last + 1] if not isinstance(item, FunctionCall)]
    held = [item for place, item in enumerate(items) if place > last or isinstance(item, FunctionCall)]
    return tuple(shown), tuple(held)


def _kept(items: Sequence[Item], status: ThreadRunStatus) -> tuple[Item, ...]:
    if status == "completed":
        return tuple(items)
    if status == "incomplete":
        return tuple(item for item in items if not isinstance(item, FunctionCall))
    return tuple(item for item in items if isinstance(item, Message))


def _reason(item: Message, status: ThreadRunStatus, ended: RunEnded) -> IncompleteMessage | None:
    if item.status == "completed":
        return None
    return "content_filter" if ended.reason == "content_filter" else _REASONS.get(status, "run_failed")
