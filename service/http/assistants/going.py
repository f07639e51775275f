"""What is there of runs that go on: read from their logs, which only they write."""

from __future__ import annotations

from msgspec import structs

from service.engine.threads import ThreadDesk
from service.store.thread_ports import Listed, Stretch
from specs.threads import Step, Thread, ThreadMessage, ThreadRun


async def live_messages(desk: ThreadDesk, thread: Thread) -> tuple[ThreadMessage, ...]:
    """The messages that a run writes now, in order."""
    going = await desk.runs.going(thread.project, thread.id)
    return () if going is None else (await desk.live(going)).messages


async def message_page(
    desk: ThreadDesk, thread: Thread, ask: Stretch, *, run: str | None
) -> Listed[ThreadMessage] | None:
    """Some messages of a thread, those that are being written the newest; None where the place is that of
    none."""
    live = [each for each in await live_messages(desk, thread) if run in (None, each.run)]
    ids = [message.item.id for message in live]
    if ask.order == "desc":
        live.reverse()
    if ask.after in ids:
        behind = live[[message.item.id for message in live].index(ask.after) + 1 :]
        if ask.order == "asc":
            return Listed(tuple(behind[: ask.limit]), len(behind) > ask.limit)
        live, ask = behind, structs.replace(ask, after=None)
    elif ask.before is not None or (ask.order == "desc" and ask.after is not None):
        live = []
    page = await desk.messages.page(thread.project, thread.id, ask, run=run)
    if page is None or not live or (ask.order == "asc" and page.has_more):
        return page
    known = {message.item.id for message in page.data}
    new = [message for message in live if message.item.id not in known]
    whole = (*new, *page.data) if ask.order == "desc" else (*page.data, *new)
    return Listed(whole[: ask.limit], page.has_more or len(whole) > ask.limit)


async def all_steps(desk: ThreadDesk, run: ThreadRun) -> tuple[Step, ...]:
    """The steps of a run so far, in order."""
    going = await desk.live(run)
    kept = await desk.runs.steps(run.id)
    known = {step.id for step in kept}
    return (*kept, *(step for step in going.steps if step.id not in known))
