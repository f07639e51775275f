"""The loop, over a scripted provider and no ledger."""

from __future__ import annotations

import asyncio

import pytest
from msgspec import structs

from providers.base import Call, ModelStream
from service.engine.approvals import Asking
from service.engine.log import RunLog
from service.engine.loop import Loop
from service.engine.outcome import Outcome
from service.tools.base import Known, NoTools, ToolOutcome
from specs.agents import Limits
from specs.errors import BudgetExhausted, UpstreamCut
from specs.events import Event, ItemEnded, ItemStarted, RunPaused, StepEnded, ToolProgressed
from specs.items import FunctionCall, HostedCall, Item, Message, Text
from specs.requests import FunctionTool, ModelRequest, RunRequest
from tests.support.events import counting_ids
from tests.support.scripted import Move, ScriptedProvider, call, end, say

pytestmark = pytest.mark.anyio

REQUEST = RunRequest("agent_x", (Message("msg_in", "user", (Text("Hello"),)),))


class Tools(NoTools):
    """Hosted tools that answer with their own arguments."""

    definitions = (FunctionTool("lookup"), FunctionTool("store"))

    def __init__(self) -> None:
        self.running = 0
        self.most_at_once = 0

    def known(self, name: str) -> Known | None:
        return Known("house", name) if name in ("lookup", "store") else None

    async def call(self, call: FunctionCall) -> ToolOutcome:
        self.running += 1
        self.most_at_once = max(self.most_at_once, self.running)
        await asyncio.sleep(0)
        self.running -= 1
        if call.arguments == "fail":
            return ToolOutcome(error="no such row")
        return ToolOutcome(output=f"found {call.arguments}")


class Played:
    """One run of the loop, its outcome and its events."""

    def __init__(
        self,
        *scripts: list[Move] | Exception,
        tools=None,
        limits: Limits | None = None,
        before: tuple[Item, ...] = (),
        request: RunRequest | None = None,
        asking: Asking | None = None,
    ) -> None:
        self.request = request or structs.replace(REQUEST, items=(*before, *REQUEST.items))
        self.provider = ScriptedProvider(*scripts)
        self.log = RunLog()
        self.reader = self.log.subscribe()
        self.new_id = counting_ids()
        self.abandoned = False
        self.loop = Loop(
            self.request,
            model="m-1",
            limits=limits or Limits(),
            open_model=self.open_model,
            tools=tools or NoTools(),
            log=self.log,
            abandoned=lambda: self.abandoned,
            asking=asking,
        )

    async def open_model(self, request: ModelRequest, *, step: int, first_item: int) -> ModelStream:
        return await self.provider.open(request, Call(step, 1, first_item, self.new_id))

    async def events(self) -> list[Event]:
        self.log.close()
        return await self.reader.next()


async def test_an_answer_without_calls_completes_the_run():
    played = Played([*say("Hi ", "there"), *end()])
    assert await played.loop.run() == Outcome("completed", "stop")
    (message,) = played.loop.fold.items
    assert message.content == (Text("Hi there"),)


@pytest.mark.parametrize(
    ("finish", "reason"), [("length", "max_output_tokens"), ("content_filter", "content_filter")]
)
async def test_a_cut_answer_is_incomplete_with_its_reason(finish, reason):
    played = Played([*say("Hi"), *end(finish)])
    assert await played.loop.run() == Outcome("incomplete", finish, reason)


async def test_the_clients_calls_pause_the_run_and_hand_back():
    played = Played([*call("weather", '{"city":"Oslo"}'), *end("tool_calls")])
    assert await played.loop.run() == Outcome("completed", "tool_calls")
    (paused,) = [event for event in await played.events() if isinstance(event, RunPaused)]
    assert [call.name for call in paused.calls] == ["weather"]


async def test_hosted_calls_run_and_the_model_goes_on_with_their_results():
    played = Played([*call("lookup", '"a"'), *end("tool_calls")], [*say("Done"), *end()], tools=Tools())
    assert await played.loop.run() == Outcome("completed", "stop")
    (hosted,) = [item for item in played.provider.requests[1].items if isinstance(item, HostedCall)]
    assert (hosted.label, hosted.output, hosted.status) == ("house", 'found "a"', "completed")


