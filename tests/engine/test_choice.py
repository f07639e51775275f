"""A run is held to its `tool_choice` and its caller's limits on calls, whatever the model does."""

from __future__ import annotations

import pytest
from msgspec import structs

from providers.base import Call, ModelStream
from providers.parts import PartTracker
from service.engine.log import RunLog
from service.engine.loop import Loop
from service.engine.outcome import Outcome
from service.tools.base import Known, NoTools, ToolOutcome
from specs.agents import Limits
from specs.errors import ToolChoiceIgnored
from specs.events import Event, ItemEnded, ItemStarted, RunPaused
from specs.items import FunctionCall, FunctionResult, HostedCall, Message, Text
from specs.requests import FunctionTool, ModelRequest, RunRequest, Settings, ToolChoice
from tests.support.events import counting_ids
from tests.support.laws import check_laws
from tests.support.scripted import Move, ScriptedProvider, call, end, say

pytestmark = pytest.mark.anyio

USER = Message("msg_in", "user", (Text("Hello"),))
ASKED = RunRequest("agent_x", (USER,), tools=(FunctionTool("weather"), FunctionTool("clock")))
ONLY_CLOCK = ToolChoice(allowed=("clock", "lookup"))
CALLS_WEATHER = [*call("weather", call_id="call_w"), *end("tool_calls")]


class Hosted(NoTools):
    """One hosted tool, `lookup`."""

    definitions = (FunctionTool("lookup"),)

    def known(self, name: str) -> Known | None:
        return Known("house", name) if name == "lookup" else None

    async def call(self, call: FunctionCall) -> ToolOutcome:
        return ToolOutcome(output="found")


class Played:
    """One run of the loop over a script."""

    def __init__(self, *scripts: list[Move], choice: ToolChoice = ToolChoice(), **fields) -> None:  # noqa: B008
        self.provider = ScriptedProvider(*scripts)
        self.log = RunLog()
        self.reader = self.log.subscribe()
        self.new_id = counting_ids()
        self.loop = Loop(
            structs.replace(ASKED, tool_choice=choice, **fields),
            model="m-1",
            limits=Limits(),
            open_model=self.open_model,
            tools=Hosted(),
            log=self.log,
            abandoned=lambda: False,
        )

    async def open_model(self, request: ModelRequest, *, step: int, first_item: int) -> ModelStream:
        return await self.provider.open(request, Call(step, 1, first_item, self.new_id))

    async def events(self) -> list[Event]:
        self.log.close()
        return await self.reader.next()

    @property
    def said(self) -> list[str]:
        """What the items are, in order."""
        return [getattr(item, "name", "") or type(item).__name__ for item in self.loop.fold.items]


def cannot_force() -> list[Move]:
    """The provider warns that it cannot make the model call a tool."""

    def warn(tracker: PartTracker) -> None:
        tracker.warn("it chooses by itself", "tool_choice")

    return [warn]


@pytest.mark.parametrize("choice", [ONLY_CLOCK, ToolChoice("none"), ToolChoice("required", name="clock")])
async def test_a_call_that_is_not_allowed_never_reaches_the_caller(choice):
    scripts = [*say("So be it"), *call("clock"), *end("tool_calls")], [*say("Fine"), *end()]
    played = Played(CALLS_WEATHER, *scripts, choice=choice)
    await played.loop.run()
    shown = [event.item for event in await played.events() if isinstance(event, ItemStarted | ItemEnded)]
    assert not [item for item in shown if isinstance(item, FunctionCall) and item.name == "weather"]


async def test_the_model_learns_that_its_call_was_refused_and_goes_on():
    played = Played(CALLS_WEATHER, [*say("Then no"), *end()], choice=ONLY_CLOCK)
    assert await played.loop.run() == Outcome("completed", "stop")
    asked, refused, why = played.provider.requests[1].items
    assert (asked, refused.name, why.call_id, why.error) == (USER, "weather", "call_w", True)
    assert played.said == ["Message"]


async def test_what_the_model_was_told_stays_where_it_was_told():
    scripts = (
        [*say("Let me see"), *CALLS_WEATHER],
        [*call("lookup"), *end("tool_calls")],
        [*say("Ah"), *end()],
    )
    played = Played(*scripts, choice=ONLY_CLOCK)
    await played.loop.run()
    kinds = [type(item) for item in played.provider.requests[2].items]
    assert kinds == [Message, Message, FunctionCall, FunctionResult, HostedCall]


