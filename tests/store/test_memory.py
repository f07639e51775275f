"""What this process remembers of conversations and chains: it is true, it is bounded, and it is forgotten."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from service.store.database import Database
from service.store.memory import IDLE_SECONDS, ITEM_BYTES, Memory, Remembered
from service.store.reader import Reader
from service.store.state_records import Conversation, KeepTurn, ResponseRow
from specs.contexts import Context
from specs.items import Item, Message, Text
from tests.support.postgres import Where

pytestmark = pytest.mark.anyio


def said(id: str) -> Message:
    return Message(id, "user", (Text(id),))


class Counted:
    """A reader that counts the items it hands out."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self.payloads = 0

    async def rows(self, sql, parameters):
        found = await self._reader.rows(sql, parameters)
        self.payloads += sum("payload" in sql for _ in found)
        return found

    async def row(self, sql, parameters):
        return await self._reader.row(sql, parameters)

    async def aclose(self) -> None:
        await self._reader.aclose()


@pytest.fixture
async def database(where: Where) -> AsyncIterator[Database]:
    async with await Database.open(where) as database:
        yield database


@pytest.fixture
async def other(database: Database, where: Where) -> AsyncIterator[Database]:
    """Another process on the same database."""
    async with await Database.open(where) as other:
        yield other


@pytest.fixture
def reads(database: Database) -> Counted:
    """What is read for conversations and responses."""
    counted = Counted(database.reader)
    database.conversations._reader = database.responses._reader = counted
    return counted


async def conversation(database: Database, *ids: str, id: str = "c") -> None:
    await database.conversations.create(Conversation(id, "p", {}, 0), [said(each) for each in ids])


async def begun(database: Database, *, id: str = "c", project: str = "p") -> list[str] | None:
    """What a run would be given of a conversation; it adds nothing."""
    found = await database.conversations.begin(project, id, run="run", now=0, until=60)
    await database.conversations.release(id, run="run")
    return None if found is None else [item.id for item in found.items]


def turn(id: str, *, parent: str | None = None, **fields) -> KeepTurn:
    told = {"status": "completed", "created_at": 0, "began": "{}", "echo": "{}"}
    row = ResponseRow(id=id, project="p", key="k", run=id, agent="a", **told)
    known = {"id": id, "project": "p", "run": id, "now": 0, "response": row, "parent": parent}
    return KeepTurn(**(known | {"input": (said(f"i{id}"),), "output": (said(f"o{id}"),)} | fields))


async def chain(database: Database, turn: str, *, project: str = "p") -> list[str]:
    return [item.id for item in await database.responses.context(project, turn)]


async def test_the_next_turn_of_a_conversation_reads_what_is_new(database: Database, reads: Counted):
    await conversation(database, "1", "2", "3")
    assert await begun(database) == ["1", "2", "3"]
    await database.conversations.add("p", "c", [said("4")], now=0)
    reads.payloads = 0
    assert await begun(database) == ["1", "2", "3", "4"]
    assert reads.payloads == 1


async def test_an_item_that_another_process_took_out_is_not_given_again(database: Database, other: Database):
    await conversation(database, "1", "2", "3")
    await begun(database)
    assert await other.conversations.remove("p", "c", "2", now=0)
    assert await begun(database) == ["1", "3"]


async def test_what_is_added_after_an_item_was_taken_out_is_read(database: Database, other: Database):
    await conversation(database, "1", "2")
    await begun(database)
    await other.conversations.remove("p", "c", "2", now=0)
    await other.conversations.add("p", "c", [said("3")], now=0)
    assert await begun(database) == ["1", "3"]


async def test_an_item_that_is_taken_out_is_forgotten_at_once(database: Database):
    await conversation(database, "1", "2")
    await begun(database)
    await database.conversations.remove("p", "c", "1", now=0)
    assert database.memory.recall(("p", "c")) is None
    assert await begun(database) == ["2"]


async def test_a_deleted_conversation_is_forgotten_at_once(database: Database):
    await conversation(database, "1")
    await begun(database)
    await database.conversations.delete("p", "c", now=0)
    assert database.memory.bytes == 0
    assert await begun(database) is None


