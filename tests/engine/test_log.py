"""The log of a run as its readers see it."""

from __future__ import annotations

import asyncio

from service.engine.log import RunLog, Subscription
from specs.events import Event
from tests.support.events import text_answer

EVENTS = text_answer()


async def asleep(reader: Subscription) -> asyncio.Task[list[Event]]:
    """A reader that waits for what comes next."""
    waiting = asyncio.create_task(reader.next())
    await asyncio.sleep(0)
    return waiting


def test_a_reader_is_not_woken_for_what_its_taker_saw_to():
    async def follow() -> None:
        log, taken = RunLog(), list[list[Event]]()
        reader = log.subscribe()
        reader.hand(lambda batch: not taken.append(batch))
        waiting = await asleep(reader)
        log.append(EVENTS[:2])
        log.append(EVENTS[2:4])
        await asyncio.sleep(0)
        assert taken == [EVENTS[:2], EVENTS[2:4]]
        assert not waiting.done()
        log.close()
        assert await waiting == []

    asyncio.run(follow())


def test_what_a_taker_leaves_and_all_after_it_is_read_in_order():
    async def follow() -> None:
        log, offered = RunLog(), list[list[Event]]()
        reader = log.subscribe()
        reader.hand(lambda batch: bool(offered.append(batch)))
        waiting = await asleep(reader)
        log.append(EVENTS[:2])
        log.append(EVENTS[2:4])
        assert await waiting == EVENTS[:4]
        assert offered == [EVENTS[:2]]

    asyncio.run(follow())


def test_a_taker_is_not_asked_while_its_reader_is_busy():
    async def follow() -> None:
        log, offered = RunLog(), list[list[Event]]()
        reader = log.subscribe()
        reader.hand(lambda batch: not offered.append(batch))
        log.append(EVENTS[:2])
        assert await reader.next() == EVENTS[:2]
        assert offered == []

    asyncio.run(follow())


def test_a_log_is_followed_until_all_its_readers_rest():
    async def rest() -> None:
        log = RunLog()
        reader = log.subscribe()
        assert not log.unfollowed()
        resting = asyncio.create_task(reader.rest())
        await asyncio.sleep(0)
        assert log.unfollowed()
        log.close()
        assert await resting == []

    asyncio.run(rest())
