"""Control fields end to end: what a caller sets, what the upstream is told, and what the answer says."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest

from tests.support.apis import sse
from tests.support.responses import check_grammar
from tests.support.script import Script, ToolCall
from tests.support.upstream import Upstream
from tests.support.wires.frames import Frame

Json = dict[str, Any]
CHAT, RESPONSES = "/v1/chat/completions", "/v1/responses"
WEATHER = {"type": "function", "name": "weather"}
CLOCK = {"type": "function", "name": "clock"}
CALL = Script(calls=(ToolCall("weather", ('{"city":', '"Oslo"}')),))


def ask(http: httpx.Client, **fields: Any) -> httpx.Response:
    return http.post(RESPONSES, json={"model": "agent_answers", "input": "Hello", **fields})


def chat(http: httpx.Client, **fields: Any) -> httpx.Response:
    messages = [{"role": "user", "content": "Hello"}]
    return http.post(CHAT, json={"model": "agent_answers", "messages": messages, **fields})


def as_chat(tool: Json) -> Json:
    return {"type": "function", "function": {"name": tool["name"]}}


@pytest.mark.parametrize(
    "choice", ["auto", "none", "required", CLOCK, {"type": "allowed_tools", "mode": "auto", "tools": [CLOCK]}]
)
def test_tool_choice_reaches_the_provider_and_is_stated_back(http, upstream: Upstream, choice):
    upstream.enqueue(Script(calls=(ToolCall("clock"),)), Script(text=("Fine",)))
    answer = ask(http, tools=[WEATHER, CLOCK], tool_choice=choice).json()
    sent = upstream.exchanges[0].body
    assert sent.get("tool_choice", "auto") == answer["tool_choice"] == choice
    assert [tool["name"] for tool in sent["tools"]] == ["weather", "clock"]


@pytest.mark.parametrize("choice", ["none", {"type": "allowed_tools", "mode": "auto", "tools": [CLOCK]}])
@pytest.mark.parametrize("agent", ["agent_support", "agent_answers", "agent_letters"])
def test_a_call_that_is_not_allowed_never_reaches_the_client(http, upstream: Upstream, agent, choice):
    upstream.enqueue(CALL, Script(text=("Without ", "it")))
    answer = ask(http, model=agent, tools=[WEATHER, CLOCK], tool_choice=choice).json()
    assert [item["type"] for item in answer["output"]] == ["message"]
    assert answer["output"][0]["content"][0]["text"] == "Without it"
    assert len(upstream.exchanges) == 2


def test_nor_does_it_in_a_stream(http, upstream: Upstream):
    upstream.enqueue(
        Script(text=("Hm",), calls=(ToolCall("weather"), ToolCall("clock", id="call_c"))),
    )
    choice = {"type": "allowed_tools", "mode": "auto", "tools": [CLOCK]}
    body = {"model": "agent_answers", "input": "Hi", "stream": True}
    with http.stream(
        "POST", RESPONSES, json={**body, "tools": [WEATHER, CLOCK], "tool_choice": choice}
    ) as answer:
        events = list(sse(answer))
    check_grammar(events)
    assert [item.get("name") for item in events[-1]["response"]["output"]] == [None, "clock"]


def test_nor_does_it_over_chat(http, upstream: Upstream):
    upstream.enqueue(CALL, Script(text=("Without it",)))
    allowed = {"mode": "auto", "tools": [as_chat(CLOCK)]}
    choice = {"type": "allowed_tools", "allowed_tools": allowed}
    answer = chat(http, tools=[as_chat(WEATHER), as_chat(CLOCK)], tool_choice=choice).json()
    message = answer["choices"][0]["message"]
    assert (message["content"], "tool_calls" in message) == ("Without it", False)


def test_a_choice_may_name_the_agents_own_tool(http):
    answer = ask(http, model="agent_clock", tool_choice=CLOCK).json()
    assert [item["name"] for item in answer["output"]] == ["clock"]


@pytest.mark.parametrize(
    ("choice", "param"),
    [
        ({"type": "function", "name": "odd"}, "tool_choice.name"),
        ({"type": "custom", "name": "odd"}, "tool_choice.name"),
        ({"type": "allowed_tools", "tools": [CLOCK, {**CLOCK, "name": "odd"}]}, "tool_choice.tools[1].name"),
    ],
)
def test_a_choice_of_an_unknown_tool_is_refused_by_name(http, choice, param):
    answer = ask(http, model="agent_clock", tool_choice=choice)
    assert (answer.status_code, answer.json()["error"]["param"]) == (400, param)


def test_a_choice_of_an_unknown_function_is_refused_by_name_over_chat(http):
    choice = {"type": "function", "function": {"name": "odd"}}
    answer = chat(http, model="agent_clock", tool_choice=choice)
    assert (answer.status_code, answer.json()["error"]["param"]) == (400, "tool_choice.function.name")


def test_a_required_call_is_asked_for_again_where_the_server_cannot_force_it(http, upstream: Upstream):
    upstream.enqueue(Script(text=("I would rather talk",)), CALL)
    answer = ask(http, model="agent_unforced", tools=[WEATHER], tool_choice="required").json()
    assert [item["type"] for item in answer["output"]] == ["message", "function_call"]


def test_a_required_call_that_never_comes_is_a_model_error(http, upstream: Upstream):
    upstream.enqueue(*[Script(text=("No",))] * 2)
    answer = ask(http, model="agent_unforced", tools=[WEATHER], tool_choice="required")
    assert (answer.status_code, answer.json()["error"]["type"]) == (500, "model_error")


def test_a_required_call_needs_a_tool(http, upstream: Upstream):
    answer = ask(http, tool_choice="required")
    assert (answer.status_code, answer.json()["error"]["param"]) == (400, "tool_choice")
    assert upstream.exchanges == []


def test_without_parallel_calls_there_is_one(http, upstream: Upstream):
    upstream.enqueue(Script(calls=(ToolCall("weather"), ToolCall("clock", id="call_c"))))
    answer = ask(http, tools=[WEATHER, CLOCK], parallel_tool_calls=False).json()
    assert (len(answer["output"]), answer["parallel_tool_calls"]) == (1, False)
    assert upstream.exchanges[0].body["parallel_tool_calls"] is False


PASSED = {"safety_identifier": "user-1", "prompt_cache_key": "thread-1", "service_tier": "default"}


def test_what_the_provider_knows_is_passed_on(http, upstream: Upstream):
    answer = ask(http, text={"verbosity": "low"}, metadata={"a": "b"}, max_tool_calls=3, **PASSED).json()
    sent = upstream.exchanges[0].body
    assert {name: sent[name] for name in PASSED} == {name: answer[name] for name in PASSED} == PASSED
    assert sent["text"]["verbosity"] == answer["text"]["verbosity"] == "low"
    assert (answer["metadata"], answer["max_tool_calls"]) == ({"a": "b"}, 3)
    assert "metadata" not in sent


def test_what_the_provider_does_not_know_is_warned_about(http, upstream: Upstream):
    answer = ask(http, model="agent_support", safety_identifier="user-1")
    assert "safety_identifier" in answer.headers["x-dragoman-warning"]
    assert "safety_identifier" not in upstream.exchanges[0].body


@pytest.mark.parametrize("tier", ["flex", "priority"])
@pytest.mark.parametrize("send", [ask, chat])
def test_a_service_tier_without_a_price_is_refused(http, upstream: Upstream, send, tier):
    answer = send(http, service_tier=tier)
    assert (answer.status_code, answer.json()["error"]["param"]) == (400, "service_tier")
    assert upstream.exchanges == []


@pytest.mark.parametrize(
    ("metadata", "said"),
    [
        ({str(number): "x" for number in range(17)}, "16 pairs"),
        ({"k" * 65: "x"}, "64"),
        ({"k": "x" * 513}, "512"),
    ],
)
@pytest.mark.parametrize("send", [ask, chat])
def test_metadata_has_limits(http, send, metadata, said):
    error = send(http, metadata=metadata).json()["error"]
    assert error["param"].startswith("metadata")
    assert said in error["message"]


LIKELY = [{"token": "Hi", "logprob": -0.1, "bytes": [72, 105], "top_logprobs": []}]


def measured(frames: list[Frame]) -> list[Frame]:
    """The same answer, its text with log probabilities."""

    def edit(frame: Frame) -> Frame:
        data = frame.data.replace(b'"logprobs":[]', b'"logprobs":' + json.dumps(LIKELY).encode())
        return Frame(data, frame.tokens, frame.text)

    return [edit(frame) for frame in frames]


def test_log_probabilities_come_through(http, upstream: Upstream):
    upstream.enqueue(Script(text=("Hi",), edit=measured))
    answer = ask(http, top_logprobs=2, include=["message.output_text.logprobs"]).json()
    sent = upstream.exchanges[0].body
    assert (sent["top_logprobs"], sent["include"]) == (2, ["message.output_text.logprobs"])
    assert (answer["output"][0]["content"][0]["logprobs"], answer["top_logprobs"]) == (LIKELY, 2)


def test_padding_is_added_only_where_it_was_asked_for(http, upstream: Upstream):
    for path, body in (
        (RESPONSES, {"input": "Hi"}),
        (CHAT, {"messages": [{"role": "user", "content": "Hi"}]}),
    ):
        for padded in (True, False):
            upstream.enqueue(Script(text=("Good ", "day")))
            options = {"stream": True, "stream_options": {"include_obfuscation": padded}}
            with http.stream("POST", path, json={"model": "agent_answers", **body, **options}) as answer:
                found = [event for event in sse(answer) if "obfuscation" in event]
            assert bool(found) is padded, path


def served_as(tier: str) -> Script:
    """An answer that says which class of service it was made with."""

    def edit(frames: list[Frame]) -> list[Frame]:
        said = f'"metadata":{{}},"service_tier":"{tier}"'.encode()
        return [Frame(each.data.replace(b'"metadata":{}', said), each.tokens, each.text) for each in frames]

    return Script(text=("Hi",), edit=edit)


@pytest.mark.parametrize("send", [ask, chat])
def test_the_answer_states_the_service_tier_that_was_used(http, upstream: Upstream, send):
    upstream.enqueue(served_as("flex"))
    assert send(http, service_tier="auto").json()["service_tier"] == "flex"


def test_a_stored_answer_states_it_too(http, upstream: Upstream):
    upstream.enqueue(served_as("flex"))
    answer = ask(http, service_tier="auto").json()
    assert http.get(f"{RESPONSES}/{answer['id']}").json()["service_tier"] == "flex"
