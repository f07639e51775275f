"""A context that grows: what was found of it is right, and looked for once."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct, structs

from specs.contexts import KINDS, Context, found_in, grown
from specs.items import FunctionCall, Item, Message
from specs.requests import RunRequest

ONE, TWO, THREE = (Message(id, "user") for id in "123")


class Ids(Struct, frozen=True):
    """All ids, with what they begin with; tells `seen` how many items it looked at."""

    seen: list[int]
    prefix: str = ""

    def look(self, known: tuple[str, ...] | None, items: Sequence[Item]) -> tuple[str, ...]:
        self.seen.append(len(items))
        return (*(known or ()), *(self.prefix + item.id for item in items))


def test_it_is_a_tuple_of_items():
    assert Context((ONE,)).grown((TWO,)) == (ONE, TWO)
    assert structs.replace(RunRequest("a", Context((ONE,)))) == RunRequest("a", (ONE,))


def test_only_what_was_added_is_looked_at():
    ids = Ids([])
    first = Context((ONE, TWO))
    assert first.found(ids) == ("1", "2")
    assert first.grown((THREE,)).found(ids) == ("1", "2", "3")
    assert ids.seen == [2, 1]


def test_what_was_found_is_not_looked_for_again():
    ids = Ids([])
    context = Context((ONE,))
    assert context.found(ids) == context.found(ids)
    assert ids.seen == [1]


def test_all_is_looked_at_where_what_it_grew_from_is_let_go():
    ids = Ids([])
    second = Context((ONE,)).grown((TWO,))
    second.before = None
    assert second.found(ids) == ("1", "2")


def test_a_look_for_something_else_finds_something_else():
    context = Context((ONE,))
    assert context.found(Ids([])) == ("1",)
    assert context.found(Ids([], "a")) == ("a1",)


def test_other_tuples_are_looked_at_whole():
    assert found_in((ONE, FunctionCall("", "", "")), KINDS) == {Message, FunctionCall}
    assert grown((ONE,), (TWO,)) == (ONE, TWO)
