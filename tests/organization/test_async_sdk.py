"""The official openai SDK administers asynchronously too, and pages by itself."""

from __future__ import annotations

import pytest
from openai import AsyncOpenAI

pytestmark = pytest.mark.anyio


async def test_projects_and_their_keys_are_administered(service, admin_key):
    async with AsyncOpenAI(
        base_url=service.base_url + "/v1", api_key="none", admin_api_key=admin_key.secret, max_retries=0
    ) as client:
        organization = client.admin.organization
        project = await organization.projects.create(name="asynchronous")
        made = [
            await organization.projects.service_accounts.create(project.id, name=f"robot {number}")
            for number in range(3)
        ]
        keys = [key async for key in organization.projects.api_keys.list(project.id, limit=1)]
        assert {key.id for key in keys} == {each.api_key.id for each in made if each.api_key}
        logs = [log async for log in organization.audit_logs.list(project_ids=[project.id], limit=3)]
        assert len(logs) == 7
