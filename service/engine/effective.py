"""The whole input of a run: what went before, what is new, and what the new only names. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from msgspec import Struct

from specs.contexts import Context, found_in, grown
from specs.errors import InvalidRequest, NotFound
from specs.items import FunctionCall, FunctionResult, Item
from specs.state import Reference, ResultPlace


class _Cut(Struct, frozen=True):
    """The calls that were cut off, by call id."""

    def look(self, known: frozenset[str] | None, items: Sequence[Item]) -> frozenset[str]:
        cut = [
            item.call_id for item in items if isinstance(item, FunctionCall) and item.status != "completed"
        ]
        return (known or frozenset()).union(cut)


_CUT = _Cut()


def usable(context: tuple[Item, ...]) -> tuple[Item, ...]:
    """What of a kept context can be shown to a model: a call that was cut off cannot be answered."""
    cut = found_in(context, _CUT)
    if not cut:
        return context
    return tuple(
        item
        for item in context
        if not (isinstance(item, FunctionCall | FunctionResult) and item.call_id in cut)
    )


def with_references(
    items: Sequence[Item], references: Sequence[Reference], found: Mapping[str, Item]
) -> tuple[Item, ...]:
    """The input with the items that were only named in their places.

    Raises NotFound where one is not there.
    """
    whole: list[Item] = []
    taken = 0
    for reference in references:
        if reference.id not in found:
            raise NotFound("No such item is stored here.", param=reference.param)
        whole += items[taken : reference.position]
        whole.append(found[reference.id])
        taken = reference.position
    return (*whole, *items[taken:])


def check_results(items: Sequence[Item], results: Sequence[ResultPlace]) -> None:
    """A result that answers no call cannot be placed in a context.

    Raises InvalidRequest.
    """
    if not results:
        return
    calls = {item.call_id for item in items if isinstance(item, FunctionCall)}
    for result in results:
        if result.call_id not in calls:
            raise InvalidRequest(
                f"{result.param}: no function call {result.call_id[:80]!r} in the context.",
                param=result.param,
            )


def whole_input(
    context: tuple[Item, ...], items: tuple[Item, ...], results: Sequence[ResultPlace]
) -> tuple[Item, ...]:
    """What the model is given: the context, then the new input.

    Raises InvalidRequest where a result answers no call, or where there is nothing at all.
    """
    before = usable(context)
    whole = grown(before, items) if before else Context(items)
    check_results(whole, results)
    if not whole:
        raise InvalidRequest("input must hold at least one item that can be used.", param="input")
    return whole
