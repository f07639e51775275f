"""How a run is ended by its log: a model call that had finished is its outcome, any other was interrupted."""

from __future__ import annotations

import pytest

from service.engine.outcome import Outcome
from service.engine.unfinished import Unfinished, interrupted
from specs.events import Delta, ItemEnded, ItemStarted, PartEnded, PartStarted, StepEnded, StepStarted
from specs.items import Message, Text
from specs.usage import Usage

MESSAGE = Message("msg_1", "assistant", status="in_progress")
WHOLE = Message("msg_1", "assistant", (Text("Good day"),))
LOG = [
    StepStarted(0, 1, "local", "m"),
    ItemStarted(0, MESSAGE),
    PartStarted(0, 0, Text()),
    Delta(0, 0, "Good "),
    Delta(0, 0, "day"),
    PartEnded(0, 0, Text("Good day")),
    ItemEnded(0, WHOLE),
    StepEnded(0, "stop", Usage(input=1, output=2)),
]


def read(count: int) -> Unfinished:
    found = Unfinished()
    found.feed(LOG[:count])
    return found


def test_a_finished_call_is_the_outcome():
    found = read(len(LOG))
    assert found.outcome == Outcome("completed", "stop")
    assert found.close() == []
    assert found.fold.items == (WHOLE,)


@pytest.mark.parametrize("count", range(len(LOG)))
def test_what_is_open_is_ended_with_what_there_is(count: int):
    found = read(count)
    assert found.outcome == interrupted()
    written = "".join(event.data for event in LOG[:count] if isinstance(event, Delta))
    found.close()
    assert found.close() == []
    assert "".join(part.text for item in found.fold.items for part in item.content) == written
