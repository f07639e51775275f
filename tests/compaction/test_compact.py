"""Compaction: a summary by the agent's model, sealed for its project, charged, and taken back."""

from __future__ import annotations

import httpx
import openai
import pytest
from openai import OpenAI

from tests.support.house import Key, Service
from tests.support.openapi import validator
from tests.support.response_schemas import OPEN
from tests.support.script import Script
from tests.support.upstream import Upstream
from tests.support.wires.frames import Tokens

AGENT = "agent_support"
CALL = {"type": "function_call", "call_id": "c1", "name": "look", "arguments": '{"at":"door"}'}
RESULT = {"type": "function_call_output", "call_id": "c1", "output": "it is green"}


def compacted(client: OpenAI, upstream: Upstream, summary: str = "The door is green.") -> list:
    upstream.enqueue(Script(text=(summary,)))
    answer = client.responses.compact(model=AGENT, input="Which colour has the door?")
    return [item.model_dump(exclude_none=True) for item in answer.output]


def sent(upstream: Upstream) -> str:
    return upstream.exchanges[-1].raw.decode()


def test_compact_response(http: httpx.Client):
    body = {
        "model": "agent_standin",
        "input": [{"type": "message", "role": "user", "content": "Remember the word heron."}],
        "prompt_cache_key": "chain-1",
    }
    answer = http.post("/v1/responses/compact", json=body)
    assert answer.status_code == 200, answer.text
    assert answer.json()["object"] == "response.compaction"
    (item,) = answer.json()["output"]
    assert item["type"] == "compaction"
    assert item["id"]
    assert item["encrypted_content"]


def test_compact_missing_model(http: httpx.Client):
    answer = http.post("/v1/responses/compact", json={"input": "Hello"})
    assert answer.status_code == 400
    assert answer.json()["error"]["param"] == "model"


def test_the_answer_is_what_the_document_promises(http: httpx.Client):
    schema = validator("CompactResource", OPEN)
    answer = http.post("/v1/responses/compact", json={"model": AGENT, "input": "Hello"})
    assert [error.message for error in schema.iter_errors(answer.json())] == []


def test_the_sdk_reads_it_and_the_model_reads_the_summary_when_it_comes_back(client, upstream: Upstream):
    window = compacted(client, upstream)
    assert "door" not in window[0]["encrypted_content"]
    client.responses.create(model=AGENT, input=[*window, {"role": "user", "content": "So?"}], store=False)
    messages = upstream.exchanges[-1].body["messages"]
    assert [message["role"] for message in messages] == ["system", "user", "user"]
    assert messages[1]["content"].endswith("The door is green.")


def test_the_model_is_given_the_whole_context_and_no_tools(client: OpenAI, upstream: Upstream):
    first = client.responses.create(model=AGENT, input="The first turn.")
    client.responses.compact(
        model=AGENT, input=[CALL, RESULT], previous_response_id=first.id, instructions="Speak like a pirate."
    )
    for told in ("The first turn.", first.output_text, "look", "it is green", "like a pirate"):
        assert told in sent(upstream)
    assert not upstream.exchanges[-1].body.get("tools")


def test_a_response_that_follows_a_compacted_window_can_be_continued(client: OpenAI, upstream: Upstream):
    window = compacted(client, upstream)
    first = client.responses.create(model=AGENT, input=[*window, {"role": "user", "content": "So?"}])
    client.responses.create(model=AGENT, input="And now?", previous_response_id=first.id)
    assert "The door is green." in sent(upstream)


def test_a_conversation_takes_a_compacted_window(client: OpenAI, upstream: Upstream):
    conversation = client.conversations.create(items=compacted(client, upstream))
    client.responses.create(model=AGENT, input="And now?", conversation=conversation.id)
    assert "The door is green." in sent(upstream)


def test_a_window_is_compacted_again(client: OpenAI, upstream: Upstream):
    client.responses.compact(model=AGENT, input=compacted(client, upstream))
    assert "The door is green." in sent(upstream)


def test_it_is_charged_like_any_call(service: Service, upstream: Upstream):
    key = service.key(dollars=1)
    upstream.enqueue(Script(text=("Short.",), usage=Tokens(input=100, output=10)))
    with httpx.Client(base_url=service.base_url, headers=key.headers) as http:
        body = {"model": AGENT, "input": "Hello"}
        usage = http.post("/v1/responses/compact", json=body).json()["usage"]
    assert (usage["input_tokens"], usage["output_tokens"], usage["total_tokens"]) == (100, 10, 110)
    (row,) = key.usage
    assert row.cost == key.account.settled == 100 * 2_000 + 10 * 8_000
    assert key.account.held == 0


def test_who_cannot_pay_is_refused_before_the_model_is_called(service: Service, upstream: Upstream):
    key = service.key(nano=1)
    with httpx.Client(base_url=service.base_url, headers=key.headers) as http:
        answer = http.post("/v1/responses/compact", json={"model": AGENT, "input": "Hello"})
    assert (answer.status_code, answer.json()["error"]["code"]) == (429, "insufficient_quota")
    assert upstream.exchanges == []


def test_its_id_continues_nothing(client: OpenAI):
    answer = client.responses.compact(model=AGENT, input="Hello")
    with pytest.raises(openai.NotFoundError) as refused:
        client.responses.create(model=AGENT, input="More", previous_response_id=answer.id)
    assert refused.value.code == "previous_response_not_found"


def test_another_project_cannot_open_it(client: OpenAI, service: Service, upstream: Upstream):
    window = compacted(client, upstream)
    key = service.key(project="stranger")
    with OpenAI(base_url=service.base_url + "/v1", api_key=key.secret, max_retries=0) as stranger:
        refuse(stranger, window[0]["encrypted_content"])


@pytest.mark.parametrize("alter", [lambda s: s[:-6], lambda s: s[:20] + "AAAA" + s[24:], lambda s: "x" + s])
def test_an_altered_one_is_refused(alter, client: OpenAI, upstream: Upstream):
    refuse(client, alter(compacted(client, upstream)[0]["encrypted_content"]))


def refuse(client: OpenAI, sealed: str) -> None:
    said = [{"role": "user", "content": "Hi"}, {"type": "compaction", "encrypted_content": sealed}]
    for ask in (
        lambda: client.responses.create(model="agent_standin", input=said),
        lambda: client.responses.compact(model="agent_standin", input=said),
    ):
        with pytest.raises(openai.BadRequestError) as refused:
            ask()
        assert refused.value.param == "input[1].encrypted_content"


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"input": None}, "input"),
        ({"prompt_cache_key": "k" * 65}, "prompt_cache_key"),
        ({"previous_response_id": "resp_unknown"}, "previous_response_id"),
        ({"model": "nobody"}, "model"),
    ],
)
def test_what_is_wrong_is_named(fields: dict, param: str, http: httpx.Client):
    answer = http.post("/v1/responses/compact", json={"model": AGENT, "input": "Hello", **fields})
    assert answer.status_code in (400, 404)
    assert answer.json()["error"]["param"] == param


@pytest.mark.parametrize(
    ("script", "status", "code"),
    [
        (Script(text=("Half of",), finish="length"), 500, "compaction_failed"),
        (Script(text=()), 500, "compaction_failed"),
        (Script(status=400), 400, "upstream_rejected"),
    ],
)
def test_without_a_whole_summary_there_is_no_window(script, status, code, http, key: Key, upstream: Upstream):
    upstream.enqueue(script)
    answer = http.post("/v1/responses/compact", json={"model": AGENT, "input": "Hello"})
    assert (answer.status_code, answer.json()["error"]["code"]) == (status, code)
    assert key.account.held == 0
