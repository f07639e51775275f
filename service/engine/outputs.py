"""What a caller gives for the calls that a run waits for. Pure, but for the ids it mints."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from msgspec import structs

from service.ids import new_id
from specs.errors import InvalidRequest
from specs.items import FunctionCall, FunctionResult, Text
from specs.threads import Step, ThreadRun


def require_outputs(run: ThreadRun, given: Sequence[str]) -> None:
    """Each call that waits is to be answered once, and no other.

    Raises InvalidRequest.
    """
    wanted = [call.call_id for call in run.waiting]
    for place, id in enumerate(given):
        param = f"tool_outputs[{place}].tool_call_id"
        if id not in wanted:
            raise InvalidRequest(f"{param}: no call {id[:80]!r} waits for an output.", param=param)
        if id in given[:place]:
            raise InvalidRequest(f"{param}: {id[:80]!r} is answered twice.", param=param)
    missing = [id for id in wanted if id not in given]
    if missing:
        raise InvalidRequest(
            f"tool_outputs: expected outputs for call_ids {wanted}, missing {missing}.", param="tool_outputs"
        )


def results_of(calls: Sequence[FunctionCall], outputs: Mapping[str, str]) -> list[FunctionResult]:
    """The outputs as items, in the order of their calls."""
    return [
        FunctionResult(new_id("fco"), call.call_id, (Text(outputs[call.call_id]),), custom=call.custom)
        for call in calls
    ]


def with_outputs(steps: Sequence[Step], outputs: Mapping[str, str], *, now: int) -> Step | None:
    """The step that waits, as the outputs complete it."""
    for step in steps:
        if step.status == "in_progress":
            return structs.replace(step, status="completed", ended_at=now, outputs=dict(outputs))
    return None
