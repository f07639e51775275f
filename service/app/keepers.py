"""The tasks that keep a house in order beside its requests, and their end."""

from __future__ import annotations

import asyncio
from collections.abc import Collection

AGAIN_SECONDS = 0.5
"""After so long a task that has not ended is cancelled again."""


async def end_all(tasks: Collection[asyncio.Task[None]]) -> None:
    """Cancel tasks and wait until each has ended.

    Once is not enough: `asyncio.wait_for` of Python 3.11 loses a cancellation that comes together with what
    it waits for (https://github.com/python/cpython/issues/86296), and libraries use it. A task that goes on
    for ever would then keep the process from ending.
    """
    pending = set(tasks)
    while pending:
        for task in pending:
            task.cancel()
        _, pending = await asyncio.wait(pending, timeout=AGAIN_SECONDS)
    await asyncio.gather(*tasks, return_exceptions=True)
