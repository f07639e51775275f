"""The audit log: filtered, exported, and without a secret."""

from __future__ import annotations

import csv
import io
import json
import re

import httpx
import pytest

from service.http.organization.export import csv_line
from tests.support.documents import ROOT
from tests.support.people import key_of_user

names = (f"audited-{number}" for number in range(10_000))


@pytest.fixture
def project(admin: httpx.Client) -> dict:
    return admin.post("/organization/projects", json={"name": next(names)}).json()


def test_an_export_holds_what_the_list_holds(admin, project):
    key = admin.post(f"/organization/projects/{project['id']}/api_keys", json={"name": "=1+1"}).json()
    query = {"project_ids": project["id"]}
    listed = [log["id"] for log in admin.get("/organization/audit_logs", params=query).json()["data"]]
    lines = admin.get("/organization/audit_logs/export", params=query)
    assert lines.headers["content-type"] == "application/jsonl"
    rows = [json.loads(line) for line in lines.text.splitlines()]
    assert [row["id"] for row in rows] == listed
    table = admin.get("/organization/audit_logs/export", params={**query, "format": "csv"})
    assert "attachment" in table.headers["content-disposition"]
    assert [row["id"] for row in csv.DictReader(io.StringIO(table.text))] == listed
    assert json.loads(rows[0]["details"])["name"] == "=1+1"
    assert key["value"] not in lines.text + table.text


def test_no_secret_is_ever_in_it(admin, service, project):
    path = f"/organization/projects/{project['id']}"
    robot = admin.post(f"{path}/service_accounts", json={"name": "robot"}).json()["api_key"]
    new = admin.post(f"{path}/api_keys/{robot['id']}/rotate", json={}).json()
    deputy = admin.post("/organization/admin_api_keys", json={"name": "deputy"}).json()
    whole = admin.get("/organization/audit_logs/export").text
    assert "api_key.rotated" in whole
    for secret in (robot["value"], new["value"], deputy["value"]):
        assert secret not in whole
        assert secret[-12:] not in whole


def test_it_says_whose_the_key_is(admin, service, project):
    boss = key_of_user(service, project["name"], ("admin",), organization_role="owner")
    headers = boss.headers
    made = httpx.post(
        f"{service.base_url}/v1/organization/projects", headers=headers, json={"name": next(names)}
    ).json()
    query = {"resource_ids[]": made["id"]}
    (log,) = admin.get("/organization/audit_logs", params=query).json()["data"]
    assert log["actor"]["api_key"]["id"] == boss.id
    assert log["actor"]["api_key"]["user"]["id"].startswith("user_")
    user = log["actor"]["api_key"]["user"]["id"]
    by_user = admin.get("/organization/audit_logs", params={"actor_ids[]": user}).json()["data"]
    assert [each["id"] for each in by_user] == [log["id"]]


@pytest.mark.parametrize(
    ("query", "param"),
    [
        ({"limit": 0}, "limit"),
        ({"effective_at[gte]": "soon"}, "effective_at[gte]"),
        ({"tenant_only": "true"}, "tenant_only"),
        ({"after": "a", "before": "b"}, "before"),
    ],
)
def test_a_query_that_cannot_be_understood_names_its_parameter(admin, query, param):
    answer = admin.get("/organization/audit_logs", params=query)
    assert (answer.status_code, answer.json()["error"]["param"]) == (400, param)


def test_what_failed_is_not_in_it(admin, project):
    admin.post("/organization/projects", json={"name": project["name"]})
    query = {"event_types": "project.created", "limit": 100}
    logs = admin.get("/organization/audit_logs", params=query).json()["data"]
    assert [log["target_id"] for log in logs if log["project"]["name"] == project["name"]] == [project["id"]]


def test_a_cell_that_a_spreadsheet_would_run_is_led_by_an_apostrophe():
    assert csv_line(["=1+1", "plain", None, 7]) == b"'=1+1,plain,,7\n"


def test_every_type_is_described_and_every_one_described_is_written():
    described = set(
        re.findall(
            r"`([a-z_]+\.[a-z_]+)`", (ROOT / "docs" / "access.md").read_text().partition("| Types |")[2]
        )
    )
    nouns = {type.partition(".")[0] for type in described}
    code = "".join(file.read_text() for file in (ROOT / "service").rglob("*.py"))
    written = set(re.findall(rf'"((?:{"|".join(nouns)})\.[a-z_]+)"', code))
    asked = set(re.findall(r'change\(\s*(?:request,\s*)?"([a-z_.]+)"', code))
    assert described == written | asked
