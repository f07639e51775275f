"""A model call that is preceded by a summary, over a scripted provider and no ledger: what is told of it, and
what becomes of it when something fails."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from providers.base import Call, ModelStream
from providers.profiles import Profile
from service.engine.compacting import Compacting, CompactTerms
from specs.errors import UpstreamCut
from specs.events import Event, StepEnded, StepStarted
from specs.fold import Fold
from specs.items import Compaction, Message, Text
from specs.requests import CompactAsk, ModelRequest, Settings
from tests.support.events import counting_ids
from tests.support.laws import check_laws
from tests.support.scripted import Move, ScriptedProvider, end, say

pytestmark = pytest.mark.anyio

LONG = Message("m1", "user", (Text("word " * 4_000),))
ASKED = Message("m2", "user", (Text("So?"),))
REQUEST = ModelRequest("m", (LONG, ASKED))
PROFILE = Profile()


class Opened:
    """Calls made through `Compacting`, each drained to its end."""

    def __init__(self, *scripts: list[Move] | Exception, ceiling: int | None = None) -> None:
        self.provider = ScriptedProvider(*scripts)
        self.told: list[str] = []
        self.places: list[tuple[int, int]] = []
        self.new_id = counting_ids()
        terms = CompactTerms(CompactAsk(1_000), ceiling, lambda summary: f"sealed:{len(summary)}")
        self.open = Compacting(self._open, PROFILE, terms=terms, new_id=self.new_id, tell=self.told.append)

    async def _open(self, request: ModelRequest, *, step: int, first_item: int) -> ModelStream:
        self.places.append((step, first_item))
        return await self.provider.open(request, Call(step, 1, first_item, self.new_id))

    async def events(
        self, request: ModelRequest = REQUEST, *, step: int = 0, first_item: int = 0
    ) -> list[Event]:
        stream = await self.open(request, step=step, first_item=first_item)
        found: list[Event] = []
        async for batch in stream:
            found += batch
        await stream.aclose()
        return found


def steps_of(events: list[Event]) -> list[list[Event]]:
    """The events of each model call."""
    steps: list[list[Event]] = []
    for event in events:
        if isinstance(event, StepStarted):
            steps.append([])
        steps[-1].append(event)
    return steps


def folded(events: list[Event]) -> Fold:
    fold = Fold()
    fold.feed(events)
    return fold


async def test_both_calls_keep_the_laws_of_the_stream_and_items_are_numbered_on():
    opened = Opened([*say("All ", "green"), *end()], [*say("Aye"), *end()])
    events = await opened.events(step=2, first_item=3)
    summary, answer = steps_of(events)
    check_laws(summary)
    check_laws(answer)
    assert opened.places == [(2, 3), (3, 4)]
    first, second = folded(events).items
    assert isinstance(first, Compaction)
    assert (first.sealed, first.summary) == ("sealed:9", "All green")
    assert isinstance(second, Message)


async def test_the_steps_after_it_are_numbered_on():
    opened = Opened([*say("A"), *end()], [*say("B"), *end()], [*say("C"), *end()])
    await opened.events()
    await opened.events(ModelRequest("m", (ASKED,)), step=1, first_item=2)
    assert [step for step, _ in opened.places] == [0, 1, 2]


@pytest.mark.parametrize("script", [[*say("Half"), *end("length")], [*end()]])
async def test_half_a_summary_is_no_item_and_is_told_once(script: list[Move]):
    opened = Opened(script, [*say("Aye"), *end()])
    events = await opened.events()
    assert [type(item) for item in folded(events).items] == [Message]
    assert opened.provider.requests[1].items == REQUEST.items
    assert len(opened.told) == 1


async def drained_until_it_fails(opened: Opened, *, finish: Any = "error") -> list[Event]:
    """As the loop does it: what was open is ended, the connection given back."""
    stream = await opened.open(REQUEST, step=0, first_item=0)
    found: list[Event] = []
    try:
        async for batch in stream:
            found += batch
    except UpstreamCut:
        found += stream.close(finish)
    finally:
        await stream.aclose()
    assert stream.close(finish) == []
    return found


async def test_a_summary_that_breaks_off_ends_its_step_and_shows_nothing():
    opened = Opened([*say("Half"), UpstreamCut()])
    events = await drained_until_it_fails(opened)
    check_laws(events)
    assert folded(events).items == ()
    assert opened.provider.streams[0].closed


async def test_an_answer_that_cannot_be_begun_leaves_the_summary_whole():
    opened = Opened([*say("All"), *end()], UpstreamCut())
    events = await drained_until_it_fails(opened)
    check_laws(events)
    assert [type(item) for item in folded(events).items] == [Compaction]


async def test_an_answer_that_breaks_off_ends_with_what_there_is():
    opened = Opened([*say("All"), *end()], [*say("Ay"), UpstreamCut()])
    events = await drained_until_it_fails(opened)
    for step in steps_of(events):
        check_laws(step)
    assert [type(item) for item in folded(events).items] == [Compaction, Message]
    assert all(stream.closed for stream in opened.provider.streams)


async def test_a_run_that_is_cancelled_while_it_summarises_ends_that_step():
    opened = Opened([*say("Half"), asyncio.Event()])
    stream = await opened.open(REQUEST, step=0, first_item=0)
    found = await anext(stream)
    task = asyncio.ensure_future(anext(stream))
    await asyncio.sleep(0)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    found += stream.close("cancelled")
    await stream.aclose()
    check_laws(found)
    assert isinstance(found[-1], StepEnded)


@pytest.mark.parametrize(
    ("cap", "ceiling", "sent"), [(None, None, None), (16, None, 8_192), (16, 500, 500), (9_000, None, 9_000)]
)
async def test_a_small_cap_of_the_answer_does_not_cut_the_summary(cap, ceiling, sent):
    opened = Opened([*say("All"), *end()], [*say("Aye"), *end()], ceiling=ceiling)
    settings = Settings(max_output_tokens=cap, stop=("word",), verbosity="low")
    await opened.events(ModelRequest("m", REQUEST.items, settings=settings))
    summary, answer = (request.settings for request in opened.provider.requests)
    assert summary == Settings(max_output_tokens=sent)
    assert answer == settings
