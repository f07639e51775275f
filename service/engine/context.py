"""What of a conversation a model is given: not what is only between the caller and the server.

Lists of tools are left out. A call that was approved stands where it was made; one that was not is told
as a call that failed, so that the model knows.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import cast

from msgspec import structs

from service.tools.base import ToolSet
from specs.contexts import KINDS, found_in
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
NOT_MADE = "The user approved this call, but it was not made."
_ASIDE = frozenset({ToolListing, ApprovalRequest, ApprovalResponse})


def context_of(items: tuple[Item, ...]) -> tuple[ContextItem, ...]:
    """The items as a model is to read them."""
    if _ASIDE.isdisjoint(found_in(items, KINDS)):
        return cast("tuple[ContextItem, ...]", items)
    answers = {item.request: item for item in items if isinstance(item, ApprovalResponse)}
    made = {item.approval for item in items if isinstance(item, HostedCall)}
    found: list[ContextItem] = []
    for position, item in enumerate(items):
        match item:
            case ToolListing() | ApprovalResponse():
                continue
            case ApprovalRequest():
                answer = answers.get(item.id)
                if item.id not in made and not _asked_anew(items[position + 1 :], item, answer):
                    found.append(refused(item, answer))
            case _:
                found.append(item)
    return tuple(found)


def _asked_anew(later: Sequence[Item], asked: ApprovalRequest, answer: ApprovalResponse | None) -> bool:
    """Whether an approval did not hold, as the tool had changed, and the same call was asked for again."""
    if answer is None or not answer.approve or answer not in later:
        return False
    after = later[later.index(answer) :]
    return any(isinstance(item, ApprovalRequest) and is_same_call(item, asked) for item in after)


def refused(asked: ApprovalRequest, answer: ApprovalResponse | None) -> HostedCall:
    """A call that was not made, as the model is told of it."""
    return HostedCall(
        asked.id,
        asked.call_id,
        asked.label,
        asked.name,
        asked.arguments,
        error=_why(answer),
        status="failed",
        step=asked.step,
        called=asked.called,
    )


def _why(answer: ApprovalResponse | None) -> str:
    if answer is None:
        return UNANSWERED
    return NOT_MADE if answer.approve else " ".join(filter(None, (DENIED, answer.reason)))


def is_same_call(one: ApprovalRequest, other: ApprovalRequest) -> bool:
    """Whether both ask for the same."""
    return (one.label, one.name, one.arguments) == (other.label, other.name, other.arguments)


def with_offered_names(items: Sequence[Item], tools: ToolSet) -> tuple[Item, ...]:
    """The items with the names that the model knows tools by: what was sent back has those of the servers."""
    nameless = [item for item in items if isinstance(item, HostedCall | ApprovalRequest) and not item.called]
    if not nameless:
        return tuple(items)
    names: dict[tuple[str, str], str] = {}
    for definition in tools.definitions:
        tool = tools.known(definition.name)
        if tool is not None and tool.name != definition.name:
            names[tool.label, tool.name] = definition.name
    return tuple(_named(item, names) for item in items)


def _named(item: Item, names: Mapping[tuple[str, str], str]) -> Item:
    if not isinstance(item, HostedCall | ApprovalRequest) or item.called:
        return item
    name = names.get((item.label, item.name))
    return item if name is None else structs.replace(item, called=name)
