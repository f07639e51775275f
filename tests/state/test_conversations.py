"""The Conversations API, and answers that belong to a conversation. The official SDK is the client."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor

import openai
import pytest
from openai import OpenAI

from tests.state.test_responses import AGENT, said
from tests.support.house import Service, eventually
from tests.support.openapi import validator
from tests.support.script import Script
from tests.support.upstream import Upstream


def message(text: str) -> dict[str, str]:
    return {"role": "user", "content": text}


def texts(client: OpenAI, conversation: str, **page) -> list[str]:
    items = client.conversations.items.list(conversation, **({"order": "asc"} | page))
    return [item.content[0].text for item in items]


def test_a_conversation_is_made_shown_changed_and_deleted(client: OpenAI):
    made = client.conversations.create(metadata={"a": "1"}, items=[message("Hello")])
    assert client.conversations.retrieve(made.id) == made
    changed = client.conversations.update(made.id, metadata={"b": "2"})
    assert (changed.metadata, changed.created_at) == ({"b": "2"}, made.created_at)
    deleted = client.conversations.delete(made.id)
    assert (deleted.id, deleted.object, deleted.deleted) == (made.id, "conversation.deleted", True)
    with pytest.raises(openai.NotFoundError):
        client.conversations.retrieve(made.id)


def test_a_conversation_is_made_of_nothing(client: OpenAI, http):
    assert client.conversations.create().metadata == {}
    assert http.post("/v1/conversations").status_code == 200


def test_items_are_added_listed_shown_and_taken_out(client: OpenAI):
    made = client.conversations.create(items=[message("M0")])
    added = client.conversations.items.create(made.id, items=[message("M1"), message("M2")])
    assert [item.content[0].text for item in added.data] == ["M1", "M2"]
    assert texts(client, made.id) == ["M0", "M1", "M2"]
    assert texts(client, made.id, order="desc", limit=1) == ["M2", "M1", "M0"]
    one = client.conversations.items.retrieve(added.first_id, conversation_id=made.id)
    assert one.content[0].text == "M1"
    left = client.conversations.items.delete(added.first_id, conversation_id=made.id)
    assert left.id == made.id
    assert texts(client, made.id) == ["M0", "M2"]
    with pytest.raises(openai.NotFoundError):
        client.conversations.items.retrieve(added.first_id, conversation_id=made.id)


def test_a_list_is_what_the_published_schema_says(client: OpenAI):
    parts = [
        {"type": "input_text", "text": "see"},
        {"type": "input_image", "image_url": "https://example.org/a.png"},
        {"type": "input_file", "file_data": "data:text/plain;base64,aGk=", "filename": "a.txt"},
    ]
    call = {"type": "function_call", "call_id": "c1", "name": "f", "arguments": "{}"}
    result = {"type": "function_call_output", "call_id": "c1", "output": "x"}
    answer = {"role": "assistant", "content": [{"type": "output_text", "text": "a"}], "phase": "commentary"}
    items = [{"role": "user", "content": parts}, answer, call, result]
    made = client.conversations.create(items=items)
    listed = client.conversations.items.list(made.id, order="asc")
    found = [error.message for error in validator("ConversationItemList").iter_errors(listed.to_dict())]
    assert found == []
    assert listed.data[1].phase == "commentary"
    shown = [part.to_dict() for part in listed.data[0].content]
    assert shown == [parts[0], parts[1] | {"detail": "auto"}, parts[2]]


@pytest.mark.parametrize(
    ("body", "param"),
    [
        ({"items": [message("x")] * 21}, "items"),
        ({"items": [{"type": "unheard_of"}]}, "items[0]"),
        ({"metadata": {"k": "v" * 513}}, "metadata.k"),
        ({"items": "x"}, "items"),
    ],
)
def test_a_wrong_conversation_is_refused_by_name(body, param, http):
    answer = http.post("/v1/conversations", json=body)
    assert (answer.status_code, answer.json()["error"]["param"]) == (400, param)


def test_a_response_goes_on_from_its_conversation_and_is_added_to_it(client: OpenAI, upstream: Upstream):
    upstream.enqueue(Script(text=("A1",)), Script(text=("A2",)))
    made = client.conversations.create(items=[message("M0")])
    first = client.responses.create(model=AGENT, input="Q1", conversation=made.id)
    client.responses.create(model=AGENT, input="Q2", conversation={"id": made.id})
    assert first.conversation.id == made.id
    assert client.responses.retrieve(first.id).conversation.id == made.id
    assert said(upstream) == ["M0", "Q1", "A1", "Q2"]
    assert texts(client, made.id) == ["M0", "Q1", "A1", "Q2", "A2"]


def test_a_response_in_a_conversation_can_be_continued_by_its_id(client: OpenAI, upstream: Upstream):
    upstream.rule = lambda exchange: Script(text=("A",))
    made = client.conversations.create(items=[message("M0")])
    first = client.responses.create(model=AGENT, input="Q1", conversation=made.id)
    client.responses.create(model=AGENT, input="Q2", conversation=made.id)
    client.responses.create(model=AGENT, input="other", previous_response_id=first.id)
    assert said(upstream) == ["M0", "Q1", "A", "other"]
    given = client.responses.input_items.list(first.id, order="asc")
    assert [item.content[0].text for item in given] == ["M0", "Q1"]


def test_what_is_not_stored_is_added_all_the_same(client: OpenAI, upstream: Upstream):
    upstream.enqueue(Script(text=("A1",)))
    made = client.conversations.create()
    client.responses.create(model=AGENT, input="Q1", conversation=made.id, store=False)
    assert texts(client, made.id) == ["Q1", "A1"]


def test_conversation_and_previous_response_exclude_each_other(client: OpenAI):
    with pytest.raises(openai.BadRequestError) as refused:
        client.responses.create(model=AGENT, input="x", conversation="conv_x", previous_response_id="resp_x")
    assert refused.value.param == "conversation"


def test_an_unknown_conversation_is_named(client: OpenAI):
    with pytest.raises(openai.NotFoundError) as refused:
        client.responses.create(model=AGENT, input="x", conversation="conv_none")
    assert (refused.value.code, refused.value.param) == ("not_found", "conversation")


def test_one_response_at_a_time_writes_to_a_conversation(client: OpenAI, upstream: Upstream):
    go_on = asyncio.Event()
    upstream.enqueue(Script(text=("A1",), header_delay=go_on), Script(text=("A2",)))
    made = client.conversations.create()
    with ThreadPoolExecutor() as pool:
        slow = pool.submit(client.responses.create, model=AGENT, input="Q1", conversation=made.id)
        eventually(lambda: bool(upstream.exchanges))
        for writing in (
            lambda: client.responses.create(model=AGENT, input="Q2", conversation=made.id),
            lambda: client.conversations.items.create(made.id, items=[message("M")]),
            lambda: client.conversations.delete(made.id),
        ):
            with pytest.raises(openai.ConflictError):
                writing()
        upstream.let(go_on)
        slow.result()
    client.responses.create(model=AGENT, input="Q2", conversation=made.id)
    assert texts(client, made.id) == ["Q1", "A1", "Q2", "A2"]


@pytest.mark.parametrize("spoiled", ["model", "result", "upstream", "cut", "balance"])
def test_the_lock_is_given_back_whatever_goes_wrong(
    spoiled, service: Service, client: OpenAI, upstream: Upstream
):
    made = client.conversations.create()
    asked = {"model": AGENT, "input": "Q1", "conversation": made.id}
    asking = client
    match spoiled:
        case "model":
            asked["model"] = "agent_none"
        case "result":
            asked["input"] = [{"type": "function_call_output", "call_id": "c", "output": ""}]
        case "upstream":
            upstream.enqueue(Script(status=400))
        case "cut":
            upstream.enqueue(Script(text=("A", "B", "C"), cut_after_events=5))
        case "balance":
            asking = OpenAI(base_url=client.base_url, api_key=service.key(nano=1).secret, max_retries=0)
    with pytest.raises(openai.APIStatusError):
        asking.responses.create(**asked)
    upstream.enqueue(Script(text=("A2",)))
    client.responses.create(model=AGENT, input="Q2", conversation=made.id)
    assert texts(client, made.id) == ["Q2", "A2"]


def test_a_client_that_leaves_gives_the_lock_back(client: OpenAI, upstream: Upstream):
    upstream.enqueue(Script(text=("A",) * 3, stall_after_events=5), Script(text=("A2",)))
    made = client.conversations.create()
    with client.responses.create(model=AGENT, input="Q1", conversation=made.id, stream=True) as events:
        next(iter(events))

    def free() -> bool:
        try:
            client.responses.create(model=AGENT, input="Q2", conversation=made.id)
        except openai.ConflictError:
            return False
        return True

    eventually(free)
    assert texts(client, made.id) == ["Q2", "A2"]


def test_a_page_after_an_item_that_is_not_there_is_refused(client: OpenAI):
    made = client.conversations.create()
    with pytest.raises(openai.NotFoundError) as refused:
        client.conversations.items.list(made.id, after="msg_none")
    assert refused.value.param == "after"
