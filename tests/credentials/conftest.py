"""A service whose provider wants a credential of everybody, and an upstream that tells which one came."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from specs.scopes import ADMIN
from tests.support.house import Service, service_in_thread
from tests.support.upstream import Upstream, upstream_in_thread

SECRET = "sk-brought-canary-0001"
"""What a test stores unless it says otherwise."""


def configuration(upstream: str) -> str:
    """`theirs` is reached with what is brought, at the operator's address or, where it is named, another."""
    return f"""
[egress]
allow = ["127.0.0.1"]
[providers.theirs]
kind = "openai-compatible"
base_url = "{upstream}/v1"
api_key = "user_provided"
user_base_url = true
free = true
headers = {{ "x-operator" = "env:UPSTREAM_KEY" }}
expose = ["scripted-1"]
allow_models = ["scripted-*", "also-*"]
deny_models = ["*-9"]
[providers.fixed]
kind = "anthropic"
base_url = "{upstream}"
api_key = "user_provided"
free = true
[providers.nowhere]
kind = "openai-compatible"
api_key = "user_provided"
user_base_url = true
free = true
[providers.ours]
kind = "openai-compatible"
base_url = "{upstream}/v1"
api_key = "env:UPSTREAM_KEY"
free = true
expose = ["scripted-1"]
[[agents]]
id = "agent_fixed"
model = "fixed/scripted-1"
[[agents]]
id = "agent_nowhere"
model = "nowhere/scripted-1"
"""


@pytest.fixture(scope="module")
def upstream() -> Iterator[Upstream]:
    with upstream_in_thread() as found:
        yield found


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory, upstream: Upstream) -> Iterator[Service]:
    with service_in_thread(configuration(upstream.base_url), tmp_path_factory.mktemp("credentials")) as found:
        yield found


@pytest.fixture(autouse=True)
def clean_script(upstream: Upstream) -> None:
    """Nothing is left of the test before."""
    upstream.exchanges.clear()
    upstream.scripts.clear()
    upstream.answer_with(lambda exchange: None)


class Administrator:
    """What a test wants of a key of administration."""

    def __init__(self, service: Service) -> None:
        self.service = service
        key = service.key(scopes=(ADMIN,))
        self.client = httpx.Client(base_url=service.base_url + "/v1", headers=key.headers)

    def project(self, name: str) -> str:
        """Make a project."""
        return self.post("/organization/projects", {"name": name}).json()["id"]

    def key(self, project: str, **asked: Any) -> dict[str, str]:
        """Make a key of a project; the headers of a request with it."""
        path = f"/organization/projects/{project}/api_keys"
        value = self.post(path, {"name": "test", "unlimited": True, **asked}).json()["value"]
        return {"authorization": f"Bearer {value}"}

    def user(self, project: str, name: str) -> str:
        """Make a user who may make and use keys in a project."""
        asked = {"name": name, "email": f"{name}@example.test", "permissions": ["keys.use", "keys.create"]}
        id = self.post("/organization/users", asked).json()["id"]
        self.post(f"/organization/projects/{project}/users", {"user_id": id, "role": "member"})
        return id

    def bring(self, project: str, **asked: Any) -> httpx.Response:
        """Store a credential of a project."""
        body = {"provider": "theirs", "api_key": SECRET, **asked}
        return self.client.post(f"/organization/projects/{project}/credentials", json=body)

    def post(self, path: str, body: dict[str, Any]) -> httpx.Response:
        """Post what is to be done."""
        response = self.client.post(path, json=body)
        assert response.status_code == 200, response.text
        return response


@pytest.fixture(scope="module")
def administrator(service: Service) -> Iterator[Administrator]:
    found = Administrator(service)
    with found.client:
        yield found


@pytest.fixture
def project(administrator: Administrator, request: pytest.FixtureRequest) -> str:
    """A project of the test's own."""
    return administrator.project(request.node.name[:120])


@pytest.fixture
def headers(administrator: Administrator, project: str) -> dict[str, str]:
    """What a request with a key of that project carries."""
    return administrator.key(project)


def ask(
    service: Service, headers: dict[str, str], model: str = "theirs/scripted-1", **more: Any
) -> httpx.Response:
    """Ask an agent."""
    body = {"model": model, "messages": [{"role": "user", "content": "Hello!"}], **more}
    return httpx.post(service.base_url + "/v1/chat/completions", headers=headers, json=body)
