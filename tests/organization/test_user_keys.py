"""`/v1/keys`: users manage their own keys, within what they may do themselves."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import pytest

from tests.support.house import Key, Service
from tests.support.people import key_of_user

SCOPES = ("inference", "agents.read", "keys.create")
projects = (f"team-{number}" for number in range(10_000))


@contextmanager
def client(service: Service, key: Key) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=service.base_url + "/v1", headers=key.headers) as client:
        yield client


@pytest.fixture
def project() -> str:
    return next(projects)


@pytest.fixture
def ann(service: Service, project: str) -> Iterator[httpx.Client]:
    """A member, with a key that may make keys."""
    with client(service, key_of_user(service, project, SCOPES)) as ann:
        yield ann


@pytest.fixture
def bob(service: Service, project: str) -> Iterator[httpx.Client]:
    """Another member of the same project."""
    with client(service, key_of_user(service, project, SCOPES)) as bob:
        yield bob


@pytest.fixture
def boss(service: Service, project: str) -> Iterator[httpx.Client]:
    """The owner of the same project."""
    with client(service, key_of_user(service, project, SCOPES, role="owner")) as boss:
        yield boss


def test_a_user_makes_lists_shows_and_revokes_keys(ann, service):
    made = ann.post("/keys", json={"name": "laptop"}).json()
    assert made["scopes"] == ["inference", "agents.read"]
    assert made["owner"]["user"]["name"] == "Ada"
    own = {"authorization": f"Bearer {made['value']}"}
    assert httpx.get(f"{service.base_url}/v1/models", headers=own).status_code == 200
    assert made["id"] in {key["id"] for key in ann.get("/keys").json()["data"]}
    found = ann.get(f"/keys/{made['id']}").json()
    assert "value" not in found
    assert ann.delete(f"/keys/{made['id']}").json()["deleted"]
    assert httpx.get(f"{service.base_url}/v1/models", headers=own).status_code == 401
    assert ann.get(f"/keys/{made['id']}").status_code == 404


def test_keys_on_the_users_account_share_it_and_one_may_have_its_own(ann):
    first, second = (ann.post("/keys", json={"name": name}).json() for name in ("one", "two"))
    own = ann.post("/keys", json={"name": "three", "account": "own"}).json()
    assert first["account_id"] == second["account_id"] != own["account_id"]


def test_a_key_makes_none_that_may_do_more(ann):
    answer = ann.post("/keys", json={"name": "more", "scopes": ["files"]})
    assert (answer.status_code, answer.json()["error"]["param"]) == (400, "scopes")


def test_a_key_bound_to_agents_and_a_time_binds_those_it_makes(service, project):
    key = key_of_user(service, project, SCOPES)
    record = service.operate(lambda database: database.keys.get(key.id))
    assert record is not None
    bound = service.key(
        scopes=SCOPES, project=project, user=record.user, agents=("agent_demo",), expires_at=2**32
    )
    with client(service, bound) as asker:
        made = asker.post("/keys", json={"name": "bound"}).json()
        assert (made["agents"], made["expires_at"]) == (["agent_demo"], 2**32)
        answer = asker.post("/keys", json={"name": "more", "agents": ["agent_other"]})
        assert (answer.status_code, answer.json()["error"]["param"]) == (400, "agents")


def test_another_users_keys_are_not_there(ann, bob):
    made = ann.post("/keys", json={"name": "mine"}).json()
    assert made["id"] not in {key["id"] for key in bob.get("/keys").json()["data"]}
    for answer in (
        bob.get(f"/keys/{made['id']}"),
        bob.delete(f"/keys/{made['id']}"),
        bob.post(f"/keys/{made['id']}/rotate"),
    ):
        assert answer.status_code == 404


def test_the_owner_of_a_project_sees_and_revokes_every_users_keys(ann, boss):
    made = ann.post("/keys", json={"name": "hers"}).json()
    assert made["id"] in {key["id"] for key in boss.get("/keys").json()["data"]}
    assert boss.post(f"/keys/{made['id']}/rotate").status_code == 403
    assert boss.delete(f"/keys/{made['id']}").status_code == 200


def test_a_user_rotates_a_key(ann, service):
    made = ann.post("/keys", json={"name": "laptop"}).json()
    new = ann.post(f"/keys/{made['id']}/rotate", json={"grace_seconds": 0}).json()
    statuses = [
        httpx.get(f"{service.base_url}/v1/models", headers={"authorization": f"Bearer {secret}"}).status_code
        for secret in (made["value"], new["value"])
    ]
    assert statuses == [401, 200]


def test_a_key_of_nobody_manages_none(service, project):
    with client(service, service.key(scopes=SCOPES, project=project)) as nobody:
        assert nobody.get("/keys").status_code == 403
