"""Wake-ups between replicas."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from service.store.database import Database
from specs.secret import Secret
from tests.support.postgres import ask, fresh_database
from tests.support.upstream import until

pytestmark = pytest.mark.anyio


@asynccontextmanager
async def replica(where: Secret, heard: list[str]) -> AsyncIterator[Database]:
    async with await Database.open(where) as database:
        database.wakes.hear(heard.append)
        carrying = asyncio.create_task(database.wakes.maintain())
        yield database
        carrying.cancel()
        await asyncio.gather(carrying, return_exceptions=True)


CUT = """
select pg_terminate_backend(pid, 10000) from pg_stat_activity
where query = 'listen dragoman_runs' and datname = current_database()
"""


async def listening(where: Secret, replicas: int) -> None:
    count = "select count(*) from pg_stat_activity where query = 'listen dragoman_runs'"
    await until(lambda: ask(where, f"{count} and datname = current_database()") == [(replicas,)])


async def test_what_one_tells_the_others_hear_and_itself_does_not():
    first, second = [], []
    with fresh_database() as where:
        async with replica(where, first) as here, replica(where, second):
            await listening(where, 2)
            for number in range(300):
                here.wakes.tell(f"run_{number}")
            await until(lambda: len(second) == 300)
            assert set(second) == {f"run_{number}" for number in range(300)}
            assert first == []


async def test_hearing_goes_on_after_a_lost_connection():
    heard = []
    with fresh_database() as where:
        async with replica(where, []) as here, replica(where, heard):
            await listening(where, 2)
            ask(where, CUT)
            await listening(where, 2)
            here.wakes.tell("run_1")
            await until(lambda: heard == ["run_1"])
