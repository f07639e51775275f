"""Servers that ask the model of a run: only where their operator lets them, at the run's expense, within
its limits, and told nothing of it."""

from __future__ import annotations

import json
from collections.abc import Iterator

import httpx
import pytest
from msgspec import structs

from tests.mcp.shop import Shop
from tests.support.house import Key, Service, eventually, service_in_thread
from tests.support.script import ErrorBody, Script, ToolCall
from tests.support.upstream import Upstream
from tests.support.wires.frames import Tokens

CONFIG = """
[egress]
allow = ["127.0.0.1"]
[providers.local]
kind = "openai-compatible"
base_url = "{upstream}/v1"
[providers.local.prices."m"]
input = 1.0
output = 2.0
[mcp.shop]
url = "{shop}"
sampling_calls = 2
[mcp.mute]
url = "{shop}"
[[agents]]
id = "agent_asked"
model = "local/m"
mcp = ["shop"]
instructions = "The house's own instructions."
limits = {{ max_output_tokens = 40 }}
[[agents]]
id = "agent_poor"
model = "local/m"
mcp = ["shop"]
limits = {{ max_cost_usd = 0.003 }}
[[agents]]
id = "agent_mute"
model = "local/m"
mcp = ["mute"]
"""


@pytest.fixture(scope="module")
def service(
    running_shop: tuple[Shop, str], shared_upstream: Upstream, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Service]:
    config = CONFIG.format(upstream=shared_upstream.base_url, shop=running_shop[1])
    with service_in_thread(config, tmp_path_factory.mktemp("sampling")) as service:
        yield service


@pytest.fixture
def shop(running_shop: tuple[Shop, str]) -> Shop:
    running_shop[0].advice.clear()
    return running_shop[0]


@pytest.fixture(autouse=True)
def books_add_up(service: Service) -> Iterator[None]:
    yield
    assert service.broken() == []


def advise(about: str, server: str = "shop") -> Script:
    """The model has the server advise."""
    return Script(calls=(ToolCall(f"{server}__advise", (json.dumps({"about": about}),)),))


def ask(http: httpx.Client, agent: str = "agent_asked") -> httpx.Response:
    """One request."""
    return http.post("/v1/responses", json={"model": agent, "input": "A secret question"})


def test_a_server_is_answered_by_the_runs_model_and_the_run_pays(
    http: httpx.Client, key: Key, upstream: Upstream, shop: Shop
) -> None:
    upstream.enqueue(
        advise("figs pears"), Script(text=("Ripe",)), Script(text=("Hard",)), Script(text=("So.",))
    )
    answer = ask(http).json()
    assert shop.advice == ["Ripe", "Hard"]
    (call,) = [item for item in answer["output"] if item["type"] == "mcp_call"]
    assert call["output"] == "advised Hard"
    assert sorted((row.step, row.attempt) for row in key.usage) == [(0, 1), (0, 2), (0, 3), (1, 1)]
    assert answer["usage"]["input_tokens"] == sum(row.usage.input or 0 for row in key.usage)


def test_a_server_learns_nothing_of_the_conversation(
    http: httpx.Client, upstream: Upstream, shop: Shop
) -> None:
    upstream.enqueue(advise("figs"), Script(text=("Ripe",)), Script(text=("So.",)))
    ask(http)
    sampled = upstream.exchanges[1].body
    assert sampled["messages"] == [
        {"role": "system", "content": "Advise."},
        {"role": "user", "content": "figs"},
    ]
    assert "tools" not in sampled


def test_the_agents_limit_for_an_answer_holds_for_it_too(
    http: httpx.Client, upstream: Upstream, shop: Shop
) -> None:
    upstream.enqueue(advise("figs"), Script(text=("Ripe",)), Script(text=("So.",)))
    ask(http)
    sampled = upstream.exchanges[1].body
    assert 40 in (sampled.get("max_tokens"), sampled.get("max_completion_tokens"))


def test_it_is_answered_only_as_often_as_the_operator_lets_it(
    http: httpx.Client, upstream: Upstream, shop: Shop
) -> None:
    words = [Script(text=(word,)) for word in ("one", "two")]
    upstream.enqueue(advise("a b c"), *words, Script(text=("So.",)))
    answer = ask(http).json()
    (call,) = [item for item in answer["output"] if item["type"] == "mcp_call"]
    assert "cannot be asked for more" in call["error"]["content"][0]["text"]
    assert shop.advice == ["one", "two"]
    assert len(upstream.exchanges) == 4


def test_what_the_agents_limit_leaves_no_money_for_is_not_asked(
    http: httpx.Client, upstream: Upstream, shop: Shop
) -> None:
    dear = structs.replace(advise("figs"), usage=Tokens(input=10, output=1450))
    upstream.enqueue(dear)
    answer = ask(http, "agent_poor").json()
    assert (answer["status"], answer["incomplete_details"]) == (
        "incomplete",
        {"reason": "dragoman:budget_exhausted"},
    )
    assert (shop.advice, len(upstream.exchanges)) == ([], 1)


def test_a_server_that_may_not_ask_is_refused(http: httpx.Client, upstream: Upstream, shop: Shop) -> None:
    upstream.enqueue(advise("figs", server="mute"), Script(text=("So.",)))
    answer = ask(http, "agent_mute").json()
    (call,) = [item for item in answer["output"] if item["type"] == "mcp_call"]
    assert call["error"]
    assert (shop.advice, len(upstream.exchanges)) == ([], 2)


def test_a_model_that_fails_is_told_without_its_words(
    http: httpx.Client, upstream: Upstream, shop: Shop
) -> None:
    failed = Script(status=400, error=ErrorBody("the key sk-123 is wrong"))
    upstream.enqueue(advise("figs"), failed, Script(text=("So.",)))
    answer = ask(http).json()
    assert answer["status"] == "completed"
    assert "sk-123" not in json.dumps(answer)


def test_a_caller_who_leaves_ends_what_is_asked_and_all_of_it_is_settled(
    service: Service, key: Key, upstream: Upstream, shop: Shop
) -> None:
    upstream.enqueue(advise("figs"), Script(text=("Ripe",) * 50, stall_after_events=3))
    body = {"model": "agent_asked", "input": "Hello!", "stream": True}
    url = f"{service.base_url}/v1/responses"
    with httpx.stream("POST", url, json=body, headers=key.headers, timeout=30) as response:
        assert response.status_code == 200
        eventually(lambda: len(upstream.exchanges) == 2)
    eventually(lambda: not service.house.runs.active)
    eventually(lambda: len(key.usage) == 2)
    assert service.broken() == []
    upstream.release()
