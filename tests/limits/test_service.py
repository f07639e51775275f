"""Limits as callers meet them: exact under load, told in headers, in the error envelope, to the SDK."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from pathlib import Path

import httpx
import openai
import pytest
from websockets.sync.client import connect

from service.app import reload
from specs.limits import KeyRates
from specs.scopes import ADMIN
from tests.limits.conftest import CONFIGURATION
from tests.support.house import ENVIRON, Key, Service, eventually, service_in_thread
from tests.support.patience import PATIENCE

ENDS = ("response.completed", "error")
CHAT = {"model": "agent_demo", "messages": [{"role": "user", "content": "Hello!"}]}


def chat(service: Service, key: Key, **more: object) -> httpx.Response:
    url = service.base_url + "/v1/chat/completions"
    return httpx.post(url, headers=key.headers, json={**CHAT, **more})


def limit(service: Service, key: Key, **rates: int) -> None:
    """Give a key limits of its own, in the running service."""
    house = service.house
    assert service.do(house.key_rates.set(key.id, KeyRates(**rates)))


async def statuses(service: Service, key: Key, number: int) -> Counter[int]:
    """The statuses of so many requests at once."""
    limits = httpx.Limits(max_connections=64)
    async with httpx.AsyncClient(base_url=service.base_url, limits=limits, timeout=60) as client:
        asked = (client.post("/v1/chat/completions", headers=key.headers, json=CHAT) for _ in range(number))
        return Counter(response.status_code for response in await asyncio.gather(*asked))


def test_a_limit_is_exact_under_256_parallel_requests(limited: Service) -> None:
    key = limited.key()
    assert asyncio.run(statuses(limited, key, 256)) == {200: 100, 429: 156}
    assert asyncio.run(statuses(limited, limited.key(), 1)) == {200: 1}


def test_answers_tell_where_their_key_stands(limited: Service) -> None:
    key = limited.key()
    first, second = chat(limited, key), chat(limited, key, stream=True)
    assert first.headers["x-ratelimit-limit-requests"] == "100"
    assert first.headers["x-ratelimit-remaining-requests"] == "99"
    assert first.headers["x-ratelimit-reset-requests"].endswith("s")
    assert second.headers["x-ratelimit-remaining-requests"] == "98"
    assert "x-ratelimit-limit-tokens" not in first.headers


def test_a_failed_request_counts_and_is_told_too(limited: Service) -> None:
    refused = chat(limited, limited.key(), model="agent_none")
    assert (refused.status_code, refused.headers["x-ratelimit-remaining-requests"]) == (404, "99")


def test_a_class_of_its_own_is_refused_in_the_operators_words(limited: Service) -> None:
    key = limited.key()
    asked = [httpx.get(limited.base_url + "/v1/files", headers=key.headers) for _ in range(3)]
    assert [response.status_code for response in asked] == [200, 200, 429]
    error = asked[2].json()["error"]
    assert (error["type"], error["code"]) == ("rate_limit_error", "rate_limit_exceeded")
    assert error["message"] == "Ask Ada for more."
    assert 3500 < int(asked[2].headers["retry-after"]) <= 3600
    assert asked[2].headers["x-ratelimit-remaining-requests"] == "0"
    assert chat(limited, key).status_code == 200


def test_routes_without_a_class_are_not_counted(limited: Service) -> None:
    key = limited.key()
    asked = [httpx.get(limited.base_url + "/v1/models", headers=key.headers) for _ in range(5)]
    assert {response.status_code for response in asked} == {200}
    assert "x-ratelimit-limit-requests" not in asked[0].headers


def test_the_sdk_raises_its_own_error(limited: Service) -> None:
    key = limited.key()
    limit(limited, key, requests_per_minute=0)
    client = openai.OpenAI(base_url=limited.base_url + "/v1", api_key=key.secret, max_retries=0)
    with client, pytest.raises(openai.RateLimitError, match="0 requests per 1m0s"):
        client.responses.create(model="agent_demo", input="Hello!")


def test_a_key_may_have_limits_of_its_own(service: Service) -> None:
    key = service.key()
    assert "x-ratelimit-limit-requests" not in chat(service, key).headers
    limit(service, key, requests_per_minute=2)
    assert [chat(service, key).status_code for _ in range(3)] == [200, 200, 429]
    limit(service, key)
    assert chat(service, key).status_code == 200


def test_a_key_sees_its_own_limits(service: Service) -> None:
    key = service.key()
    limit(service, key, tokens_per_minute=5)
    shown = httpx.get(service.base_url + "/v1/key", headers=key.headers).json()["limits"]
    assert shown == {
        "agents": None,
        "requests_per_minute": None,
        "tokens_per_minute": 5,
        "parallel_runs": None,
    }


def test_used_tokens_are_counted_as_they_were_settled(service: Service) -> None:
    key = service.key()
    limit(service, key, tokens_per_minute=100_000)
    used = chat(service, key, max_completion_tokens=50_000).json()["usage"]["total_tokens"]
    after = chat(service, key, stream=True)
    assert int(after.headers["x-ratelimit-limit-tokens"]) == 100_000
    remaining = int(after.headers["x-ratelimit-remaining-tokens"])
    assert 100_000 - used - 2000 < remaining <= 100_000 - used


def test_a_key_without_tokens_left_is_refused_before_anything_is_spent(service: Service) -> None:
    key = service.key()
    limit(service, key, tokens_per_minute=2000)
    refused = chat(service, key, max_completion_tokens=1999)
    assert refused.status_code == 429
    assert refused.json()["error"]["code"] == "tokens_limit_exceeded"
    assert refused.headers["x-should-retry"] == "false"
    assert key.usage == []
    assert chat(service, key, max_completion_tokens=50).status_code == 200


def test_runs_of_a_key_that_go_on_at_once_are_limited(service: Service) -> None:
    key = service.key()
    limit(service, key, parallel_runs=1)
    url = service.base_url + "/v1/chat/completions"
    body = {**CHAT, "model": "agent_slow", "stream": True}
    with httpx.stream("POST", url, headers=key.headers, json=body) as first:
        assert first.status_code == 200
        refused = chat(service, key)
        assert (refused.status_code, refused.headers["retry-after"]) == (429, "1")
        assert "1 run going on" in refused.json()["error"]["message"]
        assert chat(service, service.key()).status_code == 200
    eventually(lambda: chat(service, key).status_code == 200)


def test_runs_in_the_background_are_counted_from_when_they_are_asked_for(service: Service) -> None:
    key = service.key()
    limit(service, key, parallel_runs=2)
    url = service.base_url + "/v1/responses"
    body = {"model": "agent_slow", "input": "Hello!", "background": True}
    with httpx.Client(headers=key.headers) as client:
        made = [client.post(url, json=body) for _ in range(3)]
        assert [response.status_code for response in made] == [200, 200, 429]
        for response in made[:2]:
            client.post(f"{url}/{response.json()['id']}/cancel")
        assert client.post(url, json={**body, "model": "agent_demo"}).status_code == 200


def test_turns_on_a_websocket_are_counted_one_by_one(service: Service) -> None:
    key = service.key()
    limit(service, key, requests_per_minute=2)
    url = service.base_url.replace("http", "ws") + "/v1/responses"
    turn = json.dumps({"type": "response.create", "model": "agent_demo", "input": "Hello!"})
    with connect(url, additional_headers=key.headers) as socket:
        ends = []
        for _ in range(2):
            socket.send(turn)
            while (event := json.loads(socket.recv(timeout=PATIENCE)))["type"] not in (
                "response.completed",
                "error",
            ):
                pass
            ends.append(event["type"])
    assert ends == ["response.completed", "error"]
    assert event["error"]["code"] == "rate_limit_exceeded"


def test_an_administrator_limits_a_key(service: Service) -> None:
    key, admin = service.key(), service.key(scopes=(ADMIN,))
    project = service.operate(lambda database: database.keys.get(key.id)).project
    url = f"{service.base_url}/v1/organization/projects/{project}/api_keys/{key.id}/limits"
    made = httpx.post(url, headers=admin.headers, json={"requests_per_minute": 1, "parallel_runs": 4})
    assert made.json() == {
        "object": "organization.project.api_key.limits",
        "key_id": key.id,
        "requests_per_minute": 1,
        "tokens_per_minute": None,
        "parallel_runs": 4,
    }
    assert [chat(service, key).status_code for _ in range(2)] == [200, 429]
    httpx.post(url, headers=admin.headers, json={"requests_per_minute": None})
    assert httpx.get(url, headers=admin.headers).json()["requests_per_minute"] is None
    assert httpx.get(url, headers=admin.headers).json()["parallel_runs"] == 4
    assert httpx.get(url.replace("proj_", "proj_x"), headers=admin.headers).status_code == 404
    assert httpx.post(url, headers=admin.headers, json={"requests_per_minute": -1}).status_code == 400


def test_the_usual_limit_of_operations_on_files_holds(service: Service) -> None:
    key = service.key()
    with httpx.Client(base_url=service.base_url, headers=key.headers) as client:
        asked = Counter(client.get("/v1/files").status_code for _ in range(103))
    assert asked == {200: 100, 429: 3}


def test_a_reload_changes_limits(tmp_path: Path) -> None:
    with service_in_thread(CONFIGURATION, tmp_path) as service:
        key, file = service.key(), tmp_path / "dragoman.toml"
        assert chat(service, key).status_code == 200
        file.write_text(CONFIGURATION + '[[limits]]\nclass = "requests"\nmax = 1\n')
        service.do(reload(service.settings, service.server.parts, ENVIRON))
        assert [chat(service, key).status_code for _ in range(2)] == [200, 429]
