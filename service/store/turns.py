"""Turns, as the writer keeps and forgets them. Each function runs inside one command."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from msgspec import Struct

from service.store.items import drop_items, item_row, write_items
from service.store.repeated import Repeated
from service.store.state_records import KeepTurn
from service.store.statements import sql
from service.store.writer import Connection, row, rows
from specs.items import Item

_TURNS = sql("turns")
_open = Repeated(_TURNS["open"])
_put = Repeated(_TURNS["put"])


class _NewItems(Struct, frozen=True):
    """What is not known of a turn yet."""

    order: KeepTurn
    input: tuple[Item, ...]

    def rows(self) -> list[tuple[object, ...]]:
        """Its items, to be written."""
        order, items = self.order, (*self.input, *self.order.output)
        return [item_row(item, project=order.project, now=order.now) for item in items]

    def places(self, numbers: Iterator[int]) -> list[tuple[str, str, int, int]]:
        """Where the items are in the turn, which take the next of these numbers."""
        sides = (("input", self.input), ("output", self.order.output))
        return [
            (self.order.id, side, place, next(numbers))
            for side, items in sides
            for place in range(len(items))
        ]


def put_turns(connection: Connection, orders: Sequence[KeepTurn]) -> dict[str, list[int]]:
    """Write turns down, or what was not known of them before; returns for each the numbers of its items,
    in order."""
    opened = {id: came_from for id, *came_from in _open(connection, [_turn(order) for order in orders])}
    held = {order.id: [] if order.id in opened else _known(connection, order.id) for order in orders}
    new = [_NewItems(order, _input(order, opened.get(order.id))) for order in orders]
    numbers = iter(write_items(connection, [item for each in new for item in each.rows()]))
    places = [place for each in new for place in each.places(numbers)]
    _put(connection, places)
    for turn, _, _, number in places:
        held[turn].append(number)
    return held


def _turn(order: KeepTurn) -> tuple[object, ...]:
    conversation = order.conversation if order.upto is not None else None
    return order.id, order.project, order.parent, conversation, order.upto, order.now


def _known(connection: Connection, turn: str) -> list[int]:
    return [number for (number,) in rows(connection, _TURNS["input"], {"turn": turn})]


def _input(order: KeepTurn, came_from: list[str | None] | None) -> tuple[Item, ...]:
    """The input of a turn, unless it was written down before. Where what the turn goes on from was deleted
    meanwhile, it takes all of that in: deleting a parent does not break a child."""
    if came_from is None:
        return ()
    return order.input if any(came_from) else (*order.context, *order.input)


def prune(connection: Connection, turns: Iterable[str]) -> None:
    """Forget these turns, and their parents, as far as nothing needs them any more."""
    for turn in turns:
        needless: str | None = turn
        while needless is not None and row(connection, _TURNS["needed"], {"turn": needless}) is None:
            needless = _drop(connection, needless)


def _drop(connection: Connection, turn: str) -> str | None:
    """Forget one turn; returns its parent."""
    held = rows(connection, _TURNS["clear"], {"turn": turn})
    dropped = row(connection, _TURNS["drop"], {"turn": turn})
    drop_items(connection, [number for (number,) in held])
    return dropped[0] if dropped is not None else None