async def test_items_after_a_refused_call_move_up():
    step = [*say("Hm"), *call("weather", call_id="call_w"), *call("clock"), *end("tool_calls")]
    played = Played(step, choice=ONLY_CLOCK)
    assert await played.loop.run() == Outcome("completed", "tool_calls")
    events = await played.events()
    assert [event.index for event in events if isinstance(event, ItemStarted)] == [0, 1]
    assert played.said == ["Message", "clock"]
    check_laws(event for event in events if not isinstance(event, RunPaused))


async def test_allowed_tools_hold_for_hosted_tools_too():
    choice = ToolChoice(allowed=("clock",))
    played = Played([*call("lookup"), *end("tool_calls")], [*say("Without"), *end()], choice=choice)
    await played.loop.run()
    assert played.said == ["Message"]


@pytest.mark.parametrize("choice", [ToolChoice("none"), ONLY_CLOCK])
async def test_a_model_that_only_makes_refused_calls_is_given_up(choice):
    played = Played(*[CALLS_WEATHER] * 9, choice=choice)
    with pytest.raises(ToolChoiceIgnored):
        await played.loop.run()
    assert len(played.provider.requests) == 4


async def test_what_such_a_model_said_is_its_answer():
    played = Played(*[[*say("Well"), *CALLS_WEATHER]] * 9, choice=ToolChoice("none"))
    assert await played.loop.run() == Outcome("completed", "stop")


async def test_a_required_call_is_asked_for_once_more_where_the_provider_cannot_force_it():
    scripts = [*cannot_force(), *say("No"), *end()], [*call("clock"), *end("tool_calls")]
    played = Played(*scripts, choice=ToolChoice("required"))
    assert await played.loop.run() == Outcome("completed", "tool_calls")
    assert played.provider.requests[1].items[-1].content == (
        Text("Call a tool now. Do not answer in words."),
    )
    assert played.said == ["Message", "clock"]


async def test_a_required_call_that_never_comes_fails_the_run():
    played = Played(*[[*cannot_force(), *say("No"), *end()]] * 2, choice=ToolChoice("required"))
    with pytest.raises(ToolChoiceIgnored) as failed:
        await played.loop.run()
    assert (failed.value.type, failed.value.status) == ("model_error", 500)


async def test_a_provider_that_forces_calls_is_trusted():
    played = Played([*say("I will not"), *end()], choice=ToolChoice("required"))
    assert await played.loop.run() == Outcome("completed", "stop")


@pytest.mark.parametrize("name", [None, "lookup"])
async def test_a_forced_choice_is_forced_once(name):
    scripts = [*call("lookup"), *end("tool_calls")], [*say("Found"), *end()]
    played = Played(*scripts, choice=ToolChoice("required", name=name))
    assert await played.loop.run() == Outcome("completed", "stop")
    assert [request.tool_choice.mode for request in played.provider.requests] == ["required", "auto"]


async def test_allowed_tools_still_hold_after_a_forced_call():
    choice = ToolChoice("required", allowed=("lookup",))
    played = Played([*call("lookup"), *end("tool_calls")], CALLS_WEATHER, [*say("Ok"), *end()], choice=choice)
    await played.loop.run()
    assert played.said == ["lookup", "Message"]


async def test_hosted_calls_beyond_the_callers_limit_are_ignored():
    again = [*call("lookup", call_id="call_2"), *end("tool_calls")]
    played = Played([*call("lookup"), *end("tool_calls")], again, [*say("Done"), *end()], max_tool_calls=1)
    assert await played.loop.run() == Outcome("completed", "stop")
    assert played.said == ["lookup", "Message"]


async def test_the_limit_holds_within_one_step():
    step = [*call("lookup", call_id="a"), *call("lookup", call_id="b"), *end("tool_calls")]
    played = Played(step, [*say("Done"), *end()], max_tool_calls=1)
    await played.loop.run()
    assert played.said == ["lookup", "Message"]


async def test_functions_of_the_client_do_not_count():
    step = [*call("weather", call_id="a"), *call("clock", call_id="b"), *end("tool_calls")]
    played = Played(step, max_tool_calls=1)
    await played.loop.run()
    assert played.said == ["weather", "clock"]


async def test_without_parallel_calls_a_step_has_one():
    step = [*call("weather", call_id="a"), *call("clock", call_id="b"), *end("tool_calls")]
    played = Played(step, settings=Settings(parallel_tool_calls=False))
    assert await played.loop.run() == Outcome("completed", "tool_calls")
    assert played.said == ["weather"]
