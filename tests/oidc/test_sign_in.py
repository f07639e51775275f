"""Tokens where keys are taken: who comes in, as whom, into which project, and charged to what."""

from __future__ import annotations

import time

import httpx
import pytest
from openai import OpenAI

from service.http.oidc.sign_in import RECALL_SECONDS
from specs.scopes import ADMIN
from tests.oidc.conftest import configuration
from tests.support.house import DOLLAR, Service, eventually, service_in_thread
from tests.support.issuer import IssuerServer, rsa_key

subjects = (f"subject-{number}" for number in range(10_000))


@pytest.fixture
def subject() -> str:
    return next(subjects)


def get(service: Service, token: str, path: str = "/v1/key", **headers: str) -> httpx.Response:
    headers = {"authorization": f"Bearer {token}", **headers}
    return httpx.get(service.base_url + path, headers=headers)


def users_of(admin: httpx.Client, subject: str) -> list[dict]:
    every = admin.get("/organization/users", params={"limit": 100}).json()
    assert not every["has_more"]
    return [user for user in every["data"] if user["subject"] == subject]


def test_an_unknown_bearer_becomes_a_user_of_the_default_project(service, issuer, admin, subject):
    shown = get(service, issuer.token(subject, name="Ann")).json()
    assert (shown["name"], shown["project"]) == ("Ann", "default")
    assert set(shown["scopes"]) == {
        "inference", "agents.read", "agents.write", "files", "conversations", "assistants",
    }  # fmt: skip
    get(service, issuer.token(subject))
    (user,) = users_of(admin, subject)
    assert (user["role"], user["permissions"]) == ("reader", [])
    assert [project["role"] for project in user["projects"]["data"]] == ["member"]
    logs = admin.get("/organization/audit_logs", params={"resource_ids[]": user["id"]}).json()["data"]
    assert [log["type"] for log in logs] == ["user.updated", "user.added"]
    assert logs[0]["actor"]["type"] == "service"


def test_the_sdk_runs_an_agent_with_a_token_charged_to_the_users_account(service, issuer, admin, subject):
    token = issuer.token(subject)
    account = get(service, token).json()["account_id"]
    service.operate(lambda database: database.accounts.grant(account, DOLLAR, reason="test", now=0))
    with OpenAI(base_url=service.base_url + "/v1", api_key=token, max_retries=0) as client:
        answer = client.responses.create(model="agent_demo", input="Hi")
    assert answer.status == "completed"
    (user,) = users_of(admin, subject)
    project = user["projects"]["data"][0]["id"]
    member = admin.get(f"/organization/projects/{project}/users/{user['id']}").json()
    assert member["account_id"] == account
    assert float(get(service, token).json()["settled"]) > 0
    keys = f"/organization/projects/{project}/api_keys"
    assert admin.get(keys).json()["data"] == []
    signed_in = get(service, token).json()["id"]
    for answer in (admin.get(f"{keys}/{signed_in}"), admin.post(f"{keys}/{signed_in}/rotate", json={})):
        assert answer.status_code == 404


def test_a_verified_address_makes_the_bearer_the_user_who_was_added(service, issuer, admin, subject):
    email = f"{subject}@example.com"
    added = admin.post("/organization/users", json={"email": email, "role": "owner"}).json()
    token = issuer.token(subject, email=email.upper(), email_verified=True)
    assert ADMIN in get(service, token).json()["scopes"]
    assert [user["id"] for user in users_of(admin, subject)] == [added["id"]]


def test_an_address_that_is_not_verified_makes_nobody_that_user(service, issuer, admin, subject):
    email = f"{subject}@example.com"
    added = admin.post("/organization/users", json={"email": email, "role": "owner"}).json()
    token = issuer.token(subject, email=email)
    assert ADMIN not in get(service, token).json()["scopes"]
    assert [user["id"] for user in users_of(admin, subject)] != [added["id"]]


def test_an_address_is_not_taken_over_by_another_subject(service, issuer, admin, subject):
    email = f"{subject}@example.com"
    get(service, issuer.token(subject, email=email, email_verified=True))
    get(service, issuer.token(f"{subject}-thief", email=email, email_verified=True))
    (first,), (second,) = users_of(admin, subject), users_of(admin, f"{subject}-thief")
    assert (first["email"], second["email"]) == (email, None)


def test_whoever_is_in_an_admin_group_administers(service, issuer, subject):
    token = issuer.token(subject, groups=["staff", "platform"])
    assert get(service, token, "/v1/organization/projects").status_code == 200
    plain = issuer.token(subject, groups=["staff"])
    answer = get(service, plain, "/v1/organization/projects")
    assert (answer.status_code, answer.json()["error"]["code"]) == (403, "permission_denied")


