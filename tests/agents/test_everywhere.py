"""An agent made over the API is a model wherever one is named, also where nobody asked for it before."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest
from websockets.sync.client import connect

from tests.agents.conftest import MODEL
from tests.support.house import Key, Service
from tests.support.patience import PATIENCE

MESSAGES = [{"role": "user", "content": "Hi"}]
ASKED = {
    "/v1/chat/completions": {"messages": MESSAGES},
    "/v1/responses": {"input": "Hi"},
    "/v1/responses/compact": {"input": MESSAGES},
    "/v1/responses/input_tokens": {"input": "Hi"},
    "/v1/messages": {"messages": MESSAGES, "max_tokens": 100},
    "/v1/messages/count_tokens": {"messages": MESSAGES},
    "/api/agents/v1/responses": {"input": "Hi"},
}


@pytest.fixture
def fresh(service: Service, http: httpx.Client) -> str:
    """The alias of an agent that the service does not remember."""
    alias = f"fresh-{service.port}"
    id = http.post("/v1/agents", json={"model": MODEL, "aliases": [alias]}).json()["id"]
    assert service.house.agents.cache is not None
    service.loop.call_soon_threadsafe(service.house.agents.cache.drop, id)
    return alias


@pytest.mark.parametrize("path", ASKED)
@pytest.mark.parametrize("pinned", ["", "@1"])
def test_it_is_found_where_a_model_is_named(http: httpx.Client, upstream, fresh: str, path: str, pinned: str):
    answer = http.post(path, json={"model": fresh + pinned, **ASKED[path]})
    assert answer.status_code == 200, answer.text
    assert answer.json().get("model", fresh + pinned) == fresh + pinned


def test_it_is_found_on_a_websocket(service: Service, maker: Key, upstream, fresh: str):
    url = service.base_url.replace("http", "ws", 1) + "/v1/responses"
    with connect(url, additional_headers=maker.headers) as socket:
        socket.send(json.dumps({"type": "response.create", "model": fresh, "input": "Hi"}))
        while (event := json.loads(socket.recv(timeout=PATIENCE)))["type"] != "response.completed":
            assert event["type"] not in ("error", "response.failed"), event


def test_many_requests_at_once_find_it(http: httpx.Client, upstream, fresh: str):
    with ThreadPoolExecutor(8) as pool:
        answers = list(
            pool.map(lambda _: http.post("/v1/responses", json={"model": fresh, "input": "Hi"}), range(24))
        )
    assert {answer.status_code for answer in answers} == {200}
