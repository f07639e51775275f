"""Whole and streamed answers, over every API and every upstream wire."""

from __future__ import annotations

import httpx
import pytest

from tests.support.apis import Api, sse
from tests.support.house import Key
from tests.support.script import Script, ToolCall
from tests.support.upstream import Upstream
from tests.support.wires.frames import Tokens

AGENTS = ("agent_support", "agent_answers", "agent_letters")
WEATHER = {"name": "weather", "parameters": {"type": "object", "properties": {"city": {"type": "string"}}}}


@pytest.mark.parametrize("agent", AGENTS)
def test_a_whole_answer_carries_text_and_the_upstreams_usage(api: Api, agent, http, upstream: Upstream):
    upstream.enqueue(Script(text=("Good ", "day"), usage=Tokens(input=21, cached=5, output=9)))
    answer = http.post(api.path, json=api.body(agent, "Hello")).raise_for_status().json()
    assert api.text(answer) == "Good day"
    assert api.usage(answer) == (21, 5, 9)
    assert answer["model"] == agent


@pytest.mark.parametrize("agent", AGENTS)
def test_a_streamed_answer_has_the_same_text_and_completes(api: Api, agent, http, upstream: Upstream):
    upstream.enqueue(Script(text=("Good ", "day")))
    with http.stream("POST", api.path, json={**api.body(agent, "Hello"), "stream": True}) as response:
        events = list(sse(response))
    assert response.headers["content-type"].startswith("text/event-stream")
    assert "".join(api.delta(event) for event in events) == "Good day"
    assert api.ended(events) == "completed"


@pytest.mark.parametrize("agent", AGENTS)
def test_the_callers_tools_round_trip(api: Api, agent, http, upstream: Upstream):
    upstream.enqueue(
        Script(calls=(ToolCall("weather", ('{"city":', '"Oslo"}')), ToolCall("weather", ("{}",)))),
        Script(text=("Sunny",)),
    )
    body = api.body(agent, "Weather?", tools=(WEATHER,))
    answer = http.post(api.path, json=body).raise_for_status().json()
    assert api.calls(answer) == [("weather", '{"city":"Oslo"}'), ("weather", "{}")]
    follow_up = http.post(api.path, json=api.after_tools(agent, answer, "21 °C")).raise_for_status().json()
    assert api.text(follow_up) == "Sunny"
    assert upstream.exchanges[1].raw.decode().count("21 °C") == 2


@pytest.mark.parametrize("name", ["agent_support", "gpt-4o-mini", "local/scripted-1", "gpt-4-turbo"])
def test_an_agent_answers_to_its_id_its_alias_and_a_mapped_name(api: Api, name, http, upstream: Upstream):
    assert http.post(api.path, json=api.body(name, "Hello")).raise_for_status().json()["model"] == name


def test_the_agents_instructions_settings_and_ceiling_reach_the_upstream(api: Api, http, upstream: Upstream):
    http.post(api.path, json=api.body("agent_support", "Hello", cap=9000)).raise_for_status()
    sent = upstream.exchanges[0].body
    assert sent["messages"][0]["content"] == "Be brief."
    assert sent["temperature"] == 0.2
    assert {sent.get("max_tokens"), sent.get("max_completion_tokens")} - {None} == {4000}


def test_the_model_that_served_and_what_was_changed_are_in_headers(api: Api, http, upstream: Upstream):
    response = http.post(api.path, json=api.body("agent_support", "Hello", cap=9000))
    assert response.headers["x-dragoman-model"] == "local/scripted-1"
    assert "lowered from 9000" in response.headers["x-dragoman-warning"]
    assert response.headers["x-request-id"]


def test_a_long_answer_that_was_cut_by_its_cap_is_incomplete(api: Api, http, upstream: Upstream):
    upstream.enqueue(Script(text=("Good ",), finish="length"))
    with http.stream("POST", api.path, json={**api.body("agent_support", "Hi"), "stream": True}) as response:
        assert api.ended(list(sse(response))) == "incomplete"


def test_librechats_path_serves_the_same(api: Api, http, upstream: Upstream):
    path = "/api/agents" + api.path
    assert http.post(path, json=api.body("agent_support", "Hello")).status_code == 200


def test_frames_are_whole_lf_only_and_end_as_the_api_ends(api: Api, http, upstream: Upstream):
    with http.stream("POST", api.path, json={**api.body("agent_support", "Hi"), "stream": True}) as response:
        raw = b"".join(response.iter_raw())
    assert b"\r" not in raw
    assert raw.endswith(api.end)
    assert response.headers["cache-control"] == "no-cache, no-transform"
    assert response.headers["x-accel-buffering"] == "no"


def test_a_quiet_start_is_waited_for(api: Api, key: Key, service, upstream: Upstream):
    upstream.enqueue(Script(header_delay=0.2))
    body = {**api.body("agent_answers", "Hi"), "stream": True}
    with httpx.stream("POST", service.base_url + api.path, headers=key.headers, json=body) as response:
        assert response.status_code == 200
        assert api.ended(list(sse(response))) == "completed"
