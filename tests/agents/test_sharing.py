"""Who sees an agent, who may change it, and who pays."""

from __future__ import annotations

import httpx
import pytest

from tests.agents.conftest import MODEL, SCOPES
from tests.support.house import Service
from tests.support.script import Script
from tests.support.upstream import Upstream


def made(http: httpx.Client, **fields: object) -> str:
    answer = http.post("/v1/agents", json={"model": MODEL, "instructions": "Secret.", **fields})
    assert answer.status_code == 200, answer.text
    return answer.json()["id"]


def share(http: httpx.Client, id: str, **sharing: object) -> None:
    answer = http.post(f"/v1/agents/{id}", json={"sharing": sharing})
    assert answer.status_code == 200, answer.text


def sees(http: httpx.Client, id: str) -> bool:
    """Whether every way to an agent agrees that it is there."""
    listed = id in [agent["id"] for agent in http.get("/v1/agents", params={"limit": 100}).json()["data"]]
    modelled = id in [model["id"] for model in http.get("/v1/models").json()["data"]]
    shown = http.get(f"/v1/agents/{id}").status_code == 200
    found = http.get(f"/v1/models/{id}").status_code == 200
    assert listed == modelled == shown == found
    return shown


def project_of(service: Service, name: str) -> str:
    async def id(database) -> str:
        return (await database.projects.named(name)).id

    return service.operate(id)


def user_of(http: httpx.Client) -> str:
    return http.post("/v1/agents", json={"model": MODEL}).json()["owner"]


def test_all_keys_of_a_project_see_its_agents(http, person, another_person, stranger):
    own, of_project = made(person), made(http)
    for id in (own, of_project):
        assert [sees(client, id) for client in (http, person, another_person, stranger)] == [
            True,
            True,
            True,
            False,
        ]


def test_a_users_private_agent_is_theirs_alone(http, person, another_person, stranger):
    id = made(person, sharing={"visibility": "private"})
    assert [sees(client, id) for client in (http, person, another_person, stranger)] == [
        False,
        True,
        False,
        False,
    ]


def test_an_agent_is_shared_with_projects_by_id_or_name(service, http, stranger):
    id = made(http)
    for name in ("elsewhere", project_of(service, "elsewhere")):
        share(http, id, visibility="shared", projects=[name])
        assert sees(stranger, id)
        share(http, id, visibility="shared", projects=["another"])
        assert not sees(stranger, id)


def test_an_agent_is_shared_with_users(http, person, another_person):
    id = made(person, sharing={"visibility": "shared", "users": [user_of(another_person)]})
    assert [sees(client, id) for client in (http, person, another_person)] == [False, True, True]


def test_a_public_agent_is_seen_until_it_is_not(http, stranger):
    id = made(http, sharing={"visibility": "public"})
    assert sees(stranger, id)
    share(http, id, visibility="private")
    assert not sees(stranger, id)


def test_others_may_use_but_not_look_inside_or_change(service, http, stranger, upstream: Upstream):
    id = made(http, metadata={"a": "b"}, sharing={"visibility": "public"}, aliases=[f"public-{service.port}"])
    seen = stranger.get(f"/v1/agents/{id}").json()
    assert seen["read_only"]
    hidden = ("instructions", "metadata", "aliases", "sharing", "owner", "tool_resources")
    assert [seen[name] for name in hidden] == [None, {}, [], None, None, None]
    assert stranger.post(f"/v1/agents/{id}", json={"name": "x"}).status_code == 403
    assert stranger.delete(f"/v1/agents/{id}").status_code == 403
    assert stranger.post(f"/v1/agents/{id}/restore", json={"version": 1}).status_code == 403
    assert stranger.get(f"/v1/agents/{id}/versions").status_code == 403
    assert stranger.get(f"/v1/agents/{id}@1").status_code == 403
    upstream.enqueue(Script(text=("Hello",)))
    answer = stranger.post("/v1/responses", json={"model": id, "input": "Hi"}).json()
    assert "Secret." not in str(answer)
    assert upstream.exchanges[-1].body["messages"][0]["content"] == "Secret."


def test_an_alias_is_a_name_in_its_own_project_only(service, http, stranger):
    alias = f"taken-{service.port}"
    made(http, aliases=[alias], sharing={"visibility": "public"})
    assert http.get(f"/v1/models/{alias}").status_code == 200
    assert stranger.get(f"/v1/models/{alias}").status_code == 404


def test_whoever_uses_a_shared_agent_pays(service: Service, http, upstream: Upstream):
    id = made(http, sharing={"visibility": "public"})
    payer = service.key(dollars=1, project="elsewhere", scopes=SCOPES)
    upstream.enqueue(Script(text=("Hello",)))
    answer = httpx.post(
        f"{service.base_url}/v1/responses", json={"model": id, "input": "Hi"}, headers=payer.headers
    )
    assert answer.status_code == 200

    async def charged(database) -> list:
        statement = "select project, key from usage where agent = :agent"
        return await database.reader.rows(statement, {"agent": id})

    ((project, key),) = service.operate(charged)
    assert (project, key) == (project_of(service, "elsewhere"), payer.id)


def test_another_user_of_the_project_may_use_but_not_change(person, another_person, http):
    id = made(person)
    assert another_person.get(f"/v1/agents/{id}").json()["instructions"] == "Secret."
    assert another_person.get(f"/v1/agents/{id}").json()["read_only"]
    assert another_person.post(f"/v1/agents/{id}", json={"name": "x"}).status_code == 403
    assert http.post(f"/v1/agents/{id}", json={"name": "x"}).status_code == 200
    assert person.delete(f"/v1/agents/{id}").status_code == 200


def test_a_key_bound_to_agents_sees_those_and_makes_none(service: Service, http, project):
    mine, other = made(http), made(http)
    bound = service.key(project=project, scopes=SCOPES, agents=(mine,))
    with httpx.Client(base_url=service.base_url, headers=bound.headers) as client:
        assert [sees(client, mine), sees(client, other)] == [True, False]
        assert client.get(f"/v1/models/{mine}@1").status_code == 200
        assert client.post("/v1/agents", json={"model": MODEL}).status_code == 403
        assert client.post(f"/v1/agents/{mine}", json={"name": "x"}).status_code == 200


@pytest.mark.parametrize("method", ["POST", "DELETE"])
def test_writing_needs_its_scope(service: Service, http, project, method):
    id = made(http)
    reader = service.key(project=project, scopes=("agents.read",))
    answer = httpx.request(method, f"{service.base_url}/v1/agents/{id}", json={}, headers=reader.headers)
    assert answer.status_code == 403
    seen = httpx.get(f"{service.base_url}/v1/agents/{id}", headers=reader.headers).json()
    assert seen["read_only"]
