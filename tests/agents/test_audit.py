"""What becomes of agents is written down in the audit log, with the change."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest

from service.store.access_records import AuditQuery
from tests.agents.conftest import MODEL
from tests.support.house import Service


def told(service: Service, id: str) -> list[tuple[str, dict[str, Any]]]:
    """What the log says of an agent, oldest first."""

    async def find(database) -> list[Any]:
        return [event async for event in database.audit.every(AuditQuery(targets=(id,)))]

    return [(each.type, json.loads(bytes(each.details))) for each in reversed(service.operate(find))]


def made(http: httpx.Client, path: str = "/v1/agents", **fields: object) -> str:
    answer = http.post(path, json={"model": MODEL, **fields})
    assert answer.status_code == 200, answer.text
    return answer.json()["id"]


def test_every_change_of_an_agent_is_told_once(http, service):
    id = made(http, name="Clerk")
    for body in ({"name": "Other"}, {"name": "Other"}, {"sharing": {"visibility": "public"}}):
        assert http.post(f"/v1/agents/{id}", json=body).status_code == 200
    assert http.post(f"/v1/agents/{id}/restore", json={"version": 1}).status_code == 200
    assert http.delete(f"/v1/agents/{id}").status_code == 200
    assert told(service, id) == [
        ("agent.created", {"name": "Clerk", "model": MODEL, "visibility": "private"}),
        ("agent.updated", {"version": 2}),
        ("agent.shared", {"version": 3, "visibility": "public"}),
        ("agent.restored", {"version": 4, "restored": 1}),
        ("agent.deleted", {}),
    ]


def test_a_change_of_an_agent_and_of_its_sharing_is_told_as_both(http, service):
    id = made(http)
    http.post(f"/v1/agents/{id}", json={"name": "A", "sharing": {"visibility": "shared", "projects": ["x"]}})
    assert told(service, id)[1:] == [
        ("agent.updated", {"version": 2}),
        ("agent.shared", {"version": 2, "visibility": "shared", "projects": ["x"]}),
    ]


def test_the_same_is_told_of_assistants(http, service):
    id = made(http, "/v1/assistants")
    http.post(f"/v1/assistants/{id}", json={"name": "Tutor"})
    http.delete(f"/v1/assistants/{id}")
    assert [type for type, _ in told(service, id)] == ["agent.created", "agent.updated", "agent.deleted"]


@pytest.mark.parametrize(
    "body", [{"model": "nobody/nothing"}, {"version": 9, "name": "A"}, {"aliases": ["a b"]}]
)
def test_what_is_refused_is_not_told(http, service, body: dict[str, Any]):
    id = made(http)
    assert http.post(f"/v1/agents/{id}", json=body).status_code in (400, 409)
    assert [type for type, _ in told(service, id)] == ["agent.created"]


def test_it_says_who_it_was(person, service):
    id = made(person)

    async def find(database) -> Any:
        (event,) = [event async for event in database.audit.every(AuditQuery(targets=(id,)))]
        return event

    event = service.operate(find)
    assert event.actor.user == person.get(f"/v1/agents/{id}").json()["owner"]
    assert event.project is not None
