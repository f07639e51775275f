"""A shared agent is used with the credentials of whoever uses it."""

from __future__ import annotations

import httpx

from tests.credentials.conftest import SECRET, ask
from tests.credentials.test_credentials import sent

OTHERS = "sk-brought-canary-0002"


def test_a_shared_agent_lends_nobody_its_owners_credentials(
    service, administrator, project, headers, upstream
) -> None:
    administrator.bring(project)
    maker = administrator.key(project, scopes=["agents.write", "inference"])
    body = {"model": "theirs/scripted-1", "sharing": {"visibility": "public"}}
    made = httpx.post(f"{service.base_url}/v1/agents", json=body, headers=maker)
    agent = made.json()["id"]
    assert ask(service, maker, agent).status_code == 200
    other = administrator.project(f"{project} other")
    user = administrator.key(other)
    assert ask(service, user, agent).json()["error"]["code"] == "credential_missing"
    assert sent(upstream) == [f"Bearer {SECRET}"]
    administrator.bring(other, api_key=OTHERS)
    assert ask(service, user, agent).status_code == 200
    assert sent(upstream) == [f"Bearer {SECRET}", f"Bearer {OTHERS}"]
