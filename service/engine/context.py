"""What of a conversation a model is given: not what is only between the caller and the server.

Lists of tools are left out. A call that was approved stands where it was made; one that was not is told
as a call that failed, so that the model knows.
"""

from __future__ import annotations

from collections.abc import Sequence

from specs.items import (
    ApprovalRequest,
    ApprovalResponse,
    ContextItem,
    HostedCall,
    Item,
    ToolListing,
)

UNANSWERED = "Nobody has approved this call; it was not made."
DENIED = "The user did not approve this call; it was not made."


def context_of(items: Sequence[Item]) -> tuple[ContextItem, ...]:
    """The items as a model is to read them."""
    answers = {item.request: item for item in items if isinstance(item, ApprovalResponse)}
    made = {item.approval for item in items if isinstance(item, HostedCall)}
    found: list[ContextItem] = []
    for item in items:
        match item:
            case ToolListing() | ApprovalResponse():
                continue
            case ApprovalRequest():
                if item.id not in made:
                    found.append(refused(item, answers.get(item.id)))
            case _:
                found.append(item)
    return tuple(found)


def refused(asked: ApprovalRequest, answer: ApprovalResponse | None) -> HostedCall:
    """A call that was not made, as the model is told of it."""
    why = UNANSWERED if answer is None else " ".join(filter(None, (DENIED, answer.reason)))
    return HostedCall(
        asked.id,
        asked.call_id,
        asked.label,
        asked.name,
        asked.arguments,
        error=why,
        status="failed",
        step=asked.step,
        called=asked.called,
    )
