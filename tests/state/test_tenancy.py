"""Ids of another project answer as ids that never were, byte for byte, on every route that takes one.

The sweep is made from the router: a route that comes later joins by itself.
"""

from __future__ import annotations

import re
from collections.abc import Callable

import httpx
import pytest
from openai import OpenAI

from service.http.routes import API_HANDLERS
from specs.scopes import ADMIN
from tests.state.test_responses import AGENT
from tests.support.house import Service, eventually
from tests.support.script import Script
from tests.support.upstream import Upstream

PUBLIC_NAMES = {"model"}
"""Ids that name nothing of a project's own making."""
USERS_OWN = {"key_id", "credential_id"}
"""What belongs to a user; `tests/sweeps` has users."""
ROUTES = sorted(
    {
        (method, path)
        for handler in API_HANDLERS
        for path in handler.paths
        for method in handler.http_methods
        if set(re.findall(r"{(\w+):", path)) - PUBLIC_NAMES - USERS_OWN and handler.opt["scope"] != ADMIN
    }
)
"""Administrators see every project."""
BODIES = {
    "/agents/{agent_id:str}": {"name": "x"},
    "/agents/{agent_id:str}/restore": {"version": 1},
    "/assistants/{assistant_id:str}": {"name": "x"},
    "/conversations/{conversation_id:str}": {"metadata": {}},
    "/conversations/{conversation_id:str}/items": {"items": [{"role": "user", "content": "x"}]},
    "/threads/{thread_id:str}": {"metadata": {}},
    "/threads/{thread_id:str}/messages": {"role": "user", "content": "x"},
    "/threads/{thread_id:str}/messages/{message_id:str}": {"metadata": {}},
    "/threads/{thread_id:str}/runs": {"assistant_id": AGENT},
    "/threads/{thread_id:str}/runs/{run_id:str}": {"metadata": {}},
    "/threads/{thread_id:str}/runs/{run_id:str}/submit_tool_outputs": {
        "tool_outputs": [{"tool_call_id": "call_x", "output": "x"}]
    },
    "/uploads/{upload_id:str}/complete": {"part_ids": ["part_x"]},
}


def ids_of(client: OpenAI, upstream: Upstream) -> dict[str, str]:
    """One thing of each kind that a route may name, made by this client."""
    upstream.enqueue(Script(text=("A1",)))
    conversation = client.conversations.create(items=[{"role": "user", "content": "x"}])
    item = client.conversations.items.list(conversation.id).data[0]
    upload = client.uploads.create(bytes=1, filename="a.txt", mime_type="text/plain", purpose="user_data")
    return {
        "assistant_id": client.beta.agents.create(model="local/scripted-1").id,
        "agent_id": client.beta.agents.create(model="local/scripted-1").id,
        "response_id": client.responses.create(model=AGENT, input="Q1").id,
        "conversation_id": conversation.id,
        "item_id": item.id,
        "file_id": client.files.create(file=("a.txt", b"x"), purpose="user_data").id,
        "upload_id": upload.id,
        **in_thread(client),
    }


def in_thread(client: OpenAI) -> dict[str, str]:
    """A thread with all that may be in one."""
    said = {"messages": [{"role": "user", "content": "x"}]}
    asked = {"assistant_id": AGENT, "thread": said}
    run = client.post("/threads/runs", body=asked, cast_to=httpx.Response).json()
    path = f"/threads/{run['thread_id']}"

    def first(list: str) -> str | None:
        found = client.get(f"{path}/{list}", cast_to=httpx.Response).json()["data"]
        return found[0]["id"] if found else None

    steps = f"runs/{run['id']}/steps"
    eventually(lambda: first(steps) is not None, seconds=10)
    return {
        "thread_id": run["thread_id"],
        "run_id": run["id"],
        "message_id": first("messages") or "",
        "step_id": first(steps) or "",
    }


def asked(path: str, ids: dict[str, str]) -> str:
    return re.sub(r"{(\w+):\w+}", lambda name: ids[name[1]], path)


@pytest.mark.parametrize(("method", "path"), ROUTES, ids=[" ".join(route) for route in ROUTES])
def test_a_foreign_id_is_an_unknown_id(
    method, path, service: Service, client: OpenAI, http: httpx.Client, stranger: OpenAI, upstream: Upstream
):
    foreign = ids_of(stranger, upstream)
    unknown = {name: f"{id.partition('_')[0].partition('-')[0]}_none" for name, id in foreign.items()}

    def answer(ids: dict[str, str]) -> tuple[int, bytes]:
        body = {"json": BODIES[path]} if path in BODIES and method == "POST" else {}
        if path.endswith("/parts"):
            body = {"files": {"data": b"x"}}
        found = http.request(method, f"/v1{asked(path, ids)}", **body)
        content = found.content.replace(asked(path, ids).encode(), b"")
        for id in ids.values():
            content = content.replace(id.encode(), b"")
        return found.status_code, content

    assert answer(foreign) == answer(unknown)
    assert answer(foreign)[0] == 404


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
