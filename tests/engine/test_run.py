"""A run's handle: that a stop is certain."""

from __future__ import annotations

import asyncio

import pytest

from service.engine.run import Caller, Run
from specs.agents import Agent
from specs.errors import ClientGone
from specs.requests import RunRequest

pytestmark = pytest.mark.anyio


def a_run() -> Run:
    caller = Caller("key_1", "ci", "proj_1", "acct_1")
    request = RunRequest("agent_1", ())
    return Run(request, agent=Agent("agent_1", "local/m"), caller=caller, api="chat", buffer_bytes=1024)


async def go_on(losing: int) -> None:
    """Go on for ever, and lose so many cancellations on the way."""
    while True:
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            if not losing:
                raise
            losing -= 1


@pytest.mark.parametrize("losing", [0, 1])
@pytest.mark.parametrize("stop", [lambda run: run.stop(ClientGone()), Run.run_out])
async def test_a_run_that_loses_a_cancellation_ends_all_the_same(stop, losing):
    run = a_run()
    run.task = asyncio.create_task(go_on(losing))
    await asyncio.sleep(0)
    stop(run)
    await asyncio.wait([run.task], timeout=10)
    assert run.task.cancelled()


async def test_a_run_that_is_ending_is_left_alone():
    run = a_run()
    run.task = asyncio.create_task(go_on(0))
    run.stop(ClientGone())
    run.ending = True
    done, _ = await asyncio.wait([run.task], timeout=0.1)
    assert not done
    run.task.cancel()
