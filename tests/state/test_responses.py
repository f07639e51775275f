"""Stored responses over the wire: shown again, deleted, continued. The official SDK is the client."""

from __future__ import annotations

import json

import httpx
import openai
import pytest
from openai import OpenAI

from tests.support.house import Service
from tests.support.response_schemas import OPEN, OPENAI, violations
from tests.support.script import Script, ToolCall
from tests.support.upstream import Upstream
from tests.support.wires.frames import Tokens

AGENT = "agent_answers"
TOOLS = [{"type": "function", "name": "weather", "parameters": {"type": "object", "properties": {}}}]
CALL = Script(calls=(ToolCall(name="weather", arguments='{"city":"Oslo"}'),))


def said(upstream: Upstream, number: int = -1) -> list[str]:
    """The texts of the messages that a request to the upstream held, in order."""
    found: list[str] = []
    for item in upstream.exchanges[number].body["input"]:
        content = item.get("content", item.get("output", item.get("arguments", "")))
        found += [content] if isinstance(content, str) else [part.get("text", "") for part in content]
    return found


@pytest.mark.parametrize("stream", [False, True])
def test_a_response_is_shown_again_as_it_ended(stream, client: OpenAI, upstream: Upstream):
    upstream.enqueue(Script(reasoning=("hm ",), text=("Good ", "day"), usage=Tokens(input=20, output=9)))
    asked = {"model": AGENT, "input": "Hello", "metadata": {"a": "b"}, "reasoning": {"summary": "auto"}}
    if stream:
        with client.responses.stream(**asked) as events:
            ended = events.until_done().get_final_response()
    else:
        ended = client.responses.create(**asked)
    again = client.responses.retrieve(ended.id)
    assert again.to_dict() == client.responses.retrieve(ended.id).to_dict()
    assert again.output_text == "Good day"
    assert again.usage == ended.usage
    assert again.store is True
    assert {**again.to_dict(), "output": None} == {
        **{name: value for name, value in ended.to_dict().items() if name in again.to_dict()},
        "output": None,
    }
    assert violations(OPENAI, again.to_dict()) == []
    assert violations(OPEN, again.to_dict()) == []


def test_nothing_is_stored_where_the_caller_says_so(client: OpenAI, upstream: Upstream):
    upstream.enqueue(Script(text=("Hi",)))
    ended = client.responses.create(model=AGENT, input="Hello", store=False)
    assert ended.store is False
    with pytest.raises(openai.NotFoundError):
        client.responses.retrieve(ended.id)


def test_a_deleted_response_is_gone(client: OpenAI, upstream: Upstream):
    upstream.enqueue(Script(text=("Hi",)))
    ended = client.responses.create(model=AGENT, input="Hello")
    client.responses.delete(ended.id)
    for gone in (client.responses.retrieve, client.responses.delete, client.responses.input_items.list):
        with pytest.raises(openai.NotFoundError):
            gone(ended.id)


def test_sealed_reasoning_is_shown_where_it_is_asked_for(client: OpenAI, upstream: Upstream):
    upstream.enqueue(Script(reasoning=("hm ",), text=("Hi",)))
    ended = client.responses.create(model=AGENT, input="Hello")
    plain = client.responses.retrieve(ended.id)
    sealed = client.responses.retrieve(ended.id, include=["reasoning.encrypted_content"])
    assert "encrypted_content" not in plain.output[0].to_dict()
    assert sealed.output[0].encrypted_content


def test_a_chain_gives_input_output_input_in_order(client: OpenAI, upstream: Upstream):
    upstream.enqueue(Script(text=("A1",)), Script(text=("A2",)), Script(text=("A3",)))
    first = client.responses.create(model=AGENT, input="Q1", instructions="Only here.")
    second = client.responses.create(model=AGENT, input="Q2", previous_response_id=first.id)
    third = client.responses.create(model=AGENT, input="Q3", previous_response_id=second.id)
    assert third.previous_response_id == second.id
    assert said(upstream) == ["Q1", "A1", "Q2", "A2", "Q3"]
    assert "Only here." in upstream.exchanges[0].body["instructions"]
    assert "Only here." not in (upstream.exchanges[1].body.get("instructions") or "")


def test_the_agent_is_implied_by_the_previous_response(client: OpenAI, upstream: Upstream):
    upstream.enqueue(Script(text=("A1",)), Script(text=("A2",)))
    first = client.responses.create(model=AGENT, input="Q1")
    second = client.responses.create(input="Q2", previous_response_id=first.id)
    assert second.model == AGENT
    assert client.responses.retrieve(second.id).model == AGENT


