"""An approval is used once, in its project."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from service.store.database import Database
from tests.support.money import NOW
from tests.support.postgres import Where

pytestmark = pytest.mark.anyio


@pytest.fixture
async def database(where: Where) -> AsyncIterator[Database]:
    async with await Database.open(where) as database:
        yield database


async def test_an_approval_is_used_once(database: Database) -> None:
    approvals = database.approvals
    assert not await approvals.is_spent("mcpr_1", project="proj_1")
    assert await approvals.spend("mcpr_1", project="proj_1", until=NOW + 60)
    assert not await approvals.spend("mcpr_1", project="proj_1", until=NOW + 60)
    assert await approvals.is_spent("mcpr_1", project="proj_1")


async def test_what_one_project_used_another_has_not(database: Database) -> None:
    assert await database.approvals.spend("mcpr_1", project="proj_1", until=NOW + 60)
    assert not await database.approvals.is_spent("mcpr_1", project="proj_2")
    assert await database.approvals.spend("mcpr_1", project="proj_2", until=NOW + 60)


async def test_a_use_is_forgotten_when_nothing_can_be_approved_any_more(database: Database) -> None:
    await database.approvals.spend("mcpr_1", project="proj_1", until=NOW + 60)
    await database.idempotency.free_others("another process")
    await database.idempotency.expire(now=NOW)
    assert await database.approvals.is_spent("mcpr_1", project="proj_1")
    await database.idempotency.expire(now=NOW + 60)
    assert not await database.approvals.is_spent("mcpr_1", project="proj_1")
