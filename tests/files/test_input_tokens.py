"""How many tokens an input has: by the provider's counter, else by ours, which says so."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import openai
import pytest
from openai import OpenAI

from tests.support.house import Key
from tests.support.openapi import validator
from tests.support.upstream import Upstream

URL = "/v1/responses/input_tokens"
TOOL = {"type": "function", "name": "look", "parameters": {"type": "object", "properties": {}}}


@pytest.fixture
def counter(upstream: Upstream) -> Iterator[Upstream]:
    """An upstream that counts."""
    upstream.count = 123
    upstream.counted.clear()
    yield upstream
    upstream.count = None


@pytest.mark.parametrize("agent", ["agent_answers", "agent_letters"])
def test_the_provider_counts_where_it_can(agent: str, client: OpenAI, counter: Upstream):
    counted = client.responses.input_tokens.count(model=agent, input="Hello", tools=[TOOL])  # type: ignore[list-item]
    assert (counted.object, counted.input_tokens) == ("response.input_tokens", 123)
    assert counted.to_dict()["estimated"] is False
    (asked,) = counter.counted
    assert asked["model"] == "scripted-1"
    assert asked["tools"]
    assert not {"stream", "store", "max_tokens", "max_output_tokens", "include"} & asked.keys()


@pytest.mark.parametrize("agent", ["agent_answers", "agent_letters", "agent_support"])
def test_we_count_where_it_cannot_and_say_so(agent: str, http: httpx.Client, upstream: Upstream):
    counted = http.post(URL, json={"model": agent, "input": "The door is green. " * 100})
    validator("TokenCountsResource").validate(counted.json())
    assert counted.json()["estimated"] is True
    assert 400 <= counted.json()["input_tokens"] <= 800
    assert "input_tokens" in counted.headers["x-dragoman-warning"]


def test_what_was_left_out_of_the_input_is_said_too(http: httpx.Client, counter: Upstream):
    counted = http.post(URL, json={"model": "agent_answers", "input": "Hello", "moderation": {"model": "m"}})
    assert "moderation" in counted.headers["x-dragoman-warning"]
    assert "estimate" not in counted.headers["x-dragoman-warning"]


def test_nothing_runs_and_nothing_is_charged(http: httpx.Client, key: Key, counter: Upstream):
    assert http.post(URL, json={"model": "agent_answers", "input": "Hello"}).status_code == 200
    assert counter.exchanges == []
    assert key.account.settled == 0


def test_what_the_request_goes_on_from_counts(client: OpenAI, upstream: Upstream):
    long = client.responses.create(model="agent_answers", input="The door is green. " * 100)
    counted = client.responses.input_tokens.count(
        model="agent_answers", input="And now?", previous_response_id=long.id
    )
    assert counted.input_tokens > 400


def test_a_stored_file_counts(client: OpenAI, upstream: Upstream):
    file = client.files.create(file=("a.txt", b"The door is green. " * 100), purpose="user_data")
    part = {"type": "input_file", "file_id": file.id}
    counted = client.responses.input_tokens.count(
        model="agent_answers",
        input=[{"role": "user", "content": [part]}],  # type: ignore[list-item]
    )
    assert counted.input_tokens > 400
    part["file_id"] = "file-absent"
    with pytest.raises(openai.NotFoundError) as caught:
        client.responses.input_tokens.count(
            model="agent_answers",
            input=[{"role": "user", "content": [part]}],  # type: ignore[list-item]
        )
    assert caught.value.param == "input[0].content[0].file_id"


def test_a_conversation_stays_free_for_others(client: OpenAI, upstream: Upstream):
    conversation = client.conversations.create(
        items=[{"role": "user", "content": "Hello", "type": "message"}]
    )
    for _ in range(2):
        client.responses.input_tokens.count(
            model="agent_answers", input="And now?", conversation=conversation.id
        )
    assert client.responses.create(
        model="agent_answers", input="And now?", conversation=conversation.id
    ).output_text


@pytest.mark.parametrize(
    ("body", "status", "param"),
    [
        ({"model": "agent_x", "input": "Hi"}, 404, "model"),
        ({"input": "Hi"}, 400, "model"),
        ({"model": "agent_answers"}, 400, "input"),
        (
            {"model": "agent_answers", "input": "Hi", "previous_response_id": "resp_x"},
            404,
            "previous_response_id",
        ),
    ],
)
def test_what_is_wrong_is_named(body: dict, status: int, param: str, http: httpx.Client):
    refused = http.post(URL, json=body)
    assert (refused.status_code, refused.json()["error"]["param"]) == (status, param)
