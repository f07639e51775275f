"""Every change of an agent is a version: kept, named, gone back to."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest
from openai import OpenAI

from tests.agents.conftest import MODEL
from tests.support.house import eventually
from tests.support.script import Script
from tests.support.upstream import Upstream


def made(http: httpx.Client, **fields: object) -> dict:
    answer = http.post("/v1/agents", json={"model": MODEL, **fields})
    assert answer.status_code == 200, answer.text
    return answer.json()


def changed(http: httpx.Client, id: str, **fields: object) -> dict:
    answer = http.post(f"/v1/agents/{id}", json=fields)
    assert answer.status_code == 200, answer.text
    return answer.json()


def told(upstream: Upstream, client: OpenAI, model: str) -> str:
    """The instructions a run of this agent begins with."""
    upstream.enqueue(Script(text=("Hello",)))
    client.responses.create(model=model, input="Hi")
    return upstream.exchanges[-1].body["messages"][0]["content"]


def test_every_change_is_a_version_and_nothing_changed_is_none(http: httpx.Client):
    agent = made(http, name="First")
    assert agent["version"] == 1
    assert changed(http, agent["id"], name="Second")["version"] == 2
    assert changed(http, agent["id"], name="Second")["version"] == 2
    assert changed(http, agent["id"], sharing={"visibility": "public"})["version"] == 3
    page = http.get(f"/v1/agents/{agent['id']}/versions").json()
    assert [each["id"] for each in page["data"]] == [f"{agent['id']}@{n}" for n in (3, 2, 1)]
    assert [each["agent"]["name"] for each in page["data"]] == ["Second", "Second", "First"]
    assert all(each["created_by"].startswith("key_") for each in page["data"])


def test_versions_come_in_pages(http: httpx.Client):
    id = made(http)["id"]
    for number in range(4):
        changed(http, id, name=str(number))

    def numbers(**query: object) -> list[int]:
        found = http.get(f"/v1/agents/{id}/versions", params=query).json()  # pyright: ignore[reportArgumentType]
        return [each["version"] for each in found["data"]]

    assert numbers(limit=2) == [5, 4]
    assert numbers(limit=2, after=f"{id}@4") == [3, 2]
    assert numbers(order="asc", after=f"{id}@3") == [4, 5]
    assert http.get(f"/v1/agents/{id}/versions", params={"after": "x"}).json()["error"]["param"] == "after"


def test_a_version_is_gone_back_to_by_a_new_one(http: httpx.Client):
    agent = made(http, name="First", instructions="One.", aliases=[f"alias-{id(http)}"])
    changed(http, agent["id"], instructions="Two.", aliases=[], sharing={"visibility": "public"})
    back = http.post(f"/v1/agents/{agent['id']}/restore", json={"version": 1}).json()
    assert (back["version"], back["instructions"], back["aliases"]) == (3, "One.", agent["aliases"])
    assert back["sharing"]["visibility"] == "public"
    missing = http.post(f"/v1/agents/{agent['id']}/restore", json={"version": 9})
    assert (missing.status_code, missing.json()["error"]["param"]) == (404, "version")


def test_a_request_may_pin_a_version(http: httpx.Client, client: OpenAI, upstream: Upstream):
    id = made(http, instructions="One.")["id"]
    changed(http, id, instructions="Two.")
    assert told(upstream, client, f"{id}@1") == "One."
    assert told(upstream, client, f"{id}@2") == told(upstream, client, id) == "Two."
    assert http.get(f"/v1/agents/{id}@1").json()["instructions"] == "One."
    for odd in ("3", "0", "x", "99999999999999999999"):
        refused = http.post("/v1/responses", json={"model": f"{id}@{odd}", "input": "Hi"})
        assert (refused.status_code, refused.json()["error"]["code"]) == (404, "model_not_found")
        assert http.get(f"/v1/agents/{id}@{odd}").status_code == 404


def test_a_change_shows_in_the_next_request(http: httpx.Client, client: OpenAI, upstream: Upstream):
    id = made(http, instructions="Zero.")["id"]
    for text in ("One.", "Two.", "Three."):
        changed(http, id, instructions=text)
        assert told(upstream, client, id) == text


def test_a_change_may_name_the_version_it_is_made_to(http: httpx.Client):
    id = made(http)["id"]
    assert changed(http, id, name="a", version=1)["version"] == 2
    late = http.post(f"/v1/agents/{id}", json={"name": "b", "version": 1})
    assert (late.status_code, late.json()["error"]["param"]) == (409, "version")


def test_changes_at_the_same_time_are_all_made(http: httpx.Client):
    id = made(http)["id"]
    fields = [{"name": "n"}, {"description": "d"}, {"instructions": "i"}]
    with ThreadPoolExecutor(3) as pool:
        answers = list(pool.map(lambda change: http.post(f"/v1/agents/{id}", json=change), fields))
    assert [answer.status_code for answer in answers] == [200, 200, 200]
    agent = http.get(f"/v1/agents/{id}").json()
    assert [agent[name] for name in ("version", "name", "description", "instructions")] == [4, "n", "d", "i"]


def status(http: httpx.Client, response: str) -> str:
    return http.get(f"/v1/responses/{response}").json()["status"]


@pytest.mark.parametrize("background", [False, True])
def test_a_run_notes_the_version_it_ran(service, http: httpx.Client, upstream: Upstream, background: bool):
    id = made(http)["id"]
    changed(http, id, name="x")
    upstream.enqueue(Script(text=("Hello",)))
    answer = http.post("/v1/responses", json={"model": id, "input": "Hi", "background": background}).json()
    eventually(lambda: status(http, answer["id"]) == "completed")

    async def versions(database) -> list:
        statement = "select agent_version from usage where agent = :agent"
        return await database.reader.rows(statement, {"agent": id})

    assert [version for (version,) in service.operate(versions)] == [2]
