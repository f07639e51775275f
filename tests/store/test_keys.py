"""API keys: secrets, and how long a found one is remembered."""

from __future__ import annotations

import pytest

from service.store.database import Database
from service.store.keys import RECALL_SECONDS, SqlKeys, digest, mint, mint_admin, recognise
from tests.support.money import NOW, new_key, opened
from tests.support.postgres import Where


def test_a_minted_key_has_256_random_bits_and_is_kept_as_its_digest() -> None:
    first, second = mint(), mint()
    text = first.secret.reveal()
    assert text.startswith("sk-drg-")
    assert len(text) - len("sk-drg-") == 52  # five bits a letter
    assert first.digest == digest(text)
    assert len(first.digest) == 32
    assert first.digest != second.digest
    assert (first.prefix, first.last_four) == ("sk-drg-", text[-4:])


def test_an_admin_key_is_told_by_its_prefix() -> None:
    minted = mint_admin()
    assert minted.secret.reveal().startswith("sk-drg-admin-")
    assert recognise(minted.secret) == minted


def test_a_minted_key_does_not_print() -> None:
    minted = mint()
    assert minted.secret.reveal() not in repr(minted)


@pytest.mark.anyio
async def test_a_found_key_is_remembered_for_a_moment(where: Where) -> None:
    clock = [0.0]
    async with opened(where) as database, await Database.open(where) as beside:
        keys = SqlKeys(database.writer, database.reader, monotonic=lambda: clock[0])
        first = await keys.find_by_digest(new_key().digest)
        await beside.keys.revoke("key_1", now=NOW)
        assert await keys.find_by_digest(new_key().digest) is first
        clock[0] = RECALL_SECONDS
        found = await keys.find_by_digest(new_key().digest)
        assert found is not None
        assert found.revoked_at == NOW


@pytest.mark.anyio
async def test_a_revocation_here_shows_at_once(where: Where) -> None:
    async with opened(where) as database:
        await database.keys.find_by_digest(new_key().digest)
        await database.keys.revoke("key_1", now=NOW)
        found = await database.keys.find_by_digest(new_key().digest)
        assert found is not None
        assert found.revoked_at == NOW