def test_a_chain_may_branch_and_lose_its_parents(client: OpenAI, upstream: Upstream):
    upstream.rule = lambda exchange: Script(text=("A",))
    root = client.responses.create(model=AGENT, input="root")
    left = client.responses.create(model=AGENT, input="left", previous_response_id=root.id)
    right = client.responses.create(model=AGENT, input="right", previous_response_id=root.id)
    client.responses.delete(root.id)
    client.responses.delete(left.id)
    client.responses.create(model=AGENT, input="leaf", previous_response_id=right.id)
    assert said(upstream) == ["root", "A", "right", "A", "leaf"]
    with pytest.raises(openai.NotFoundError):
        client.responses.create(model=AGENT, input="no", previous_response_id=root.id)


def test_a_chain_goes_on_in_the_moment_the_terminal_event_arrives(client: OpenAI, upstream: Upstream):
    upstream.rule = lambda exchange: Script(text=("A",))
    previous = None
    for turn in range(50):
        asked = {"previous_response_id": previous} if previous else {}
        with client.responses.create(model=AGENT, input=f"Q{turn}", stream=True, **asked) as events:
            for event in events:
                if event.type == "response.completed":
                    previous = event.response.id
                    break
    assert said(upstream) == [text for turn in range(50) for text in (f"Q{turn}", "A")][:-1]


def test_a_result_answers_a_call_of_the_turn_before(client: OpenAI, upstream: Upstream):
    upstream.enqueue(CALL, Script(text=("Rain",)))
    called = client.responses.create(model=AGENT, input="Weather?", tools=TOOLS)
    call = called.output[-1]
    result = {"type": "function_call_output", "call_id": call.call_id, "output": "rain"}
    client.responses.create(model=AGENT, input=[result], tools=TOOLS, previous_response_id=called.id)
    assert said(upstream)[-1] == "rain"


def test_a_result_that_answers_no_call_is_refused_by_name(client: OpenAI, upstream: Upstream):
    upstream.enqueue(CALL)
    called = client.responses.create(model=AGENT, input="Weather?", tools=TOOLS)
    result = {"type": "function_call_output", "call_id": "call_none", "output": "rain"}
    for asked in ({}, {"previous_response_id": called.id}):
        with pytest.raises(openai.BadRequestError) as refused:
            client.responses.create(model=AGENT, input=[{"role": "user", "content": "x"}, result], **asked)
        assert refused.value.param == "input[1].call_id"


def test_an_unknown_previous_response_is_named(client: OpenAI, upstream: Upstream):
    with pytest.raises(openai.NotFoundError) as refused:
        client.responses.create(model=AGENT, input="x", previous_response_id="resp_none")
    assert (refused.value.code, refused.value.param) == (
        "previous_response_not_found",
        "previous_response_id",
    )
    assert upstream.exchanges == []


def test_an_item_is_given_again_by_its_id(client: OpenAI, upstream: Upstream):
    upstream.enqueue(Script(text=("A1",)), Script(text=("A2",)))
    first = client.responses.create(model=AGENT, input="Q1")
    named = {"type": "item_reference", "id": first.output[0].id}
    client.responses.create(
        model=AGENT, input=[{"role": "user", "content": "Q0"}, named, {"role": "user", "content": "Q2"}]
    )
    assert said(upstream) == ["Q0", "A1", "Q2"]


def test_an_unknown_item_is_named_by_its_place(client: OpenAI, stranger: OpenAI, upstream: Upstream):
    upstream.enqueue(Script(text=("A1",)))
    theirs = client.responses.create(model=AGENT, input="Q1").output[0].id
    for asking, id in ((client, "msg_none"), (stranger, theirs)):
        with pytest.raises(openai.NotFoundError) as refused:
            asking.responses.create(model=AGENT, input=[{"role": "user", "content": "x"}, {"id": id}])
        assert (refused.value.code, refused.value.param) == ("not_found", "input[1].id")


