"""What is kept of threads and the runs on them, on each kind of database."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from msgspec import structs

from service.engine.leg_keeper import LegKeeper
from service.store.background_ports import Finish, Submit
from service.store.database import Database
from service.store.records import EndRun
from service.store.thread_ports import Stretch, ThreadChanged
from specs.agents import Agent, ToolResources
from specs.errors import Conflict, InvalidRequest, ServerError
from specs.events import RunCreated, RunEnded
from specs.fold import ModelTurn
from specs.items import FunctionCall, FunctionResult, Item, Message, Text
from specs.requests import RunRequest
from specs.threads import Leg, RunTerms, Thread, ThreadMessage, ThreadRun
from specs.usage import Usage
from tests.support.money import NOW, opened
from tests.support.postgres import Where

pytestmark = pytest.mark.anyio
PROJECT = "proj_1"
CALL = FunctionCall("fc_1", "call_1", "weather", "{}")
ANSWER = FunctionResult("fco_1", "call_1", (Text("sunny"),))
SAID = Message("msg_9", "assistant", (Text("Hi"),))


@pytest.fixture
async def database(where: Where) -> AsyncIterator[Database]:
    async with opened(where) as database:
        yield database


def message(number: int, thread: str = "thread_1") -> ThreadMessage:
    item = Message(f"msg_{number}", "user", (Text(f"m{number}"),))
    return ThreadMessage(thread=thread, item=item, created_at=NOW, ended_at=NOW, metadata={"n": str(number)})


async def thread_of(database: Database, id: str = "thread_1", *, messages: int = 1) -> Thread:
    thread = Thread(id, PROJECT, {"a": "b"}, None, NOW)
    await database.threads.create(thread, [message(number, id) for number in range(messages)])
    return thread


def run_of(id: str = "run_1", *, begins: int = 1, **changes: Any) -> ThreadRun:
    terms = RunTerms(agent=Agent("asst_1", "p/m"))
    run = ThreadRun(
        id=id,
        thread="thread_1",
        project=PROJECT,
        assistant="asst_1",
        status="queued",
        terms=terms,
        echo="{}",
        metadata={},
        leg=id,
        begins=begins,
        created_at=NOW,
        expires_at=NOW + 600,
    )
    return structs.replace(run, **changes)


def created(run: ThreadRun) -> RunCreated:
    return RunCreated(run.leg, NOW, "asst_1", 1, RunRequest("asst_1", ()))


async def begin(database: Database, leg: Leg) -> None:
    """Write down that a leg begins, as the engine does."""
    keeper = LegKeeper(leg, now=lambda: NOW)
    await database.background.submit(
        Submit(
            run=leg.run.leg,
            project=PROJECT,
            job="{}",
            turn=keeper.opening(created(leg.run)),
            events=(created(leg.run),),
            owner="proc_1",
            lease_until=NOW + 60,
            now=NOW,
        )
    )


async def end(database: Database, leg: Leg, ended: RunEnded, *items: Item) -> bool:
    """Write down that it ended with these items."""
    keeper = LegKeeper(leg, now=lambda: NOW)
    return await database.background.finish(
        Finish(
            run=leg.run.leg,
            fence=1,
            end=EndRun(leg.run.leg, ended.status, NOW, None),
            turn=keeper.ending(created(leg.run), ended, items, (ModelTurn(len(items), None),)),
            events=(ended,),
        )
    )


def over(status: Any = "completed", **changes: Any) -> RunEnded:
    return RunEnded(status, Usage(input=3, output=4), completed_at=NOW + 1, **changes)


async def shown(database: Database, run: str = "run_1") -> ThreadRun:
    found = await database.thread_runs.get(PROJECT, "thread_1", run)
    assert found is not None
    return found


async def said(database: Database) -> list[str]:
    page = await database.thread_messages.page(PROJECT, "thread_1", Stretch("asc", 100), run=None)
    assert page is not None
    return [each.item.id for each in page.data]


async def test_a_thread_is_found_by_its_project_alone(database: Database):
    thread = await thread_of(database)
    assert await database.threads.get(PROJECT, "thread_1") == thread
    assert await database.threads.get("proj_2", "thread_1") is None
    assert not await database.threads.delete("proj_2", "thread_1")


async def test_threads_are_listed_in_their_order_both_ways(database: Database):
    for number in range(5):
        await thread_of(database, f"thread_{number}", messages=0)

    async def listed(ask: Stretch) -> tuple[list[str], bool]:
        page = await database.threads.page(PROJECT, ask)
        assert page is not None
        return [thread.id[-1] for thread in page.data], page.has_more

    assert await listed(Stretch("desc", 2)) == (["4", "3"], True)
    assert await listed(Stretch("desc", 9, after="thread_3")) == (["2", "1", "0"], False)
    assert await listed(Stretch("desc", 1, before="thread_2")) == (["3"], True)
    assert await listed(Stretch("asc", 9, after="thread_0", before="thread_3")) == (["1", "2"], False)
    assert await database.threads.page(PROJECT, Stretch("asc", 9, after="thread_x")) is None


async def test_what_a_thread_has_is_changed_by_itself(database: Database):
    await thread_of(database)
    assert await database.threads.describe(PROJECT, "thread_1", {"c": "d"})
    assert await database.threads.equip(PROJECT, "thread_1", ToolResources(("file_1",)))
    found = await database.threads.get(PROJECT, "thread_1")
    assert found is not None
    assert (found.metadata, found.tool_resources) == ({"c": "d"}, ToolResources(("file_1",)))
    assert not await database.threads.describe(PROJECT, "thread_x", {})
    assert not await database.threads.equip("proj_2", "thread_1", None)


async def test_messages_keep_what_they_have_beyond_their_items(database: Database):
    await thread_of(database, messages=3)
    assert await database.thread_messages.add(PROJECT, message(3), ToolResources(("file_1",)))
    assert await said(database) == ["msg_0", "msg_1", "msg_2", "msg_3"]
    found = await database.thread_messages.get(PROJECT, "thread_1", "msg_3")
    assert found == message(3)
    await database.thread_messages.describe(PROJECT, structs.replace(message(3), metadata={}))
    changed = await database.thread_messages.get(PROJECT, "thread_1", "msg_3")
    assert changed is not None
    assert changed.metadata == {}
    assert await database.thread_messages.delete(PROJECT, "thread_1", "msg_1", now=NOW)
    assert await said(database) == ["msg_0", "msg_2", "msg_3"]
    assert not await database.thread_messages.add("proj_2", message(4), None)


async def test_of_many_runs_begun_at_once_one_begins(database: Database):
    await thread_of(database)
    legs = [Leg(run=run_of(f"run_{number}"), opens=True, upto=1) for number in range(8)]
    done = await asyncio.gather(*(begin(database, leg) for leg in legs), return_exceptions=True)
    assert [each for each in done if each is None] == [None]
    assert all(isinstance(each, InvalidRequest) for each in done if each is not None)
    with pytest.raises(InvalidRequest, match="while a run"):
        await database.thread_messages.add(PROJECT, message(5), None)
    with pytest.raises(InvalidRequest):
        await database.thread_messages.delete(PROJECT, "thread_1", "msg_0", now=NOW)
    with pytest.raises(Conflict):
        await database.conversations.add(PROJECT, "thread_1", [SAID], now=NOW)


async def test_a_run_begins_only_on_what_was_read(database: Database):
    await thread_of(database)
    await database.thread_messages.add(PROJECT, message(1), None)
    with pytest.raises(ThreadChanged):
        await begin(database, Leg(run=run_of(), opens=True, upto=1))
    await begin(database, Leg(run=run_of(), opens=True, upto=2, messages=(message(2),)))
    assert await said(database) == ["msg_0", "msg_1", "msg_2"]


async def test_a_run_waits_and_goes_on_and_its_thread_never_holds_a_lone_call(database: Database):
    await thread_of(database)
    first = Leg(run=run_of(), opens=True, upto=1)
    await begin(database, first)
    assert (await shown(database)).status == "queued"
    assert await end(database, first, over(), SAID, CALL)
    waiting = await shown(database)
    assert (waiting.status, waiting.waiting, waiting.ended_at) == ("requires_action", (CALL,), None)
    context = await database.threads.context(PROJECT, "thread_1")
    assert context is not None
    assert [item.id for item in context.items] == ["msg_0", "msg_9"]
    steps = await database.thread_runs.steps("run_1")
    assert [step.status for step in steps] == ["completed", "in_progress"]

    answered = structs.replace(steps[1], status="completed", outputs={"call_1": "sunny"})
    next = structs.replace(waiting, status="queued", leg="run_1b", legs=2, held=())
    second = Leg(run=next, results=(CALL, ANSWER), answered=answered, answers="run_1")
    await begin(database, second)
    with pytest.raises(InvalidRequest):
        await begin(database, structs.replace(second, run=structs.replace(next, leg="run_1c")))
    assert await end(database, second, over(), structs.replace(SAID, id="msg_10"))
    done = await shown(database)
    assert (done.status, done.usage) == ("completed", Usage(input=6, output=8))
    assert [step.outputs for step in await database.thread_runs.steps("run_1")] == [
        {},
        {"call_1": "sunny"},
        {},
    ]
    context = await database.threads.context(PROJECT, "thread_1")
    assert context is not None
    assert [item.id for item in context.items] == ["msg_0", "msg_9", "fc_1", "fco_1", "msg_10"]
    assert await database.conversations.add(PROJECT, "thread_1", [SAID], now=NOW)


@pytest.mark.parametrize("status", ["cancelled", "expired"])
async def test_a_run_that_waits_is_ended_once(status: Any, database: Database):
    await thread_of(database)
    leg = Leg(run=run_of(), opens=True, upto=1)
    await begin(database, leg)
    assert not await database.thread_runs.end_waiting("run_1", status, now=NOW)
    await end(database, leg, over(), CALL)
    assert [due.id for due in await database.thread_runs.due(now=NOW + 600, limit=9)] == ["run_1"]
    assert await database.thread_runs.due(now=NOW + 599, limit=9) == []
    ended = [await database.thread_runs.end_waiting("run_1", status, now=NOW + 9) for _ in range(2)]
    assert ended == [True, False]
    run = await shown(database)
    assert (run.status, run.ended_at, run.waiting) == (status, NOW + 9, ())
    (step,) = await database.thread_runs.steps("run_1")
    assert (step.status, step.ended_at) == (status, NOW + 9)
    assert await database.thread_messages.add(PROJECT, message(5), None)


async def test_a_run_that_is_wanted_no_more_ends_by_its_leg(database: Database):
    await thread_of(database)
    leg = Leg(run=run_of(), opens=True, upto=1)
    await begin(database, leg)
    assert await database.thread_runs.ask_cancel("proj_2", "thread_1", "run_1") is None
    assert await database.thread_runs.ask_cancel(PROJECT, "thread_1", "run_1") == "run_1"
    assert await database.thread_runs.ask_cancel(PROJECT, "thread_1", "run_1") is None
    assert (await shown(database)).status == "cancelling"
    await end(database, leg, over("cancelled"), structs.replace(SAID, status="incomplete"))
    assert (await shown(database)).status == "cancelled"
    assert await said(database) == ["msg_0", "msg_9"]


async def test_a_run_whose_leg_is_gone_is_given_up(database: Database):
    await thread_of(database)
    await begin(database, Leg(run=run_of(), opens=True, upto=1))
    assert await database.thread_runs.lost(before=NOW + 1, limit=9) == []
    await database.writer.submit(lambda connection: connection.execute("delete from background_runs"))
    assert await database.thread_runs.lost(before=NOW + 1, limit=9) == [("run_1", "run_1")]
    assert {found.name for found in await database.books.check(now=NOW, grace=30)} == {"I8_threads"}
    assert await database.thread_runs.give_up("run_1", "run_1", ServerError("x").failure, now=NOW)
    run = await shown(database)
    assert (run.status, run.error and run.error.message) == ("failed", "x")


async def test_a_deleted_thread_takes_everything_along(database: Database):
    await thread_of(database)
    leg = Leg(run=run_of(), opens=True, upto=1)
    await begin(database, leg)
    assert await database.threads.delete(PROJECT, "thread_1")
    assert not await end(database, leg, over(), SAID)
    assert (
        await database.reader.rows(
            """
        select id from threads
        union all select id from thread_messages
        union all select id from thread_runs
        union all select leg from thread_legs
        union all select id from thread_steps
        union all select run from run_events
        union all select id from items
        """
        )
        == []
    )


async def test_runs_are_listed_newest_first_and_described(database: Database):
    await thread_of(database)
    for number in range(3):
        leg = Leg(run=run_of(f"run_{number}"), opens=True, upto=1)
        await begin(database, leg)
        await end(database, leg, over())
    page = await database.thread_runs.page(PROJECT, "thread_1", Stretch("desc", 2))
    assert page is not None
    assert ([run.id for run in page.data], page.has_more) == (["run_2", "run_1"], True)
    assert await database.thread_runs.describe(PROJECT, "thread_1", "run_0", {"a": "b"})
    assert (await shown(database, "run_0")).metadata == {"a": "b"}
    assert not await database.thread_runs.describe("proj_2", "thread_1", "run_0", {})
