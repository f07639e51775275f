"""The official openai SDK, unchanged, administers."""

from __future__ import annotations

import openai
import pytest
from openai import OpenAI

from tests.support.house import Service

counter = iter(range(10_000))


def fresh(noun: str) -> str:
    return f"{noun}-{next(counter)}"


@pytest.fixture
def project(client: OpenAI):
    return client.admin.organization.projects.create(name=fresh("project"))


@pytest.fixture
def user(admin):
    return admin.post("/organization/users", json={"email": f"{fresh('ann')}@example.com"}).json()


def caller(service: Service, secret: str) -> OpenAI:
    return OpenAI(base_url=service.base_url + "/v1", api_key=secret, max_retries=0)


def test_a_project_is_made_listed_shown_renamed_and_archived(client: OpenAI):
    projects = client.admin.organization.projects
    name = fresh("shop")
    made = projects.create(name=name)
    assert (made.object, made.name, made.archived_at) == ("organization.project", name, None)
    assert projects.retrieve(made.id) == made
    assert made in list(projects.list(limit=2))
    assert projects.update(made.id, name=name + "!").name == name + "!"
    assert projects.archive(made.id).archived_at is not None
    assert made.id not in {each.id for each in projects.list()}
    assert made.id in {each.id for each in projects.list(include_archived=True)}


def test_two_projects_of_one_name_are_refused(client: OpenAI, project):
    with pytest.raises(openai.ConflictError):
        client.admin.organization.projects.create(name=project.name)


def test_a_service_account_gets_its_key_once_and_can_use_it(client: OpenAI, service, project):
    accounts = client.admin.organization.projects.service_accounts
    made = accounts.create(project.id, name="robot")
    assert made.api_key is not None
    assert (made.object, made.role) == ("organization.project.service_account", "member")
    with caller(service, made.api_key.value) as robot:
        assert "agent_demo" in {model.id for model in robot.models.list()}
    (key,) = client.admin.organization.projects.api_keys.list(project.id)
    assert (key.id, key.owner.type) == (made.api_key.id, "service_account")
    assert key.owner.service_account is not None
    assert key.owner.service_account.id == made.id
    assert made.api_key.value not in repr(key)
    assert key.redacted_value.endswith(made.api_key.value[-4:])


def test_a_service_account_without_a_key(client: OpenAI, project):
    made = client.admin.organization.projects.service_accounts.create(
        project.id, name="later", create_service_account_only=True
    )
    assert (made.api_key, made.role) == (None, "none")


def test_a_service_account_is_changed_given_a_key_and_deleted(client: OpenAI, service, project):
    accounts = client.admin.organization.projects.service_accounts
    made = accounts.create(project.id, name="robot")
    assert accounts.update(made.id, project_id=project.id, name="bot", role="owner").role == "owner"
    assert accounts.retrieve(made.id, project_id=project.id).name == "bot"
    assert [each.id for each in accounts.list(project.id)] == [made.id]
    further = accounts.api_keys.create(
        made.id, project_id=project.id, scopes=["agents.read"], expires_in_seconds=3600
    )
    assert further.expires_at == further.created_at + 3600
    assert accounts.delete(made.id, project_id=project.id).deleted
    with caller(service, further.value) as robot, pytest.raises(openai.AuthenticationError):
        robot.models.list()
    assert list(client.admin.organization.projects.api_keys.list(project.id)) == []


def test_a_project_key_is_shown_changed_and_deleted(client: OpenAI, service, project):
    made = client.admin.organization.projects.service_accounts.create(project.id, name="robot").api_key
    assert made is not None
    keys = client.admin.organization.projects.api_keys
    assert keys.retrieve(made.id, project_id=project.id).owner_project_access == "active"
    changed = keys.update(made.id, project_id=project.id, scopes=["files"], expires_in_seconds=60)
    assert changed.expires_at is not None
    with caller(service, made.value) as robot, pytest.raises(openai.PermissionDeniedError):
        robot.models.list()
    assert keys.delete(made.id, project_id=project.id).deleted
    with pytest.raises(openai.NotFoundError):
        keys.retrieve(made.id, project_id=project.id)


