"""Puppets that go on for ever, through themselves, or after their caller has left: all of them end."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import httpx
import pytest
from msgspec import structs

from tests.puppet.plays import FIRST, READ
from tests.puppet.stage import Stage
from tests.support.apis import Api, Responses
from tests.support.exchange import Exchange
from tests.support.hostile_pages import Held, relay_to
from tests.support.house import eventually
from tests.support.puppet import news
from tests.support.script import Script, ToolCall
from tests.support.thread_api import Threads

RESPONSES = Responses()
WITH = Callable[[int], Stage]


@pytest.fixture
def with_nano(stage: Stage) -> Iterator[WITH]:
    """The stage with a key that has so many nano-dollars."""
    with ExitStack() as stack:

        def paying(nano: int) -> Stage:
            key = stage.service.key(nano=nano)
            http = httpx.Client(base_url=stage.service.base_url, headers=key.headers)
            return structs.replace(stage, key=key, http=stack.enter_context(http))

        yield paying


@pytest.fixture
def held(stage: Stage) -> Iterator[Held]:
    """The plot is a note that never comes."""
    page = Held()
    stage.pages.laid["/notes/plot"] = page
    yield page
    page.let_go()


def grow(**fields: object) -> Callable[[Exchange], Script]:
    """A model that asks the service for itself, with twice as much to read each time."""

    def rule(exchange: Exchange) -> Script:
        if exchange.body["messages"][-1]["role"] != "user":
            return Script(text=("Enough.",))
        given = {"model": "agent_self", "input": "".join(news(exchange.body)) * 2, **fields}
        return Script(calls=(ToolCall("ask", (json.dumps(given),)),))

    return rule


def is_quiet(stage: Stage) -> bool:
    """Whether nothing goes on, or waits to."""
    return not stage.service.house.runs.active and stage.key.account.held == 0


def test_one_that_asks_itself_ends_at_the_runs_its_key_may_have(stage: Stage):
    stage.upstream.answer_with(grow())
    stage.pages.laid["/v1/"] = relay_to(stage.service.base_url, stage.key.headers)
    response = stage.ask(RESPONSES, "agent_self", "word ")
    assert RESPONSES.text(response.json()) == "Enough."
    assert len(stage.visits) == 6
    assert any("HTTP 429" in told for told in stage.told(6))
    stage.check(response.text)


def test_one_that_asks_itself_behind_its_own_back_ends_with_the_money(with_nano: WITH):
    stage = with_nano(8_000_000)
    stage.upstream.answer_with(grow(background=True))
    stage.pages.laid["/v1/"] = relay_to(stage.service.base_url, stage.key.headers)
    response = stage.ask(RESPONSES, "agent_self", "word ")
    eventually(lambda: is_quiet(stage))
    assert 1 < len(stage.visits) < 30
    stage.check(response.text)


@pytest.mark.parametrize("stream", [False, True])
def test_one_whose_money_ends_between_two_calls_ends_there(api: Api, stream: bool, with_nano: WITH):
    stage = with_nano(3_000_000)
    stage.pages.laid["/notes/plot"] = READ + "x" * 90_000
    response = stage.ask(api, "agent_reader", READ, stream=stream)
    assert "insufficient_quota" in response.text
    assert stage.places == [FIRST]
    assert len(stage.upstream.exchanges) == 1
    stage.check(response.text)


def test_one_that_waits_for_ever_ends_with_its_time(stage: Stage, held: Held):
    answer = stage.ask(RESPONSES, "agent_one_second", READ).json()
    assert answer["incomplete_details"]["reason"] == "dragoman:max_seconds"
    assert {item["status"] for item in answer["output"]} <= {"incomplete"}
    stage.check()


@pytest.mark.parametrize("agent", ["agent_reader", "agent_two_calls"])
def test_one_whose_caller_has_left_ends(api: Api, agent: str, stage: Stage, held: Held):
    body = {**api.body(agent, READ * 2), "stream": True}
    with stage.http.stream("POST", api.path, json=body) as response:
        pieces = response.iter_raw()
        next(pieces)
        eventually(lambda: len(stage.visits) == 2)
    eventually(lambda: is_quiet(stage))
    held.let_go()
    assert len(stage.upstream.exchanges) == 1
    stage.check()


def test_a_callers_own_bound_holds_on_the_servers_calls(stage: Stage):
    stage.pages.laid["/notes/plot"] = READ
    response = stage.ask(RESPONSES, "agent_reader", READ, max_tool_calls=2)
    assert response.status_code == 200
    assert stage.places == [FIRST] * 2
    stage.check(response.text)


def test_calls_at_once_are_made_one_by_one_where_the_caller_says_so(stage: Stage):
    response = stage.ask(RESPONSES, "agent_reader", READ * 5, parallel_tool_calls=False)
    assert response.status_code == 200
    assert stage.places == [FIRST]
    stage.check(response.text)


@pytest.mark.parametrize("choice", ["none", {"type": "function", "name": "theirs"}])
def test_what_the_caller_rules_out_is_not_called(choice: object, stage: Stage):
    theirs = {"type": "function", "name": "theirs", "parameters": {"type": "object", "properties": {}}}
    response = stage.ask(RESPONSES, "agent_reader", READ, tool_choice=choice, tools=[theirs])
    assert response.status_code == 200
    assert stage.places == []
    stage.check(response.text)


def test_a_run_on_a_thread_goes_no_further(stage: Stage):
    stage.pages.laid["/notes/plot"] = READ
    threads = Threads()
    response = stage.http.post(threads.path, json=threads.body("agent_three_steps", READ))
    assert '"status":"incomplete"' in response.text
    assert stage.places == [FIRST] * 3
    stage.check(response.text)