async def test_a_hosted_call_is_never_shown_as_a_bare_function_call():
    played = Played([*call("lookup"), *end("tool_calls")], [*say("Done"), *end()], tools=Tools())
    await played.loop.run()
    shown = [event for event in await played.events() if isinstance(event, ItemStarted | ItemEnded)]
    assert not [event for event in shown if isinstance(event.item, FunctionCall)]


async def test_a_hosted_call_stays_open_until_its_result_is_there():
    played = Played([*call("lookup"), *end("tool_calls")], [*say("Done"), *end()], tools=Tools())
    await played.loop.run()
    events = await played.events()
    kinds = [type(event) for event in events]
    assert kinds.index(StepEnded) < kinds.index(ItemEnded)
    assert [e.phase for e in events if isinstance(e, ToolProgressed)] == ["in_progress", "completed"]


async def test_hosted_calls_of_one_step_run_together():
    tools = Tools()
    step = [*call("lookup", call_id="call_1"), *call("store", call_id="call_2"), *end("tool_calls")]
    await Played(step, [*say("Done"), *end()], tools=tools).loop.run()
    assert tools.most_at_once == 2


async def test_a_failed_tool_is_a_result_the_model_sees():
    played = Played([*call("lookup", "fail"), *end("tool_calls")], [*say("Sorry"), *end()], tools=Tools())
    await played.loop.run()
    hosted = played.provider.requests[1].items[-1]
    assert (hosted.status, hosted.error) == ("failed", "no such row")


async def test_a_mixed_turn_runs_ours_first_then_pauses_with_theirs():
    step = [*call("lookup", call_id="call_1"), *call("weather", call_id="call_2"), *end("tool_calls")]
    played = Played(step, tools=Tools())
    assert await played.loop.run() == Outcome("completed", "tool_calls")
    events = await played.events()
    assert events.index(next(e for e in events if isinstance(e, RunPaused))) == len(events) - 1
    assert [type(item) for item in played.loop.fold.items] == [HostedCall, FunctionCall]


async def test_too_many_steps_end_the_run_incomplete():
    step = [*call("lookup"), *end("tool_calls")]
    played = Played(step, step, tools=Tools(), limits=Limits(max_steps=2))
    assert await played.loop.run() == Outcome("incomplete", "length", "max_steps")


async def test_too_many_tool_calls_end_the_run_and_the_calls_incomplete():
    played = Played([*call("lookup"), *end("tool_calls")], tools=Tools(), limits=Limits(max_tool_calls=0))
    assert await played.loop.run() == Outcome("incomplete", "length", "max_tool_calls")
    assert played.loop.fold.items[0].status == "incomplete"


async def test_a_failing_stream_ends_what_was_open_and_raises():
    played = Played([*say("Hal"), UpstreamCut()])
    with pytest.raises(UpstreamCut):
        await played.loop.run()
    events = await played.events()
    assert [type(event).__name__ for event in events[-3:]] == ["PartEnded", "ItemEnded", "StepEnded"]
    assert events[-2].item.status == "incomplete"
    assert events[-1].finish == "error"


async def test_a_cancelled_run_ends_what_was_open_and_lets_go_of_the_upstream():
    played = Played([*say("Hal"), asyncio.Event()])
    task = asyncio.create_task(played.loop.run())
    while not any(isinstance(event, ItemStarted) for event in await played.reader.next()):
        pass
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert (await played.events())[-1] == StepEnded(0, "cancelled")
    assert played.provider.streams[0].closed


async def test_an_exhausted_budget_ends_the_run_incomplete():
    played = Played([*say("Hal"), BudgetExhausted()])
    assert await played.loop.run() == Outcome("incomplete", "length", "budget_exhausted")


async def test_an_abandoned_run_begins_no_further_step():
    played = Played([*call("lookup"), *end("tool_calls")], tools=Tools())
    played.abandoned = True
    assert await played.loop.run() == Outcome("cancelled", "cancelled")


async def test_a_slow_reader_holds_the_loop_back():
    played = Played([*say(*["word "] * 600), *end()])
    task = asyncio.create_task(played.loop.run())
    for _ in range(1000):
        await asyncio.sleep(0)
    assert played.reader.behind < 300
    while not task.done():
        await played.reader.next() if played.reader.behind else await asyncio.sleep(0)
    assert await task == Outcome("completed", "stop")