async def test_a_conversation_that_another_process_deleted_is_not_there(database: Database, other: Database):
    await conversation(database, "1")
    await begun(database)
    await other.conversations.delete("p", "c", now=0)
    assert await begun(database) is None
    assert database.memory.bytes == 0


async def test_another_project_is_given_nothing_of_what_is_remembered(database: Database):
    await conversation(database, "1")
    await database.responses.keep(turn("1"))
    await begun(database)
    await chain(database, "1")
    assert await begun(database, project="q") is None
    assert await chain(database, "1", project="q") == []


async def test_the_next_turn_of_a_chain_reads_what_is_new(database: Database, reads: Counted):
    for each in (turn("1"), turn("2", parent="1"), turn("3", parent="2")):
        await database.responses.keep(each)
    assert await chain(database, "2") == ["i1", "o1", "i2", "o2"]
    reads.payloads = 0
    assert await chain(database, "3") == ["i1", "o1", "i2", "o2", "i3", "o3"]
    assert reads.payloads == 2


async def test_several_turns_go_on_from_one_that_is_remembered(database: Database):
    for each in (turn("1"), turn("a", parent="1"), turn("b", parent="1")):
        await database.responses.keep(each)
    assert await chain(database, "1") == ["i1", "o1"]
    assert await chain(database, "1") == ["i1", "o1"]
    assert await chain(database, "a") == ["i1", "o1", "ia", "oa"]
    assert await chain(database, "b") == ["i1", "o1", "ib", "ob"]


async def test_a_chain_that_began_in_a_conversation_loses_what_is_taken_out_of_it(database: Database):
    await conversation(database, "1", "2")
    await database.responses.keep(turn("a", conversation="c", upto=2))
    await database.responses.keep(turn("b", parent="a"))
    assert await chain(database, "a") == ["1", "2", "ia", "oa"]
    await database.conversations.remove("p", "c", "1", now=0)
    assert await chain(database, "a") == ["2", "ia", "oa"]
    assert await chain(database, "b") == ["2", "ia", "oa", "ib", "ob"]


async def test_a_turn_that_took_its_context_in_has_it_once(database: Database):
    await database.responses.keep(turn("1"))
    context = await database.responses.context("p", "1")
    await database.responses.delete("p", "1", now=0)
    await database.responses.keep(turn("2", parent="1", context=context))
    assert await chain(database, "2") == ["i1", "o1", "i2", "o2"]


async def test_a_deleted_response_is_forgotten_at_once(database: Database):
    await database.responses.keep(turn("1"))
    await chain(database, "1")
    await database.responses.delete("p", "1", now=0)
    assert database.memory.bytes == 0
    assert await chain(database, "1") == []


def remembered(size: int, *items: Item) -> Remembered:
    return Remembered(Context(items), len(items), 0, size)


async def test_no_more_is_remembered_than_may_be():
    memory = Memory(10)
    for name in "abc":
        memory.keep(("p", name), remembered(4))
    assert (memory.bytes, memory.recall(("p", "a"))) == (8, None)


async def test_what_would_take_most_of_the_memory_is_not_remembered():
    memory = Memory(10)
    memory.keep(("p", "a"), remembered(2))
    memory.keep(("p", "a"), remembered(6))
    assert (memory.bytes, memory.recall(("p", "a"))) == (0, None)


async def test_what_nobody_goes_on_with_is_forgotten_in_time():
    now = 0.0
    memory = Memory(clock=lambda: now)
    memory.keep(("p", "a"), remembered(1))
    now = IDLE_SECONDS / 2
    memory.keep(("p", "b"), remembered(1))
    now = IDLE_SECONDS
    memory.forget_idle()
    assert (memory.recall(("p", "a")), memory.bytes) == (None, 1)


async def test_nothing_is_remembered_where_there_is_no_room_for_it(where: Where):
    async with await Database.open(where, remembered_bytes=0) as database:
        await conversation(database, "1")
        assert await begun(database) == ["1"]
        assert database.memory.bytes == 0


async def test_what_is_remembered_of_a_conversation_counts_all_its_items(database: Database):
    await conversation(database, "1")
    await begun(database)
    one = database.memory.bytes
    await database.conversations.add("p", "c", [said("2")], now=0)
    await begun(database)
    assert database.memory.bytes == 2 * one > 2 * ITEM_BYTES
