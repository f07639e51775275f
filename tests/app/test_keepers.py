"""The end of the tasks beside the requests."""

from __future__ import annotations

import asyncio

import pytest

from service.app.keepers import end_all

pytestmark = pytest.mark.anyio


async def keep(losing: int) -> None:
    """Go on for ever, and lose so many cancellations on the way."""
    while True:
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            if not losing:
                raise
            losing -= 1


async def fail() -> None:
    raise ValueError("broken")


@pytest.mark.parametrize("losing", [0, 1, 2])
async def test_a_task_that_loses_a_cancellation_ends_all_the_same(losing):
    tasks = [asyncio.create_task(keep(each)) for each in (0, losing)]
    await asyncio.sleep(0)
    async with asyncio.timeout(10):
        await end_all(tasks)
    assert all(task.cancelled() for task in tasks)


async def test_one_that_has_failed_does_not_keep_the_others():
    tasks = [asyncio.create_task(fail()), asyncio.create_task(keep(0))]
    await asyncio.sleep(0)
    await end_all(tasks)
    assert all(task.done() for task in tasks)
