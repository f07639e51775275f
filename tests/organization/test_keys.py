"""Keys: what their owners leave them, their rotation, revocation and last use."""

from __future__ import annotations

import time

import httpx
import pytest

from service.http import auth
from service.store.keys import RECALL_SECONDS
from tests.support.house import Key, Service, eventually
from tests.support.people import key_of_user

ALL = ("inference", "agents.read", "files", "conversations", "assistants", "agents.write", "keys.create")


def status(service: Service, secret: str, path: str = "/v1/models") -> int:
    return httpx.get(service.base_url + path, headers={"authorization": f"Bearer {secret}"}).status_code


def shown(service: Service, secret: str) -> dict:
    headers = {"authorization": f"Bearer {secret}"}
    return httpx.get(f"{service.base_url}/v1/key", headers=headers).json()


def of_user(service: Service, admin: httpx.Client, key: Key) -> tuple[str, str]:
    """The project and the user of a key."""
    record = service.operate(lambda database: database.keys.get(key.id))
    assert record is not None
    assert record.user is not None
    return record.project, record.user


@pytest.fixture
def made(admin: httpx.Client) -> dict:
    """A key of a project of its own, with its secret."""
    project = admin.post("/organization/projects", json={"name": f"keys {time.time_ns()}"}).json()
    return admin.post(f"/organization/projects/{project['id']}/api_keys", json={"name": "ci"}).json()


def path_of(key: dict) -> str:
    return f"/organization/projects/{key['project_id']}/api_keys/{key['id']}"


def test_a_new_key_has_the_data_scopes(made):
    assert made["scopes"] == ["inference", "agents.read", "files", "conversations", "assistants"]
    assert made["owner"] == {"type": None, "user": None, "service_account": None}


@pytest.mark.parametrize(
    ("body", "param"),
    [
        ({"name": "x", "scopes": ["admin"]}, "scopes[0]"),
        ({"name": "x", "scopes": []}, "scopes"),
        ({"name": "x", "scopes": ["keys.create"]}, "scopes"),
        ({"name": "\n"}, "name"),
        ({"name": ""}, "name"),
        ({}, "name"),
        ({"name": "x", "balance": "1", "unlimited": True}, "balance"),
        ({"name": "x", "balance": "-1"}, "balance"),
        ({"name": "x", "user_id": "a", "service_account_id": "b"}, "user_id"),
        ({"name": "x", "expires_in_seconds": 0}, "expires_in_seconds"),
        ({"name": "x", "account_id": "acct_1", "balance": "1"}, "account_id"),
    ],
)
def test_a_wish_that_cannot_be_granted_names_its_field(admin, made, body, param):
    answer = admin.post(f"/organization/projects/{made['project_id']}/api_keys", json=body)
    assert (answer.status_code, answer.json()["error"]["param"]) == (400, param)


def test_a_key_has_what_its_role_allows_and_follows_it(service, admin):
    key = key_of_user(service, "roles", ALL, role="member")
    project, user = of_user(service, admin, key)
    path = f"/organization/projects/{project}/users/{user}"
    assert set(shown(service, key.secret)["scopes"]) == set(ALL)
    admin.post(path, json={"role": "viewer"}).raise_for_status()
    assert set(shown(service, key.secret)["scopes"]) == {"agents.read", "keys.create"}
    assert status(service, key.secret, "/v1/files") == 403
    admin.delete(path).raise_for_status()
    assert status(service, key.secret) == 403
    admin.post(f"/organization/projects/{project}/users", json={"user_id": user, "role": "member"})
    assert status(service, key.secret) == 200


def test_permissions_are_off_until_they_are_granted(service, admin):
    key = key_of_user(service, "permissions", ALL, permissions=())
    _, user = of_user(service, admin, key)
    path = f"/organization/users/{user}"
    answer = httpx.get(f"{service.base_url}/v1/models", headers=key.headers)
    assert (answer.status_code, "keys.use" in answer.text) == (403, True)
    admin.post(path, json={"permissions": ["keys.use"]}).raise_for_status()
    assert status(service, key.secret) == 200
    assert status(service, key.secret, "/v1/keys") == 403
    admin.post(path, json={"permissions": ["keys.use", "keys.create"]}).raise_for_status()
    assert status(service, key.secret, "/v1/keys") == 200
    admin.post(path, json={"permissions": []}).raise_for_status()
    assert status(service, key.secret) == 403


def test_an_owner_of_the_organization_needs_no_permission(service):
    key = key_of_user(service, "owners", (*ALL, "admin"), organization_role="owner", permissions=())
    assert status(service, key.secret, "/v1/organization/projects") == 200


