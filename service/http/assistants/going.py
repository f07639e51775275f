"""What is there of runs that go on: read from their logs, which only they write."""

from __future__ import annotations

from service.engine.threads import ThreadDesk
from service.store.thread_ports import Stretch
from specs.threads import Step, Thread, ThreadMessage, ThreadRun


async def live_messages(desk: ThreadDesk, thread: Thread) -> tuple[ThreadMessage, ...]:
    """The messages that a run writes now."""
    page = await desk.runs.page(thread.project, thread.id, Stretch("desc", 1))
    if page is None or not page.data:
        return ()
    return (await desk.live(page.data[0])).messages


async def all_steps(desk: ThreadDesk, run: ThreadRun) -> tuple[Step, ...]:
    """The steps of a run so far, in order."""
    going = await desk.live(run)
    kept = await desk.runs.steps(run.id)
    known = {step.id for step in kept}
    return (*kept, *(step for step in going.steps if step.id not in known))
