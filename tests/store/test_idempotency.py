"""Claims of idempotency keys: taken once, kept while their process lives, answered for good."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from msgspec import structs

from service.store.database import Database
from service.store.idempotency import LEASE_SECONDS, Claim, Taken
from tests.support.money import NOW
from tests.support.postgres import Where

pytestmark = pytest.mark.anyio
CLAIM = Claim("proj_1", "createResponse", b"k" * 32, b"f" * 32, "process_1")
OTHER = structs.replace(CLAIM, owner="process_2")
EXPIRES = NOW + 86_400


@pytest.fixture
async def database(where: Where) -> AsyncIterator[Database]:
    async with await Database.open(where) as database:
        yield database


async def claimed(database: Database, claim: Claim, now: int = NOW) -> Taken | None:
    return await database.idempotency.claim(claim, now=now, expires_at=EXPIRES)


async def test_a_key_is_claimed_once(database: Database) -> None:
    assert await claimed(database, CLAIM) is None
    assert await claimed(database, OTHER) == Taken(CLAIM.fingerprint, running=True, answer=None)


async def test_an_answer_is_given_again(database: Database) -> None:
    await claimed(database, CLAIM)
    await database.idempotency.keep(CLAIM, b"sealed")
    assert await claimed(database, OTHER) == Taken(CLAIM.fingerprint, running=False, answer=b"sealed")


async def test_a_freed_key_is_there_for_another(database: Database) -> None:
    await claimed(database, CLAIM)
    await database.idempotency.free(CLAIM)
    assert await claimed(database, OTHER) is None


async def test_what_a_dead_process_claimed_is_free_when_its_lease_has_run_out(database: Database) -> None:
    await claimed(database, CLAIM)
    assert await claimed(database, OTHER, NOW + LEASE_SECONDS) is not None
    assert await claimed(database, OTHER, NOW + LEASE_SECONDS + 1) is None


async def test_what_is_renewed_stays_claimed(database: Database) -> None:
    await claimed(database, CLAIM)
    await database.idempotency.renew("process_1", now=NOW + LEASE_SECONDS)
    assert await claimed(database, OTHER, NOW + LEASE_SECONDS + 1) is not None


async def test_an_answer_outlives_its_process(database: Database) -> None:
    await claimed(database, CLAIM)
    await database.idempotency.keep(CLAIM, b"sealed")
    found = await claimed(database, OTHER, NOW + LEASE_SECONDS + 1)
    assert found is not None
    assert found.answer == b"sealed"


async def test_a_late_answer_of_a_former_owner_changes_nothing(database: Database) -> None:
    await claimed(database, CLAIM)
    await claimed(database, OTHER, NOW + LEASE_SECONDS + 1)
    await database.idempotency.keep(CLAIM, b"late")
    found = await claimed(database, CLAIM, NOW + LEASE_SECONDS + 1)
    assert found == Taken(CLAIM.fingerprint, running=True, answer=None)
