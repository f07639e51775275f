"""Access on PostgreSQL: administered over the API, followed by another replica."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest

from specs.scopes import ADMIN
from tests.support.house import Service, eventually, service_in_thread
from tests.support.postgres import fresh_database

CONFIGURATION = """
[store]
url = "{address}"
[providers.demo]
kind = "demo"
free = true
pace_ms = 0
"""


@pytest.fixture(scope="module")
def replicas(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Service, Service]]:
    """Two services on one database."""
    with fresh_database(empty=True) as address:
        settings = CONFIGURATION.format(address=address.reveal())
        first, second = (tmp_path_factory.mktemp("replica") for _ in range(2))
        with service_in_thread(settings, first) as one, service_in_thread(settings, second) as other:
            yield one, other


def models(service: Service, secret: str) -> int:
    headers = {"authorization": f"Bearer {secret}"}
    return httpx.get(f"{service.base_url}/v1/models", headers=headers).status_code


def test_what_is_changed_at_one_replica_holds_at_the_other(replicas: tuple[Service, Service]):
    one, other = replicas
    headers = one.key(scopes=(ADMIN,)).headers
    with httpx.Client(base_url=one.base_url + "/v1/organization", headers=headers) as admin:
        project = admin.post("/projects", json={"name": "shop"}).json()
        user = admin.post("/users", json={"email": "ann@example.com", "permissions": ["keys.use"]}).json()
        members = f"/projects/{project['id']}/users"
        admin.post(members, json={"user_id": user["id"], "role": "member"}).raise_for_status()
        keys = f"/projects/{project['id']}/api_keys"
        key = admin.post(keys, json={"name": "hers", "user_id": user["id"]}).json()
        assert [models(each, key["value"]) for each in replicas] == [200, 200]

        admin.post(f"/users/{user['id']}", json={"permissions": []}).raise_for_status()
        eventually(lambda: models(other, key["value"]) == 403)
        admin.post(f"/users/{user['id']}", json={"permissions": ["keys.use"]}).raise_for_status()
        eventually(lambda: models(other, key["value"]) == 200)

        new = admin.post(f"{keys}/{key['id']}/rotate", json={"grace_seconds": 0}).json()
        assert models(other, new["value"]) == 200
        eventually(lambda: models(other, key["value"]) == 401)

        admin.delete(f"{keys}/{key['id']}").raise_for_status()
        eventually(lambda: models(other, new["value"]) == 401)
        logs = admin.get("/audit_logs", params={"project_ids": project["id"], "limit": 100}).json()["data"]
        types = [log["type"] for log in logs]
        assert types == [
            "api_key.deleted", "api_key.rotated", "api_key.created", "user.updated", "project.created",
        ]  # fmt: skip