def test_pages_of_keys_follow_one_another(client: OpenAI, project):
    accounts = client.admin.organization.projects.service_accounts
    made = [accounts.create(project.id, name=f"robot {number}") for number in range(5)]
    listed = [each.id for each in accounts.list(project.id, limit=2)]
    assert (len(listed), set(listed)) == (5, {each.id for each in made})
    ids = [each.id for each in client.admin.organization.projects.api_keys.list(project.id, limit=2)]
    assert (len(ids), set(ids)) == (5, {each.api_key.id for each in made if each.api_key})


def test_an_admin_key_administers_until_it_is_deleted(client: OpenAI, service):
    keys = client.admin.organization.admin_api_keys
    made = keys.create(name="deputy", expires_in_seconds=3600)
    assert made.value.startswith("sk-drg-admin-")
    assert made.expires_at is not None
    with OpenAI(
        base_url=service.base_url + "/v1", api_key="none", admin_api_key=made.value, max_retries=0
    ) as deputy:
        assert deputy.admin.organization.admin_api_keys.retrieve(made.id).name == "deputy"
        assert made.id in {each.id for each in keys.list(order="desc", limit=1)}
        assert keys.delete(made.id).deleted
        with pytest.raises(openai.AuthenticationError):
            deputy.admin.organization.projects.list()
    assert made.id not in {each.id for each in keys.list()}


def test_users_are_listed_shown_changed_and_deleted(client: OpenAI, user):
    users = client.admin.organization.users
    found = users.retrieve(user["id"])
    assert (found.object, found.role, found.email) == ("organization.user", "reader", user["email"])
    assert [each.id for each in users.list(emails=[user["email"].upper()])] == [user["id"]]
    assert user["id"] in {each.id for each in users.list(limit=1)}
    assert users.update(user["id"], role="owner").role == "owner"
    assert users.delete(user["id"]).deleted
    with pytest.raises(openai.NotFoundError):
        users.retrieve(user["id"])


def test_users_join_and_leave_a_project(client: OpenAI, project, user):
    members = client.admin.organization.projects.users
    joined = members.create(project.id, role="member", email=user["email"])
    assert (joined.id, joined.role, joined.object) == (user["id"], "member", "organization.project.user")
    assert members.update(joined.id, project_id=project.id, role="owner").role == "owner"
    assert members.retrieve(joined.id, project_id=project.id).role == "owner"
    assert [each.id for each in members.list(project.id)] == [user["id"]]
    assert members.delete(joined.id, project_id=project.id).deleted
    assert list(members.list(project.id)) == []


def test_every_change_is_in_the_audit_log(client: OpenAI, admin_key, project):
    made = client.admin.organization.projects.service_accounts.create(project.id, name="robot")
    assert made.api_key is not None
    logs = client.admin.organization.audit_logs
    found = list(logs.list(project_ids=[project.id], limit=2))
    assert [each.type for each in found] == ["api_key.created", "service_account.created", "project.created"]
    created = found[0]
    assert created.actor is not None
    assert created.actor.api_key is not None
    assert created.actor.api_key.id == admin_key.id
    assert created.api_key_created is not None
    assert created.api_key_created.id == made.api_key.id
    assert created.project is not None
    assert created.project.name == project.name
    assert made.api_key.value not in "".join(each.to_json() for each in found)
    only = logs.list(event_types=["project.created"], resource_ids=[project.id])
    assert [each.id for each in only] == [found[2].id]
    later = logs.list(effective_at={"gt": found[0].effective_at + 5}, project_ids=[project.id])
    assert list(later) == []
    before = logs.list(before=found[1].id, project_ids=[project.id])
    assert [each.id for each in before.data] == [found[0].id]
