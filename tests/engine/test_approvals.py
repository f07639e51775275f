"""Calls that ask: the run pauses, and what the caller says to it counts once, for that call alone."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from msgspec import structs

from service.engine.approvals import Approvals, Asking, Whose
from service.engine.context import DENIED, NOT_MADE, UNANSWERED, context_of
from service.engine.outcome import Outcome
from service.secrets import Sealer
from service.tools.base import Known, NoTools, ToolOutcome
from specs.errors import InvalidRequest, StoreUnavailable
from specs.events import ItemStarted, RunPaused
from specs.items import ApprovalRequest, ApprovalResponse, FunctionCall, HostedCall, Item, Message, Text
from specs.requests import ApprovalPlace, FunctionTool, RunRequest
from tests.engine.test_loop import REQUEST, Played
from tests.support.scripted import call, end, say

pytestmark = pytest.mark.anyio

WHOSE = Whose("proj_1", "agent_x")
NOW = 1_800_000_000
PLACE = "input[0].approval_request_id"


class Shop(NoTools):
    """Looking is free, buying asks."""

    definitions = (FunctionTool("shop__look"), FunctionTool("shop__buy"))

    def __init__(self, *, fingerprint: str = "v1") -> None:
        self.made: list[tuple[str, str]] = []
        self.fingerprint = fingerprint

    def known(self, name: str) -> Known | None:
        if name not in ("shop__look", "shop__buy"):
            return None
        tool = name.removeprefix("shop__")
        return Known("shop", tool, asks=tool == "buy", fingerprint=self.fingerprint)

    async def call(self, call: FunctionCall) -> ToolOutcome:
        self.made.append((call.name, call.arguments))
        return ToolOutcome(output="done")


class Desk:
    """Approvals whose time and uses a test sees."""

    def __init__(self, folder: Path) -> None:
        self.now = NOW
        self.used: set[str] = set()
        self.approvals = Approvals(Sealer(folder / "key"), uses=self, clock=lambda: self.now)

    async def spend(self, request: str, *, project: str, until: int) -> bool:
        fresh = request not in self.used
        self.used.add(request)
        return fresh

    async def is_spent(self, request: str, *, project: str) -> bool:
        return request in self.used

    def played(self, *scripts, tools: NoTools, items: tuple[Item, ...] = (), whose: Whose = WHOSE) -> Played:
        """A run that goes on from these items, all of which its caller sent."""
        answers = [item for item in items if isinstance(item, ApprovalResponse)]
        places = tuple(ApprovalPlace(item.request, PLACE) for item in answers)
        request = structs.replace(REQUEST, items=(*REQUEST.items, *items), approvals=places)
        judged = self.approvals.judged(request, whose, now=self.now)
        return Played(*scripts, tools=tools, request=judged, asking=Asking(self.approvals, judged, whose))


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


BUY = [*call("shop__buy", '{"n":1}'), *end("tool_calls")]


async def asked(desk: Desk, tools: Shop, script=BUY) -> ApprovalRequest:
    played = desk.played(script, tools=tools)
    assert await played.loop.run() == Outcome("completed", "tool_calls")
    (item,) = [item for item in played.loop.fold.items if isinstance(item, ApprovalRequest)]
    return item


def yes(request: ApprovalRequest) -> ApprovalResponse:
    return ApprovalResponse("mcpa_1", request.id, True)


async def test_a_call_that_asks_is_not_made_and_pauses_the_run(desk: Desk):
    tools = Shop()
    played = desk.played(BUY, tools=tools)
    assert await played.loop.run() == Outcome("completed", "tool_calls")
    (item,) = played.loop.fold.items
    assert isinstance(item, ApprovalRequest)
    assert (item.label, item.name, item.called, item.arguments) == ("shop", "buy", "shop__buy", '{"n":1}')
    assert len(item.id) <= 64
    assert tools.made == []
    (paused,) = [event for event in await played.events() if isinstance(event, RunPaused)]
    assert paused.wants == "approval"


async def test_a_mixed_turn_runs_what_does_not_ask_and_pauses_for_the_rest(desk: Desk):
    tools = Shop()
    turn = [
        *call("shop__buy", "{}", call_id="call_1"),
        *call("weather", "{}", call_id="call_2"),
        *call("shop__look", "{}", call_id="call_3"),
        *end("tool_calls"),
    ]
    played = desk.played(turn, tools=tools)
    assert await played.loop.run() == Outcome("completed", "tool_calls")
    assert [type(item) for item in played.loop.fold.items] == [FunctionCall, HostedCall, ApprovalRequest]
    assert tools.made == [("shop__look", "{}")]
    events = await played.events()
    assert [event.wants for event in events if isinstance(event, RunPaused)] == ["outputs", "approval"]
    assert [event.index for event in events if isinstance(event, ItemStarted)] == [0, 1, 2]


async def test_an_approved_call_is_made_before_the_model_is_asked(desk: Desk):
    tools = Shop()
    request = await asked(desk, tools)
    played = desk.played([*say("Bought"), *end()], tools=tools, items=(request, yes(request)))
    assert await played.loop.run() == Outcome("completed", "stop")
    receipt, answer = played.loop.fold.items
    assert isinstance(receipt, HostedCall)
    assert (receipt.approval, receipt.output, receipt.arguments) == (request.id, "done", '{"n":1}')
    assert isinstance(answer, Message)
    assert tools.made == [("shop__buy", '{"n":1}')]
    (told,) = [item for item in played.provider.requests[0].items if isinstance(item, HostedCall)]
    assert (told.tool, told.output) == ("shop__buy", "done")


async def test_a_denied_call_is_not_made_and_the_model_is_told_why(desk: Desk):
    tools = Shop()
    request = await asked(desk, tools)
    no = ApprovalResponse("mcpa_1", request.id, False, "Too expensive.")
    played = desk.played([*say("All right"), *end()], tools=tools, items=(request, no))
    await played.loop.run()
    assert tools.made == []
    told = played.provider.requests[0].items[-1]
    assert isinstance(told, HostedCall)
    assert told.error == f"{DENIED} Too expensive."


async def test_an_approval_counts_once(desk: Desk):
    tools = Shop()
    request = await asked(desk, tools)
    for _ in range(2):
        played = desk.played([*say("Bought"), *end()], tools=tools, items=(request, yes(request)))
        await played.loop.run()
    assert tools.made == [("shop__buy", '{"n":1}')]
    again = played.loop.fold.items[0]
    assert isinstance(again, HostedCall)
    assert again.status == "failed"


async def test_an_approval_that_was_used_elsewhere_is_refused(desk: Desk):
    request = await asked(desk, Shop())
    approving = structs.replace(
        REQUEST, items=(request, yes(request)), approvals=(ApprovalPlace(request.id, PLACE),)
    )
    await desk.approvals.refuse_used(approving, project="proj_1")
    desk.used.add(request.id)
    with pytest.raises(InvalidRequest, match="answered before"):
        await desk.approvals.refuse_used(approving, project="proj_1")


async def test_what_was_made_is_history_when_it_is_sent_back(desk: Desk):
    tools = Shop()
    request = await asked(desk, tools)
    made = HostedCall("mcp_1", "call_1", "shop", "buy", '{"n":1}', output="done", approval=request.id)
    played = desk.played([*say("Hi"), *end()], tools=tools, items=(request, yes(request), made))
    await played.loop.run()
    assert tools.made == []


@pytest.mark.parametrize(
    "change",
    [{"arguments": '{"n":100}'}, {"name": "look"}, {"label": "bank"}, {"id": "mcpr_" + "A" * 59}],
)
async def test_what_was_not_asked_so_cannot_be_approved(desk: Desk, change: dict[str, str]):
    request = structs.replace(await asked(desk, Shop()), **change)
    with pytest.raises(InvalidRequest) as refused:
        desk.played(tools=Shop(), items=(request, yes(request)))
    assert refused.value.failure.param == PLACE


@pytest.mark.parametrize("whose", [Whose("proj_2", "agent_x"), Whose("proj_1", "agent_y")])
async def test_an_approval_holds_for_its_project_and_agent_alone(desk: Desk, whose: Whose):
    request = await asked(desk, Shop())
    with pytest.raises(InvalidRequest):
        desk.played(tools=Shop(), items=(request, yes(request)), whose=whose)


async def test_an_answer_to_nothing_is_refused(desk: Desk):
    with pytest.raises(InvalidRequest, match="no request for approval"):
        desk.played(tools=Shop(), items=(ApprovalResponse("mcpa_1", "mcpr_x", True),))


async def test_a_request_cannot_be_answered_twice(desk: Desk):
    request = await asked(desk, Shop())
    with pytest.raises(InvalidRequest, match="answered twice"):
        desk.played(tools=Shop(), items=(request, yes(request), yes(request)))


async def test_an_answer_after_its_call_was_made_is_refused(desk: Desk):
    request = await asked(desk, Shop())
    made = HostedCall("mcp_1", "call_1", "shop", "buy", '{"n":1}', output="done", approval=request.id)
    with pytest.raises(InvalidRequest, match="answered before"):
        desk.played(tools=Shop(), items=(request, made, yes(request)))


async def test_an_approval_that_comes_too_late_is_a_denial_with_a_warning(desk: Desk):
    tools = Shop()
    request = await asked(desk, tools)
    desk.now += 86_401
    played = desk.played([*say("Hi"), *end()], tools=tools, items=(request, yes(request)))
    await played.loop.run()
    assert tools.made == []
    assert played.request.warnings[0].startswith(PLACE)
    told = played.provider.requests[0].items[-1]
    assert isinstance(told, HostedCall)
    assert told.error is not None
    assert told.error.startswith(DENIED)


async def test_a_tool_that_changed_since_asks_again(desk: Desk):
    request = await asked(desk, Shop())
    changed = Shop(fingerprint="v2")
    played = desk.played(tools=changed, items=(request, yes(request)))
    assert await played.loop.run() == Outcome("completed", "tool_calls")
    (again,) = played.loop.fold.items
    assert isinstance(again, ApprovalRequest)
    assert again.id != request.id
    items = (request, yes(request), again, ApprovalResponse("mcpa_2", again.id, True))
    played = desk.played([*say("Bought"), *end()], tools=changed, items=items)
    await played.loop.run()
    assert changed.made == [("shop__buy", '{"n":1}')]
    calls = [item for item in played.provider.requests[0].items if isinstance(item, HostedCall)]
    assert [item.output for item in calls] == ["done"]


async def test_a_tool_that_is_gone_is_told(desk: Desk):
    request = await asked(desk, Shop())
    played = desk.played([*say("Hm"), *end()], tools=NoTools(), items=(request, yes(request)))
    await played.loop.run()
    receipt = played.loop.fold.items[0]
    assert isinstance(receipt, HostedCall)
    assert (receipt.status, receipt.approval) == ("failed", request.id)


async def test_where_nobody_can_be_asked_the_model_is_told_so():
    tools = Shop()
    played = Played(BUY, [*say("Sorry"), *end()], tools=tools)
    assert await played.loop.run() == Outcome("completed", "stop")
    assert tools.made == []
    told = played.provider.requests[1].items[-1]
    assert isinstance(told, HostedCall)
    assert told.error is not None
    assert "approve" in told.error


async def test_an_approved_call_counts_among_the_callers_calls(desk: Desk):
    tools = Shop()
    request = await asked(desk, tools)
    items = (*REQUEST.items, request, yes(request))
    asked_so = RunRequest("agent_x", items, max_tool_calls=0, approvals=(ApprovalPlace(request.id, PLACE),))
    asking = Asking(desk.approvals, asked_so, WHOSE)
    await Played([*say("Hm"), *end()], tools=tools, request=asked_so, asking=asking).loop.run()
    assert tools.made == []


async def test_nothing_is_called_where_it_cannot_be_told_whether_it_was(tmp_path: Path):
    class Down(Desk):
        async def spend(self, request: str, *, project: str, until: int) -> bool:
            raise StoreUnavailable

    desk, tools = Down(tmp_path), Shop()
    request = await asked(desk, tools)
    played = desk.played(tools=tools, items=(request, yes(request)))
    with pytest.raises(StoreUnavailable):
        await played.loop.run()
    assert tools.made == []
    assert [item.status for item in played.loop.fold.items if isinstance(item, HostedCall)] == ["incomplete"]


async def test_a_run_that_is_stopped_ends_its_approved_calls(desk: Desk):
    class Slow(Shop):
        async def call(self, call: FunctionCall) -> ToolOutcome:
            self.made.append((call.name, call.arguments))
            return await asyncio.Event().wait() or ToolOutcome()

    tools = Slow()
    request = await asked(desk, tools)
    played = desk.played(tools=tools, items=(request, yes(request)))
    running = asyncio.create_task(played.loop.run())
    while not tools.made:  # noqa: ASYNC110
        await asyncio.sleep(0)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert [item.status for item in played.loop.fold.items if isinstance(item, HostedCall)] == ["incomplete"]


ASKED = ApprovalRequest("mcpr_1", "call_1", "shop", "buy", "{}", called="shop__buy")


@pytest.mark.parametrize(
    ("answers", "error"),
    [
        ((), UNANSWERED),
        ((ApprovalResponse("a", "mcpr_1", False),), DENIED),
        ((ApprovalResponse("a", "mcpr_1", True),), NOT_MADE),
    ],
)
def test_what_was_not_made_is_told_as_a_call_that_failed(answers: tuple[Item, ...], error: str):
    (told,) = context_of((ASKED, *answers))
    assert isinstance(told, HostedCall)
    assert (told.tool, told.error) == ("shop__buy", error)


def test_a_context_without_such_items_is_as_it_was():
    items = (Message("m", "user", (Text("Hi"),)),)
    assert context_of(items) is items