def test_what_a_response_was_given_is_listed_in_pages(client: OpenAI, upstream: Upstream):
    upstream.enqueue(Script(text=("A1",)), Script(text=("A2",)))
    first = client.responses.create(model=AGENT, input="Q1")
    items = [{"role": "user", "content": f"Q{number}"} for number in range(2, 6)]
    second = client.responses.create(model=AGENT, input=items, previous_response_id=first.id)
    newest = client.responses.input_items.list(second.id, limit=2)
    assert newest.has_more
    texts = [item.content[0].text for item in client.responses.input_items.list(second.id, limit=2)]
    assert texts == ["Q5", "Q4", "Q3", "Q2", "A1", "Q1"]
    oldest = client.responses.input_items.list(second.id, order="asc", limit=4)
    assert [item.content[0].text for item in oldest.data] == ["Q1", "A1", "Q2", "Q3"]
    assert (oldest.data[0].id, oldest.data[-1].id) == (oldest.first_id, oldest.last_id)


@pytest.mark.parametrize(
    ("query", "param"),
    [("limit=0", "limit"), ("limit=101", "limit"), ("order=x", "order"), ("include=x", "include[0]")],
)
def test_a_wrong_page_is_refused_by_name(query, param, client: OpenAI, http, upstream: Upstream):
    upstream.enqueue(Script(text=("A1",)))
    first = client.responses.create(model=AGENT, input="Q1")
    answer = http.get(f"/v1/responses/{first.id}/input_items?{query}")
    assert (answer.status_code, answer.json()["error"]["param"]) == (400, param)


def test_an_incomplete_response_is_stored(client: OpenAI, upstream: Upstream):
    upstream.enqueue(Script(text=("A1",), finish="length"))
    ended = client.responses.create(model=AGENT, input="Q1")
    again = client.responses.retrieve(ended.id)
    assert (again.status, again.incomplete_details.reason) == ("incomplete", "max_output_tokens")


def test_a_failed_response_is_stored_with_its_error(client: OpenAI, upstream: Upstream):
    upstream.enqueue(Script(text=("A1 ", "A2 ", "A3"), cut_after_events=6))
    events = list(client.responses.create(model=AGENT, input="Q1", stream=True))
    assert events[-1].type == "response.failed"
    again = client.responses.retrieve(events[-1].response.id)
    assert (again.status, again.error.code) == ("failed", events[-1].response.error.code)


def test_a_project_may_forbid_storing(service: Service, upstream: Upstream):
    key = service.key(project="forbidden")
    upstream.enqueue(Script(text=("A1",)))
    with OpenAI(base_url=service.base_url + "/v1", api_key=key.secret, max_retries=0) as client:
        ended = client.responses.create(model=AGENT, input="Q1")
        assert ended.store is False
        with pytest.raises(openai.NotFoundError):
            client.responses.retrieve(ended.id)
        with pytest.raises(openai.BadRequestError) as refused:
            client.responses.create(model=AGENT, input="Q1", store=True)
        assert refused.value.param == "store"
        with pytest.raises(openai.PermissionDeniedError):
            client.conversations.create()


CUSTOM = {"type": "custom", "name": "patch", "format": {"type": "text"}}
ALLOWED = {"type": "allowed_tools", "mode": "auto", "tools": [{"type": "function", "name": "weather"}]}
SCHEMA = {"type": "json_schema", "name": "x", "schema": {"type": "object", "b": 1, "a": 2}, "strict": True}


@pytest.mark.parametrize("headers", [{}, {"OpenResponses-Version": "2026-04-24"}], ids=["plain", "strict"])
@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(
    "fields",
    [
        {"tools": [*TOOLS, CUSTOM], "tool_choice": ALLOWED, "parallel_tool_calls": False},
        {"tools": TOOLS, "tool_choice": {"type": "function", "name": "weather"}},
        {"text": {"format": SCHEMA, "verbosity": "low"}, "temperature": 0.5, "max_output_tokens": 99},
        {"include": ["reasoning.encrypted_content"], "reasoning": {"effort": "low", "summary": "auto"}},
        {"metadata": {"a": "b"}, "user": "u", "prompt_cache_key": "k", "instructions": "Be brief."},
    ],
    ids=lambda fields: "+".join(fields),
)
def test_what_is_kept_is_what_was_answered(fields, stream, headers, http: httpx.Client, upstream: Upstream):
    upstream.enqueue(
        Script(reasoning=("hm ",), text=("Hi",), calls=CALL.calls, usage=Tokens(input=20, cached=8, output=9))
    )
    body = {"model": AGENT, "input": "Hello", "stream": stream, **fields}
    answer = http.post("/v1/responses", json=body, headers=headers)
    assert answer.status_code == 200, answer.text
    ended = json.loads(answer.text.split("data: ")[-2])["response"] if stream else answer.json()
    assert http.get(f"/v1/responses/{ended['id']}", headers=headers).json() == ended