def test_a_deleted_users_keys_are_refused_for_good(service, admin):
    key = key_of_user(service, "deleted", ALL)
    _, user = of_user(service, admin, key)
    admin.delete(f"/organization/users/{user}").raise_for_status()
    assert status(service, key.secret) == 401


def test_an_archived_projects_keys_are_refused_and_no_others_are_made(service, admin, made):
    admin.post(f"/organization/projects/{made['project_id']}/archive").raise_for_status()
    assert status(service, made["value"]) == 401
    answer = admin.post(f"/organization/projects/{made['project_id']}/api_keys", json={"name": "late"})
    assert (answer.status_code, answer.json()["error"]["param"]) == (400, "project_id")


def test_a_rotated_key_opens_with_both_secrets_until_the_grace_is_over(service, admin, made):
    new = admin.post(f"{path_of(made)}/rotate", json={"grace_seconds": 3600}).json()
    assert new["id"] == made["id"]
    assert new["value"] != made["value"]
    assert [status(service, secret) for secret in (made["value"], new["value"])] == [200, 200]
    newest = admin.post(f"{path_of(made)}/rotate", json={"grace_seconds": 1}).json()
    assert status(service, made["value"]) == 401
    assert status(service, newest["value"]) == 200
    eventually(lambda: status(service, new["value"]) == 401)
    assert status(service, newest["value"]) == 200


def test_a_key_rotated_without_grace_opens_with_the_new_secret_alone(service, admin, made):
    new = admin.post(f"{path_of(made)}/rotate", json={"grace_seconds": 0}).json()
    assert [status(service, secret) for secret in (made["value"], new["value"])] == [401, 200]


def test_a_revoked_key_is_refused_at_once_here_and_soon_after_by_another_process(service, admin, made):
    assert status(service, made["value"]) == 200
    admin.delete(path_of(made)).raise_for_status()
    assert status(service, made["value"]) == 401
    beside = service.key()
    assert status(service, beside.secret) == 200
    beside.revoke()
    eventually(lambda: status(service, beside.secret) == 401)
    assert RECALL_SECONDS <= 5


def test_an_expiry_is_set_and_met(service, admin, made):
    changed = admin.post(path_of(made), json={"expires_in_seconds": 1}).json()
    assert changed["expires_at"] is not None
    eventually(lambda: status(service, made["value"]) == 401)
    answer = admin.post(path_of(made), json={"name": "again"})
    assert answer.status_code == 400


def test_the_agents_of_a_key_are_changed(service, admin, made):
    admin.post(path_of(made), json={"agents": ["agent_other"]}).raise_for_status()
    assert shown(service, made["value"])["limits"]["agents"] == ["agent_other"]
    assert admin.post(path_of(made), json={"agents": None}).json()["agents"] is None
    assert admin.post(path_of(made), json={"name": "other"}).json()["agents"] is None


def test_last_use_is_written_beside_the_requests(service, admin, made):
    assert admin.get(path_of(made)).json()["last_used_at"] is None
    for _ in range(3):
        assert status(service, made["value"]) == 200
    service.do(service.house.keys.write_used())
    assert admin.get(path_of(made)).json()["last_used_at"] is not None
    assert 0 < auth.USED_SECONDS <= 60


def test_a_shared_account_pays_for_both_keys(service, admin, made):
    other = admin.post(
        f"/organization/projects/{made['project_id']}/api_keys",
        json={"name": "second", "account_id": made["account_id"]},
    ).json()
    assert other["account_id"] == made["account_id"]
    strange = service.key(project="strangers")
    answer = admin.post(
        f"/organization/projects/{made['project_id']}/api_keys",
        json={"name": "third", "account_id": strange.account.id},
    )
    assert (answer.status_code, answer.json()["error"]["param"]) == (404, "account_id")


def test_a_new_key_may_begin_with_a_balance_or_without_a_limit(service, admin, made):
    path = f"/organization/projects/{made['project_id']}/api_keys"
    rich = admin.post(path, json={"name": "rich", "balance": "2.5"}).json()
    assert shown(service, rich["value"])["available"] == "2.50"
    free = admin.post(path, json={"name": "free", "unlimited": True}).json()
    assert shown(service, free["value"])["unlimited"] is True


def test_a_service_account_whose_key_cannot_be_made_is_not_made_either(admin, made):
    path = f"/organization/projects/{made['project_id']}/service_accounts"
    answer = admin.post(path, json={"name": "robot", "account_id": "acct_nobodys"})
    assert (answer.status_code, answer.json()["error"]["param"]) == (404, "account_id")
    assert admin.get(path).json()["data"] == []
