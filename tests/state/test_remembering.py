"""Conversations and chains that go on: a model is told what they hold now, whatever is remembered of them."""

from __future__ import annotations

from openai import OpenAI

from tests.state.test_conversations import message
from tests.state.test_responses import AGENT, said
from tests.support.script import Script
from tests.support.upstream import Upstream


def answering(upstream: Upstream) -> None:
    upstream.rule = lambda exchange: Script(text=("A",))


def test_an_item_that_was_taken_out_is_not_said_to_the_model_again(client: OpenAI, upstream: Upstream):
    answering(upstream)
    made = client.conversations.create(items=[message("M0"), message("M1")])
    client.responses.create(model=AGENT, input="Q1", conversation=made.id)
    first = client.conversations.items.list(made.id, order="asc").data[0]
    client.conversations.items.delete(first.id, conversation_id=made.id)
    client.responses.create(model=AGENT, input="Q2", conversation=made.id)
    assert said(upstream) == ["M1", "Q1", "A", "Q2"]


def test_what_was_added_meanwhile_is_said_in_its_place(client: OpenAI, upstream: Upstream):
    answering(upstream)
    made = client.conversations.create()
    for number in range(3):
        client.responses.create(model=AGENT, input=f"Q{number}", conversation=made.id)
        client.conversations.items.create(made.id, items=[message(f"M{number}")])
    client.responses.create(model=AGENT, input="Q3", conversation=made.id)
    assert said(upstream) == ["Q0", "A", "M0", "Q1", "A", "M1", "Q2", "A", "M2", "Q3"]


def test_each_turn_has_its_own_instructions_and_settings(client: OpenAI, upstream: Upstream):
    answering(upstream)
    made = client.conversations.create()
    for words in ("Be brief.", "Be long."):
        client.responses.create(model=AGENT, input="Q", instructions=words, conversation=made.id)
        assert words in upstream.exchanges[-1].body["instructions"]
    assert "Be brief." not in upstream.exchanges[-1].body["instructions"]


def test_a_file_that_was_deleted_is_not_sent_again(client: OpenAI, upstream: Upstream):
    answering(upstream)
    file = client.files.create(file=("a.txt", b"secret"), purpose="user_data")
    given = [{"role": "user", "content": [{"type": "input_file", "file_id": file.id}]}]
    made = client.conversations.create()
    client.responses.create(model=AGENT, input=given, conversation=made.id)
    client.responses.create(model=AGENT, input="Q2", conversation=made.id)
    assert "c2VjcmV0" in str(upstream.exchanges[-1].body)
    client.files.delete(file.id)
    client.responses.create(model=AGENT, input="Q3", conversation=made.id)
    assert "c2VjcmV0" not in str(upstream.exchanges[-1].body)


def test_a_call_and_its_result_are_said_again_in_every_turn(client: OpenAI, upstream: Upstream):
    answering(upstream)
    call = {"type": "function_call", "call_id": "c1", "name": "add", "arguments": "{}"}
    made = client.conversations.create(items=[message("Q0"), call])
    result = {"type": "function_call_output", "call_id": "c1", "output": "3"}
    client.responses.create(model=AGENT, input=[result], conversation=made.id)
    client.responses.create(model=AGENT, input="Q1", conversation=made.id)
    assert said(upstream) == ["Q0", "{}", "3", "A", "Q1"]


def test_chains_that_fork_have_each_their_own_turns(client: OpenAI, upstream: Upstream):
    answering(upstream)
    first = client.responses.create(model=AGENT, input="Q1")
    left = client.responses.create(model=AGENT, input="L", previous_response_id=first.id)
    client.responses.create(model=AGENT, input="R", previous_response_id=first.id)
    assert said(upstream) == ["Q1", "A", "R"]
    client.responses.create(model=AGENT, input="L2", previous_response_id=left.id)
    assert said(upstream) == ["Q1", "A", "L", "A", "L2"]
