"""What the tests of money share: a project with a key that spends, and what it spent."""

from __future__ import annotations

from typing import Any

import httpx
from msgspec import Struct

from tests.support.house import Service


class Spender(Struct):
    """A key of a project of its own, and its account."""

    service: Service
    project: str
    key: str
    secret: str
    account: str

    def ask(self, text: str = "Hello!", **changes: Any) -> httpx.Response:
        """Ask the demo for a response; the money is play money, the prices are not."""
        body = {"model": "agent_demo", "input": text, "max_output_tokens": 300, **changes}
        headers = {"Authorization": f"Bearer {self.secret}"}
        return httpx.post(f"{self.service.base_url}/v1/responses", json=body, headers=headers)


def new_spender(admin: httpx.Client, service: Service, *, name: str, balance: str = "1") -> Spender:
    """Make the project, and a service account with a key and this balance."""
    project = posted(admin, "/organization/projects", name=name)["id"]
    body = {"name": "spender", "balance": balance}
    made = posted(admin, f"/organization/projects/{project}/service_accounts", **body)["api_key"]
    headers = {"Authorization": f"Bearer {made['value']}"}
    shown = httpx.get(f"{service.base_url}/v1/key", headers=headers).json()
    return Spender(service, project, made["id"], made["value"], shown["account_id"])


def posted(admin: httpx.Client, path: str, **body: Any) -> Any:
    """Post a body that is right."""
    response = admin.post(path, json=body)
    assert response.status_code == 200, response.text
    return response.json()


def refused(admin: httpx.Client, path: str, **body: Any) -> tuple[int, str]:
    """Post a body that is wrong: the status, and the field that is named."""
    response = admin.post(path, json=body)
    return response.status_code, response.json()["error"]["param"]
