"""What is kept, in the database: items byte for byte, turns as long as they are needed, locks that end."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from functools import partial

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec import Raw

from service.store.background_ports import Finish, Submit
from service.store.database import Database
from service.store.items import decode_items
from service.store.records import EndRun
from service.store.responses import keep_turns
from service.store.state_records import Conversation, KeepTurn, ResponseRow
from specs.errors import Conflict
from specs.events import RunStarted
from specs.items import (
    Audio,
    Compaction,
    File,
    FileCitation,
    FunctionCall,
    FunctionResult,
    HostedCall,
    Image,
    Item,
    Message,
    Reasoning,
    Refusal,
    Sealed,
    Summary,
    Text,
    Thought,
    UrlCitation,
    Video,
)
from tests.support.postgres import Where

pytestmark = pytest.mark.anyio

words = st.text(st.characters(exclude_categories=("Cs",)), max_size=12)
statuses = st.sampled_from(["completed", "incomplete", "failed"])
count = st.integers(0, 99)
annotations = st.one_of(
    st.builds(UrlCitation, words, words, count, count), st.builds(FileCitation, words, words, count)
)
logprobs = st.just((Raw(b'{"token":"a","logprob":-0.10}'),)) | st.just(())
parts = st.one_of(
    st.builds(Text, words, st.lists(annotations, max_size=2).map(tuple), logprobs),
    st.builds(Refusal, words),
    st.builds(Image, words, words, st.none() | words),
    st.builds(File, words, st.none() | words, words, words),
    st.builds(Audio, words, words),
    st.builds(Video, words),
)
thoughts = st.one_of(
    st.builds(Summary, words), st.builds(Thought, words, st.none() | words), st.builds(Sealed, words)
)
contents = st.lists(parts, max_size=3).map(tuple)
roles = st.sampled_from(["system", "developer", "user", "assistant"])
phases = st.sampled_from([None, "commentary", "final_answer"])
items = st.one_of(
    st.builds(Message, words, roles, contents, statuses, phases, st.none() | words),
    st.builds(
        Reasoning,
        words,
        st.lists(thoughts, max_size=3).map(tuple),
        statuses,
        st.none() | words,
        st.none() | words,
    ),
    st.builds(FunctionCall, words, words, words, words, statuses, st.none() | words, st.booleans()),
    st.builds(FunctionResult, words, words, contents, statuses, st.booleans(), st.booleans()),
    st.builds(HostedCall, words, words, words, words, words, st.none() | words, st.none() | words, statuses),
    st.builds(Compaction, words, words, words),
)


@pytest.fixture
async def database(where: Where) -> AsyncIterator[Database]:
    async with await Database.open(where) as database:
        yield database


def row(id: str, **fields) -> ResponseRow:
    known = {"project": "p", "key": "k", "run": f"run_{id}", "agent": "a", "status": "completed"}
    told = {"created_at": 0, "completed_at": 1, "began": "{}", "echo": "{}", "ended": "{}"}
    return ResponseRow(id=id, **(known | told | fields))


def turn(id: str, *, parent: str | None = None, expires_at: int | None = None, **fields) -> KeepTurn:
    given, said = Message(f"i{id}", "user", (Text(f"Q{id}"),)), Message(f"o{id}", "assistant", (Text(id),))
    known = {"response": row(id, expires_at=expires_at), "input": (given,), "output": (said,)}
    return KeepTurn(id=id, project="p", run=f"run_{id}", now=0, parent=parent, **(known | fields))


def ids(found: tuple[Item, ...]) -> list[str]:
    return [item.id for item in found]


async def left(database: Database, table: str) -> int:
    counted = await database.responses._reader.row(f"select count(*) from {table}")  # noqa: S608
    return counted[0]


@given(kept=st.lists(items, min_size=1, max_size=6))
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_every_item_comes_back_as_it_was_kept(kept, tmp_path_factory):
    async with await Database.open(tmp_path_factory.mktemp("items") / "state.db") as database:
        order = turn("t", input=tuple(kept[:2]), output=tuple(kept[2:]))
        await database.responses.keep(order)
        assert await database.responses.context("p", "t") == tuple(kept)


async def test_a_chain_unrolls_to_its_root_in_order(database: Database):
    for order in (turn("1"), turn("2", parent="1"), turn("3", parent="2"), turn("b", parent="1")):
        await database.responses.keep(order)
    assert ids(await database.responses.context("p", "3")) == ["i1", "o1", "i2", "o2", "i3", "o3"]
    assert ids(await database.responses.context("p", "b")) == ["i1", "o1", "ib", "ob"]
    assert await database.responses.context("other", "3") == ()


async def test_a_deleted_chain_leaves_nothing_once_its_last_child_is_gone(database: Database):
    for number in range(1, 6):
        await database.responses.keep(turn(str(number), parent=str(number - 1) if number > 1 else None))
    for number in range(1, 5):
        assert await database.responses.delete("p", str(number), now=0)
    assert await left(database, "turns") == 5
    await database.responses.delete("p", "5", now=0)
    assert [await left(database, table) for table in ("turns", "turn_items", "items", "responses")] == [0] * 4


async def test_a_turn_whose_parent_went_away_meanwhile_takes_its_context_in(database: Database):
    await database.responses.keep(turn("1"))
    context = await database.responses.context("p", "1")
    await database.responses.delete("p", "1", now=0)
    await database.responses.keep(turn("2", parent="1", context=context))
    assert ids(await database.responses.context("p", "2")) == ["i1", "o1", "i2", "o2"]


async def test_a_response_is_gone_the_second_its_time_comes(database: Database):
    await database.responses.keep(turn("1", expires_at=10))
    assert await database.responses.row("p", "1", now=9) is not None
    assert await database.responses.row("p", "1", now=10) is None
    assert not await database.responses.delete("p", "1", now=10)


async def test_the_sweep_forgets_what_is_too_old_and_no_more(database: Database):
    await database.responses.keep(turn("1", expires_at=10))
    await database.responses.keep(turn("2", parent="1", expires_at=20))
    await database.responses.keep(turn("3", expires_at=11))
    assert await database.responses.expire(now=15, limit=100) == 2
    assert ids(await database.responses.context("p", "2")) == ["i1", "o1", "i2", "o2"]
    assert await database.responses.expire(now=25, limit=100) == 1
    assert await left(database, "items") == 0


async def test_a_turn_is_written_down_first_and_ended_later(database: Database):
    open_row = row("1", status="queued", completed_at=None, ended=None)
    await database.responses.keep(turn("1", response=open_row, output=(), ends=False))
    found = await database.responses.get("p", "1", now=0)
    assert found is not None
    assert (found.row.status, found.output) == ("queued", ())
    await database.responses.keep(turn("1"))
    found = await database.responses.get("p", "1", now=0)
    assert found is not None
    assert (found.row.status, ids(found.output)) == ("completed", ["o1"])
    assert ids(await database.responses.context("p", "1")) == ["i1", "o1"]


async def test_turns_that_are_kept_together_are_each_kept_as_they_are(database: Database):
    await database.responses.keep(turn("1"))
    await database.responses.keep(turn("2", response=row("2", completed_at=None, ended=None), output=()))
    talk = await conversation(database, "Q")
    orders = [
        turn("3", parent="1"),
        turn("4", parent="gone", context=(Message("i0", "user", (Text("Q0"),)),)),
        turn("2"),
        turn("5", conversation=talk, upto=1),
        turn("6", conversation=talk, response=None),
    ]
    await database.writer.submit(partial(keep_turns, orders=orders))
    assert ids(await database.responses.context("p", "3")) == ["i1", "o1", "i3", "o3"]
    assert ids(await database.responses.context("p", "4")) == ["i0", "i4", "o4"]
    assert ids(await database.responses.context("p", "2")) == ["i2", "o2"]
    assert ids(await database.responses.context("p", "5"))[1:] == ["i5", "o5"]
    page = await database.conversations.items("p", talk, order="asc", limit=10, after=None)
    assert page is not None
    assert ids(page.items)[1:] == ["i5", "o5", "i6", "o6"]


async def conversation(database: Database, *texts: str) -> str:
    begin = [Message(f"m{text}", "user", (Text(text),)) for text in texts]
    await database.conversations.create(Conversation("c", "p", {}, 0), begin)
    return "c"


async def test_items_of_a_deleted_conversation_live_on_in_its_responses(database: Database):
    id = await conversation(database, "1")
    began = await database.conversations.begin("p", id, run="run_1", now=0, until=60)
    assert began is not None
    await database.responses.keep(turn("1", conversation=id, upto=began.upto, context=began.items))
    page = await database.conversations.items("p", id, order="asc", limit=9, after=None)
    assert page is not None
    assert ids(page.items) == ["m1", "i1", "o1"]
    assert ids(await database.responses.context("p", "1")) == ["m1", "i1", "o1"]
    assert await database.conversations.delete("p", id, now=0)
    assert ids(await database.responses.context("p", "1")) == ["i1", "o1"]
    await database.responses.delete("p", "1", now=0)
    assert await left(database, "items") == 0


async def test_a_lock_ends_at_its_time_where_no_run_was_written_down(database: Database):
    id = await conversation(database)
    await database.conversations.begin("p", id, run="run_1", now=0, until=60)
    with pytest.raises(Conflict):
        await database.conversations.begin("p", id, run="run_2", now=59, until=119)
    assert await database.conversations.begin("p", id, run="run_2", now=60, until=120) is not None


async def test_a_lock_ends_with_its_run_however_that_ended(database: Database):
    id = await conversation(database)
    await database.conversations.begin("p", id, run="run_1", now=0, until=60)
    await database.writer.submit(
        lambda connection: connection.execute(
            "insert into runs (id, project, key, agent, agent_version, api, owner, lease_until, created_at)"
            " values ('run_1', 'p', 'k', 'a', 1, 'responses', 'o', 0, 0)"
        ).fetchall()
    )
    with pytest.raises(Conflict):
        await database.conversations.begin("p", id, run="run_2", now=10_000, until=10_060)
    await database.writer.submit(
        lambda connection: connection.execute(
            "update runs set status = 'failed', ended_at = 1 where id = 'run_1'"
        ).fetchall()
    )
    assert await database.conversations.begin("p", id, run="run_2", now=10, until=70) is not None


async def test_the_lock_of_another_run_is_not_given_back(database: Database):
    id = await conversation(database)
    await database.conversations.begin("p", id, run="run_1", now=0, until=60)
    await database.conversations.release(id, run="run_0")
    with pytest.raises(Conflict):
        await database.conversations.add("p", id, [], now=1)


async def test_a_run_that_failed_adds_nothing_but_gives_the_lock_back(database: Database):
    id = await conversation(database, "1")
    began = await database.conversations.begin("p", id, run="run_1", now=0, until=60)
    assert began is not None
    await database.responses.keep(turn("1", conversation=id, upto=began.upto, appends=False))
    page = await database.conversations.items("p", id, order="asc", limit=9, after=None)
    assert page is not None
    assert ids(page.items) == ["m1"]
    assert await database.conversations.add("p", id, [], now=1)


async def test_the_newest_item_of_an_id_is_found(database: Database):
    for text in ("old", "new"):
        await database.responses.keep(turn(text, input=(Message("same", "user", (Text(text),)),)))
    found = await database.items.find("p", ["same", "none"])
    assert found == {"same": Message("same", "user", (Text("new"),))}
    assert await database.items.find("other", ["same"]) == {}


def test_items_are_decoded_in_one_pass():
    assert decode_items([]) == ()


async def test_loading_a_chain_grows_with_its_length_and_no_faster(database: Database):
    keeps = [
        database.responses.keep(turn(f"{number:04}", parent=f"{number - 1:04}" if number else None))
        for number in range(1000)
    ]
    for kept in keeps:
        await kept

    async def seconds(id: str) -> float:
        began = time.perf_counter()
        await database.responses.context("p", id)
        return time.perf_counter() - began

    hundredth = min([await seconds("0099") for _ in range(15)])
    thousandth = min([await seconds("0999") for _ in range(15)])
    assert thousandth < 50 * hundredth  # ten times as long; a hundred times if it grew with the square


async def test_a_run_in_the_background_keeps_its_conversation_however_long_it_waits(database: Database):
    conversation = Conversation("conv_1", "p", {}, 0)
    await database.conversations.create(conversation, ())
    await database.conversations.begin("p", "conv_1", run="run_1", now=0, until=60)
    queued = turn("1", conversation="conv_1", upto=0, ends=False, output=())
    await database.background.submit(
        Submit(
            run="run_1",
            project="p",
            job="{}",
            turn=queued,
            events=(RunStarted("run_1"),),
            owner="process_1",
            lease_until=20,
            now=0,
        )
    )
    with pytest.raises(Conflict):
        await database.conversations.begin("p", "conv_1", run="run_2", now=10_000, until=10_060)
    end = EndRun("run_1", "completed", 10_000, None)
    done = turn("1", conversation="conv_1", upto=0)
    await database.background.finish(
        Finish(run="run_1", fence=1, end=end, turn=done, events=(RunStarted("run_1"),))
    )
    assert await database.conversations.begin("p", "conv_1", run="run_2", now=10_001, until=10_060)
