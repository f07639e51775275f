"""Ids of another project in what is sent answer as ids that never were, byte for byte; those in paths are
swept in `tests/sweeps`."""

from __future__ import annotations

from collections.abc import Callable

import httpx
import pytest
from openai import OpenAI

from tests.state.test_responses import AGENT
from tests.support.script import Script
from tests.support.upstream import Upstream


def ids_of(client: OpenAI, upstream: Upstream) -> dict[str, str]:
    """One thing of each kind that a request may name, made by this client."""
    upstream.enqueue(Script(text=("A1",)))
    conversation = client.conversations.create(items=[{"role": "user", "content": "x"}])
    return {
        "response_id": client.responses.create(model=AGENT, input="Q1").id,
        "conversation_id": conversation.id,
        "item_id": client.conversations.items.list(conversation.id).data[0].id,
        "file_id": client.files.create(file=("a.txt", b"x"), purpose="user_data").id,
    }


NAMED: dict[str, Callable[[dict[str, str]], dict[str, object]]] = {
    "previous_response_id": lambda ids: {"previous_response_id": ids["response_id"], "input": "x"},
    "conversation": lambda ids: {"conversation": ids["conversation_id"], "input": "x"},
    "item_reference": lambda ids: {"input": [{"type": "item_reference", "id": ids["item_id"]}]},
    "file_id": lambda ids: {
        "input": [{"role": "user", "content": [{"type": "input_file", "file_id": ids["file_id"]}]}]
    },
}


@pytest.mark.parametrize("name", NAMED)
def test_a_foreign_id_in_a_request_is_an_unknown_id(
    name, client: OpenAI, http: httpx.Client, stranger: OpenAI, upstream: Upstream
):
    foreign = ids_of(stranger, upstream)
    unknown = {name: f"{id[:5]}none" for name, id in foreign.items()}
    upstream.exchanges.clear()

    def answer(ids: dict[str, str]) -> tuple[int, bytes]:
        found = http.post("/v1/responses", json={"model": AGENT, **NAMED[name](ids)})
        content = found.content
        for id in ids.values():
            content = content.replace(id.encode(), b"")
        return found.status_code, content

    assert answer(foreign) == answer(unknown)
    assert answer(foreign)[0] == 404
    assert upstream.exchanges == []


def test_an_item_of_another_conversation_is_no_item_of_this_one(client: OpenAI, http: httpx.Client):
    mine = client.conversations.create(items=[{"role": "user", "content": "x"}])
    item = client.conversations.items.list(mine.id).data[0].id
    other = client.conversations.create()
    for method in ("GET", "DELETE"):
        assert http.request(method, f"/v1/conversations/{other.id}/items/{item}").status_code == 404
    assert client.conversations.items.retrieve(item, conversation_id=mine.id).id == item
