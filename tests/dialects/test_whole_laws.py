"""A whole answer is the stream, folded: nothing of it hangs on having been written as a stream."""

from __future__ import annotations

import asyncio

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings

from service.dialects.base import Dialect
from service.dialects.chat import ChatDialect
from service.dialects.messages import MessagesDialect
from service.dialects.responses import responses, strict_responses
from service.engine.log import RunLog
from specs.events import Event, without_deltas
from tests.support.events import FAILURES, SCENARIOS, counting_ids, lawful_runs, text_answer

SAID = [{"role": "user", "content": "Hi"}]
CHAT, MESSAGES = ChatDialect(), MessagesDialect("req_1")
CASES: dict[str, tuple[Dialect, dict[str, object]]] = {
    "chat": (CHAT, {"messages": SAID}),
    "chat-functions": (CHAT, {"messages": SAID, "functions": [{"name": "f"}]}),
    "messages": (MESSAGES, {"max_tokens": 900, "messages": SAID}),
    "responses": (responses, {"input": "Hi"}),
    "responses-sealed": (responses, {"input": "Hi", "include": ["reasoning.encrypted_content"]}),
    "responses-strict": (strict_responses, {"input": "Hi"}),
}
each_case = pytest.mark.parametrize("case", CASES)


def both_ways(case: str, events: list[Event]) -> list[bytes]:
    """The whole answer after the stream was written, and without."""
    dialect, fields = CASES[case]
    reading = dialect.read(msgspec.json.encode({"model": "agent_demo", **fields}), counting_ids())
    streamed, folded = (dialect.renderer(reading, counting_ids()) for _ in range(2))
    streamed.feed(events)
    folded.fold(without_deltas(events))
    return [msgspec.json.encode(renderer.whole()) for renderer in (streamed, folded)]


@each_case
@pytest.mark.parametrize("name", SCENARIOS | FAILURES)
def test_a_whole_answer_needs_no_stream(case, name):
    streamed, folded = both_ways(case, (SCENARIOS | FAILURES)[name]())
    assert folded == streamed


@each_case
@given(events=lawful_runs())
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_nor_does_that_of_any_lawful_run(case, events):
    streamed, folded = both_ways(case, events)
    assert folded == streamed


def test_who_waits_for_the_end_is_never_behind():
    asyncio.run(_read_the_rest())


async def _read_the_rest() -> None:
    log, events = RunLog(buffer_bytes=4), text_answer()
    reader = log.subscribe()
    log.append(events[:3])
    waiting = asyncio.create_task(reader.rest())
    await asyncio.sleep(0)
    log.append(events[3:])
    assert not log.full
    log.close()
    assert await waiting == without_deltas(events)
