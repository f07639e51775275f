"""Actions called for a model, against a local server."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator

import pytest

from service.egress import Bounds, Door
from service.tools.actions.operations import report_of
from service.tools.actions.tools import ActionTools, Connected
from service.tools.base import Known, NoTools, ToolOutcome
from service.tools.bounded import Bounded, CallBounds
from specs.actions import ActionSpec, ApiKey, Auth, Basic, Bearer, ClientCredentials
from specs.addresses import AddressPolicy, to_place
from specs.items import FunctionCall
from specs.requests import FunctionTool
from specs.secret import Secret
from tests.support.math_action import DOCUMENT, Calculator, calculator

pytestmark = pytest.mark.anyio


@pytest.fixture
async def server() -> AsyncIterator[tuple[Calculator, str]]:
    async with calculator() as running:
        yield running


@pytest.fixture
async def door() -> AsyncIterator[Door]:
    async with Door(AddressPolicy(allow=(to_place("127.0.0.1"),))) as door:
        yield door


def tools(url: str, door: Door, *, auth: Auth | None = None, hosts: tuple[str, ...] = ()) -> ActionTools:
    action = report_of(ActionSpec("math", DOCUMENT.encode(), server=url, auth=auth, hosts=hosts)).action
    assert action is not None
    return ActionTools([Connected(action, door)], door, bounds=Bounds(seconds=10))


def call(name: str = "evaluate", arguments: str = '{"expr":"2+3","precision":null}') -> FunctionCall:
    return FunctionCall("fc", "c", name, arguments)


async def test_a_call_is_a_request_and_its_answer_the_result(server, door):
    calculating, url = server
    offered = tools(url, door)
    assert await offered.call(call()) == ToolOutcome(output='{"result": "5", "error": null}')
    ((path, headers, body),) = calculating.asked
    assert (path, headers["Content-Type"]) == ("/v4/", "application/json")
    assert json.loads(body) == {"expr": "2+3"}
    assert offered.known("evaluate") == Known("math", "evaluate")
    (definition,) = offered.definitions
    assert isinstance(definition, FunctionTool)
    assert (definition.name, definition.strict) == ("evaluate", True)


async def test_a_refusal_is_something_the_model_reads(server, door):
    outcome = await tools(server[1], door).call(call(arguments='{"expr":"two"}'))
    assert outcome.error is not None
    assert outcome.error.startswith("HTTP 400: ")


@pytest.mark.parametrize(
    ("auth", "name", "value"),
    [
        (ApiKey("X-Key", Secret("k")), "x-key", "k"),
        (ApiKey("sid", Secret("k"), "cookie"), "cookie", "sid=k"),
        (Basic("me", Secret("pw")), "authorization", "Basic bWU6cHc="),
        (Bearer(Secret("b")), "authorization", "Bearer b"),
    ],
)
async def test_a_credential_goes_where_it_belongs(server, door, auth, name, value):
    await tools(server[1], door, auth=auth).call(call())
    headers = {key.lower(): each for key, each in server[0].asked[0][1].items()}
    assert headers[name] == value


async def test_a_key_in_the_query_stands_beside_what_is_there(server, door):
    await tools(server[1], door, auth=ApiKey("api key", Secret("k&"), "query")).call(call())
    assert server[0].asked[0][0] == "/v4/?api%20key=k%26"


async def test_a_token_is_fetched_once_for_many_calls(server, door):
    calculating, url = server
    offered = tools(url, door, auth=ClientCredentials(f"{url}/token", "id", Secret("s"), "read"))
    for _ in range(2):
        assert (await offered.call(call())).error is None
    assert [path for path, _, _ in calculating.asked] == ["/token", "/v4/", "/v4/"]
    assert calculating.asked[0][2] == b"grant_type=client_credentials&client_id=id&client_secret=s&scope=read"
    assert calculating.asked[1][1]["Authorization"] == "Bearer t1"


async def test_a_token_that_cannot_be_had_is_told_without_what_was_sent(server, door):
    auth = ClientCredentials("http://127.0.0.1:9/token", "id", Secret("hush"))
    outcome = await tools(server[1], door, auth=auth).call(call())
    assert outcome.error == "The action's authorisation server gave no token."


async def test_a_host_that_is_not_the_actions_is_not_called(server, door):
    outcome = await tools(server[1], door, hosts=("api.example",)).call(call())
    assert outcome.error == "The action may not call this host."
    assert server[0].asked == []


async def test_an_address_that_is_closed_is_not_called(server):
    async with Door(AddressPolicy()) as closed:
        outcome = await tools(server[1], closed).call(call())
    assert outcome.error is not None
    assert server[0].asked == []


@pytest.mark.parametrize(("name", "arguments"), [("other", "{}"), ("evaluate", "["), ("evaluate", '{"x":1}')])
async def test_a_call_that_makes_no_request_is_told_so(server, door, name, arguments):
    outcome = await tools(server[1], door).call(call(name, arguments))
    assert outcome.error is not None
    assert server[0].asked == []


class Slow(NoTools):
    """Answers late, and at length."""

    definitions = (FunctionTool("t"),)

    def __init__(self, seconds: float = 0.0, text: str = "") -> None:
        self.seconds, self.text = seconds, text

    def known(self, name: str) -> Known | None:
        return Known("slow", name)

    async def call(self, call: FunctionCall) -> ToolOutcome:
        import asyncio

        await asyncio.sleep(self.seconds)
        return ToolOutcome(output=self.text)


async def test_a_call_that_takes_too_long_is_given_up():
    outcome = await Bounded(Slow(seconds=60), CallBounds(seconds=0.01)).call(call())
    assert outcome.error == "The call took longer than 0.01 seconds and was given up."


async def test_a_long_result_is_cut_and_says_so():
    outcome = await Bounded(Slow(text="é" * 10), CallBounds(result_bytes=5)).call(call())
    assert outcome.output == "éé\n[cut: 15 of 20 bytes are left out]"


async def test_arguments_that_are_too_long_are_not_passed_on():
    outcome = await Bounded(Slow(seconds=60), CallBounds(argument_bytes=3)).call(call(arguments="{ é}"))
    assert outcome.error == "The arguments have 5 bytes; 3 are allowed."


async def test_what_keeps_within_bounds_passes_as_it_is():
    bounded = Bounded(Slow(text="fine"), CallBounds())
    assert await bounded.call(call()) == ToolOutcome(output="fine")
    assert (bounded.known("t"), bounded.definitions) == (Known("slow", "t"), Slow.definitions)
