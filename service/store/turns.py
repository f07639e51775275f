"""Turns, as the writer keeps and forgets them. Each function runs inside one command."""

from __future__ import annotations

from collections.abc import Iterable

from service.store.items import add_items, drop_items, json_text
from service.store.state_records import KeepTurn
from service.store.statements import sql
from service.store.writer import Connection, row, rows
from specs.items import Item

_TURNS = sql("turns")


def put_turn(connection: Connection, order: KeepTurn) -> list[int]:
    """Write a turn down, or what was not known of it before; returns the numbers of its items, in order."""
    upto = order.conversation if order.upto is not None else None
    values = {"id": order.id, "project": order.project, "parent": order.parent, "now": order.now}
    opened = row(connection, _TURNS["open"], values | {"conversation": upto, "upto": order.upto})
    if opened is None:
        known = [number for (number,) in rows(connection, _TURNS["input"], {"turn": order.id})]
        return known + _put_items(connection, order, ())
    return _put_items(connection, order, _input(order, goes_on=opened != (None, None)))


def _input(order: KeepTurn, *, goes_on: bool) -> tuple[Item, ...]:
    """The input of a turn. Where what it goes on from was deleted meanwhile, it takes all of that in:
    deleting a parent does not break a child."""
    return order.input if goes_on else (*order.context, *order.input)


def _put_items(connection: Connection, order: KeepTurn, input: tuple[Item, ...]) -> list[int]:
    """Put new items into a turn; returns their numbers."""
    numbers = add_items(connection, (*input, *order.output), project=order.project, now=order.now)
    places = [
        ("input", place, number) if place < len(input) else ("output", place - len(input), number)
        for place, number in enumerate(numbers)
    ]
    connection.execute(_TURNS["put"], {"turn": order.id, "places": json_text(places)})
    return numbers


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
