"""Servers are asked for their tools before the model is, and what they say is shown once."""

from __future__ import annotations

import asyncio

import pytest
from msgspec import Raw, structs

from service.tools.base import Known, Listed, ToolOutcome
from specs.events import Event, ItemEnded, ItemStarted, StepStarted, ToolProgressed
from specs.items import FunctionCall, HostedCall, ListedTool, ToolListing
from specs.requests import FunctionTool, Tool
from tests.engine.test_loop import Played
from tests.support.scripted import call, end, say

pytestmark = pytest.mark.anyio

DICE = ListedTool("roll", Raw(b'{"type":"object"}'), "Roll dice.")


class Servers:
    """Two servers, of which one may be down."""

    servers = ("dice", "cards")

    def __init__(self, *, down: str = "", hangs: str = "") -> None:
        self.asked: list[str] = []
        self.closed = 0
        self._down = down
        self._hangs = hangs

    async def list_tools(self, server: str) -> Listed:
        self.asked.append(server)
        if server == self._hangs:
            await asyncio.Event().wait()
        return Listed(error="It does not answer.") if server == self._down else Listed((DICE,))

    @property
    def definitions(self) -> tuple[Tool, ...]:
        return tuple(FunctionTool(f"{label}__roll") for label in self.asked if label != self._down)

    def known(self, name: str) -> Known | None:
        label, _, tool = name.partition("__")
        return Known(label, tool) if tool == "roll" else None

    async def call(self, call: FunctionCall) -> ToolOutcome:
        return ToolOutcome(output="4")

    async def aclose(self) -> None:
        self.closed += 1


def listings(events: list[Event]) -> list[ToolListing]:
    return [e.item for e in events if isinstance(e, ItemEnded) and isinstance(e.item, ToolListing)]


async def test_every_server_is_asked_and_shown_before_the_model_is():
    tools = Servers()
    played = Played([*say("Hi"), *end()], tools=tools)
    await played.loop.run()
    events = await played.events()
    assert sorted(tools.asked) == ["cards", "dice"]
    assert [item.tools for item in listings(events)] == [(DICE,), (DICE,)]
    first = next(at for at, event in enumerate(events) if isinstance(event, StepStarted))
    assert not [event for event in events[first:] if isinstance(getattr(event, "item", None), ToolListing)]
    assert [tool.name for tool in played.provider.requests[0].tools] == ["dice__roll", "cards__roll"]


async def test_a_server_that_fails_is_an_item_and_the_run_goes_on_without_it():
    played = Played([*say("Hi"), *end()], tools=Servers(down="cards"))
    outcome = await played.loop.run()
    assert outcome.status == "completed"
    events = await played.events()
    (failed,) = [item for item in listings(events) if item.error]
    assert (failed.label, failed.status, failed.tools) == ("cards", "failed", ())
    assert [e.phase for e in events if isinstance(e, ToolProgressed)].count("failed") == 1
    assert [tool.name for tool in played.provider.requests[0].tools] == ["dice__roll"]


async def test_no_model_sees_a_listing():
    played = Played([*say("Hi"), *end()], tools=Servers())
    await played.loop.run()
    assert not [item for item in played.provider.requests[0].items if isinstance(item, ToolListing)]


@pytest.mark.parametrize("schema", [b'{"type":"object"}', b'{ "type" : "object" }'])
async def test_a_listing_that_the_context_holds_is_not_shown_again(schema: bytes):
    held = ToolListing("mcpl_1", "dice", (ListedTool("roll", Raw(schema), "Roll dice."),))
    played = Played([*say("Hi"), *end()], tools=Servers(), before=(held,))
    await played.loop.run()
    assert [item.label for item in listings(await played.events())] == ["cards"]


@pytest.mark.parametrize(
    "held",
    [
        ToolListing("mcpl_1", "dice", (structs.replace(DICE, description="Roll and pay."),)),
        ToolListing("mcpl_1", "dice", error="It did not answer.", status="failed"),
    ],
)
async def test_a_listing_that_changed_is_shown_again(held: ToolListing):
    played = Played([*say("Hi"), *end()], tools=Servers(), before=(held,))
    await played.loop.run()
    assert sorted(item.label for item in listings(await played.events())) == ["cards", "dice"]


async def test_items_after_the_listings_have_the_next_places():
    played = Played([*call("dice__roll"), *end("tool_calls")], [*say("4"), *end()], tools=Servers())
    await played.loop.run()
    kinds = [type(item) for item in played.loop.fold.items]
    assert kinds[:3] == [ToolListing, ToolListing, HostedCall]
    starts = [event.index for event in await played.events() if isinstance(event, ItemStarted)]
    assert starts == [0, 1, 2, 3]


async def test_connections_are_let_go_of_when_the_model_fails():
    tools = Servers()
    with pytest.raises(ValueError, match="no"):
        await Played(ValueError("no"), tools=tools).loop.run()
    assert tools.closed == 1


async def test_a_run_that_is_stopped_while_it_asks_ends_what_it_began_and_lets_go():
    tools = Servers(hangs="cards")
    played = Played([*say("Hi"), *end()], tools=tools)
    running = asyncio.create_task(played.loop.run())
    while len(tools.asked) < 2:  # noqa: ASYNC110
        await asyncio.sleep(0)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert tools.closed == 1
    ends = {item.label: item.status for item in listings(await played.events())}
    assert ends["cards"] == "incomplete"
