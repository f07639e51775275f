"""Custom tools over a provider that knows functions only."""

from __future__ import annotations

import json
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from providers.base import Call, ModelStream
from service.engine.custom import PARAMETERS, StringReader, WithCustomTools, with_functions
from specs.events import Delta, Event, ItemEnded, PartEnded
from specs.items import Arguments, FunctionCall, FunctionResult, Message, Text
from specs.requests import CustomInput, FunctionTool, ModelRequest
from tests.support.events import counting_ids
from tests.support.laws import check_laws
from tests.support.scripted import Move, ScriptedProvider, call, end, say

PATCH = FunctionTool("patch", "Changes files.", custom=CustomInput())
REGEX = FunctionTool("pick", custom=CustomInput("regex", "a|b"))
CLOCK = FunctionTool("clock")
HISTORY = (
    Message("msg_1", "user", (Text("Go"),)),
    FunctionCall("ctc_1", "call_1", "patch", 'say "hi"', custom=True),
    FunctionResult("fco_1", "call_1", (Text("ok"),), custom=True),
)
REQUEST = ModelRequest("m-1", HISTORY, tools=(PATCH, CLOCK))


async def events_of(*moves: Move) -> list[Event]:
    """What comes of a call through the emulation."""
    provider = ScriptedProvider(list(moves))

    async def open_model(request: ModelRequest, *, step: int, first_item: int) -> ModelStream:
        return await provider.open(request, Call(step, 1, first_item, counting_ids()))

    stream = await WithCustomTools(open_model)(REQUEST, step=0, first_item=0)
    return [event async for batch in stream for event in batch]


def test_a_custom_tool_goes_as_a_function_of_one_string():
    patch, clock = with_functions(REQUEST).tools
    assert (patch.name, patch.parameters, patch.custom) == ("patch", PARAMETERS, None)
    assert patch.description.startswith("Changes files.")
    assert clock is CLOCK


def test_the_grammar_goes_into_the_words():
    (pick,) = with_functions(ModelRequest("m-1", (), tools=(REGEX,))).tools
    assert pick.description.endswith("It must match this regex grammar:\na|b")


def test_earlier_calls_go_as_calls_of_that_function():
    _, made, result = with_functions(REQUEST).items
    assert (json.loads(made.arguments), made.custom) == ({"input": 'say "hi"'}, False)
    assert result == FunctionResult("fco_1", "call_1", (Text("ok"),))


@pytest.mark.anyio
async def test_a_call_comes_back_as_free_text():
    events = await events_of(*call("patch", '{"input": "*** Begin\\n+é"}'), *end("tool_calls"))
    (ended,) = [event.item for event in events if isinstance(event, ItemEnded)]
    assert (ended.name, ended.arguments, ended.custom) == ("patch", "*** Begin\n+é", True)
    check_laws(events)


@pytest.mark.anyio
async def test_other_items_stay_as_they_are():
    events = await events_of(*say("Hi"), *call("clock", '{"input":"x"}'), *end("tool_calls"))
    ended = [event.item for event in events if isinstance(event, ItemEnded)]
    assert [type(item) for item in ended] == [FunctionCall, Message]
    assert (ended[0].arguments, ended[0].custom) == ('{"input":"x"}', False)


@pytest.mark.anyio
async def test_the_text_streams_as_the_string_is_written():
    def write(tracker) -> None:
        tracker.start_item("c", FunctionCall("fc_1", "call_1", "patch", status="in_progress"))
        tracker.start_part("c", 0, Arguments())

    def more(data: str):
        return lambda tracker: tracker.delta("c", 0, data)

    pieces = ['{"in', 'put": "ab', "c\\", "nd\\ud83d", "\\ude00", '!"}']
    events = await events_of(write, *map(more, pieces), *end("tool_calls"))
    assert [event.data for event in events if isinstance(event, Delta)] == ["ab", "c", "\nd", "😀", "!"]
    (part,) = [event.content for event in events if isinstance(event, PartEnded)]
    assert part.text == "abc\nd😀!"
    check_laws(events)


@given(st.text(), st.lists(st.integers(min_value=0, max_value=80)), st.booleans())
def test_however_the_arguments_are_cut_the_text_is_whole(text, cuts, ascii):
    written = json.dumps({"input": text}, ensure_ascii=ascii)
    reader = StringReader()
    ends = sorted({0, *(cut for cut in cuts if cut < len(written)), len(written)})
    given_out = "".join(reader.feed(written[at:to]) for at, to in pairwise(ends))
    assert given_out + reader.finish() == reader.text == text


@pytest.mark.parametrize(
    ("written", "text"),
    [
        ("{}", ""),
        ("", ""),
        ("ls -l", "ls -l"),
        ('{"command":"ls"}', '{"command":"ls"}'),
        ('{"input":"cut o', "cut o"),
        ('{"other":1,"input":"late"}', "late"),
        ('{"input":"raw\nbreak"}', "raw\nbreak"),
    ],
)
def test_arguments_of_another_shape_are_read_as_well_as_can_be(written, text):
    reader = StringReader()
    reader.feed(written)
    reader.finish()
    assert reader.text == text