def test_an_administrators_change_is_the_users_in_the_audit_log(service, issuer, admin, subject):
    token = issuer.token(subject, groups=["platform"], email="boss@example.com", email_verified=True)
    headers = {"authorization": f"Bearer {token}"}
    made = httpx.post(
        f"{service.base_url}/v1/organization/projects", headers=headers, json={"name": f"by {subject}"}
    ).json()
    (log,) = admin.get("/organization/audit_logs", params={"resource_ids": made["id"]}).json()["data"]
    (user,) = users_of(admin, subject)
    assert log["actor"]["session"]["user"] == {"id": user["id"], "email": "boss@example.com"}
    assert log["request_id"].startswith("req_")


def test_a_user_in_several_projects_names_one(service, issuer, admin, subject):
    token = issuer.token(subject)
    get(service, token)
    (user,) = users_of(admin, subject)
    other = admin.post("/organization/projects", json={"name": f"other {subject}"}).json()
    joined = {"user_id": user["id"], "role": "viewer"}
    admin.post(f"/organization/projects/{other['id']}/users", json=joined).raise_for_status()
    token = issuer.token(subject, more=1)
    assert get(service, token).json()["project"] == "default"
    for named in (other["id"], other["name"]):
        shown = get(service, token, **{"openai-project": named}).json()
        assert (shown["project"], shown["scopes"]) == (other["name"], ["agents.read"])
    answer = get(service, token, **{"openai-project": "nowhere"})
    assert (answer.status_code, answer.json()["error"]["code"]) == (403, "permission_denied")


def test_a_deleted_users_token_is_refused_until_they_are_added_again(service, issuer, admin, subject):
    token = issuer.token(subject)
    assert get(service, token).status_code == 200
    (user,) = users_of(admin, subject)
    project = user["projects"]["data"][0]["id"]
    admin.delete(f"/organization/users/{user['id']}").raise_for_status()
    eventually(lambda: get(service, token).status_code == 403)
    again = {"subject": subject, "projects": [{"id": project, "role": "member"}]}
    assert admin.post("/organization/users", json=again).json()["id"] == user["id"]
    eventually(lambda: get(service, token).status_code == 200)
    body = {"model": "agent_demo", "input": "Hi"}
    headers = {"authorization": f"Bearer {token}"}
    account = get(service, token).json()["account_id"]
    service.operate(lambda database: database.accounts.grant(account, DOLLAR, reason="test", now=0))
    answer = httpx.post(f"{service.base_url}/v1/responses", headers=headers, json=body)
    assert answer.status_code == 200


@pytest.mark.parametrize(
    ("claims", "code"),
    [
        ({"aud": "others"}, "invalid_token"),
        ({"iss": "https://evil.example.com"}, "invalid_token"),
        ({"exp": int(time.time()) - 3600}, "expired_token"),
        ({"kid": "nobody", "key": rsa_key("nobody")}, "invalid_token"),
        ({"key": rsa_key("nobody")}, "invalid_token"),
        ({"algorithm": "RS384"}, "invalid_token"),
    ],
)
def test_a_bad_token_is_401_with_a_code(service, issuer, subject, claims, code):
    answer = get(service, issuer.token(subject, **claims))
    assert (answer.status_code, answer.json()["error"]["code"]) == (401, code)


def test_keys_are_still_taken(service):
    assert get(service, service.key().secret).status_code == 200


def test_a_token_is_not_remembered_for_long():
    assert RECALL_SECONDS <= 5


def test_without_keys_only_tokens_come_in(issuer: IssuerServer, tmp_path, subject):
    settings = configuration(issuer.url, auth="api_keys = false", more='default_project = "default"')
    with service_in_thread(settings, tmp_path) as service:
        for scopes in (("inference",), (ADMIN,)):
            answer = get(service, service.key(scopes=scopes).secret)
            assert (answer.status_code, answer.json()["error"]["code"]) == (401, "api_keys_disabled")
        assert get(service, issuer.token(subject)).status_code == 200


def test_nobody_is_made_a_user_where_that_is_not_wanted(issuer: IssuerServer, tmp_path, subject):
    with service_in_thread(configuration(issuer.url, more="create_users = false"), tmp_path) as service:
        assert get(service, issuer.token(subject)).status_code == 403


def test_a_user_in_no_project_is_told(issuer: IssuerServer, tmp_path, subject):
    with service_in_thread(configuration(issuer.url), tmp_path) as service:
        answer = get(service, issuer.token(subject))
        assert answer.status_code == 403
        assert "no project" in answer.json()["error"]["message"]
