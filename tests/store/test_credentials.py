"""Credentials and the limits of keys, as either database keeps them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from service.secrets import Sealer, add_key
from service.store.access_records import Actor, AuditEvent, User
from service.store.credentials import NewCredential, Rotation, SealedCredential, about
from service.store.database import Database
from service.store.resealing import Opened, open_all, reseal_all
from specs.errors import Conflict
from specs.limits import NO_RATES, KeyRates
from tests.support.money import NOW, opened
from tests.support.postgres import Where

pytestmark = pytest.mark.anyio
_count = iter(range(10_000))


@pytest.fixture
async def database(where: Where) -> AsyncIterator[Database]:
    async with opened(where) as found:
        yield found


def event(type: str = "credential.created") -> AuditEvent:
    actor = Actor("key", "key_1")
    return AuditEvent(f"audit_{next(_count)}", type, NOW, "cred_1", actor, project="proj_1")


def credential(
    id: str = "cred_1", owner: str = "", provider: str = "theirs", **more: object
) -> NewCredential:
    fields = {"base_url": None, "sealed": b"sealed", "last_four": "0001", **more}
    return NewCredential(id, "proj_1", owner, provider, **fields)  # type: ignore[arg-type]


async def stored(database: Database, new: NewCredential) -> None:
    await database.credentials.create(new, now=NOW, event=event())


async def test_one_is_found_by_project_and_id(database: Database) -> None:
    made = await database.credentials.create(credential(), now=NOW, event=event())
    assert (made.version, made.rotated_at, made.checked_at) == (1, NOW, None)
    assert await database.credentials.get("proj_1", "cred_1") == made
    assert await database.credentials.get("proj_2", "cred_1") is None
    assert await database.credentials.list("proj_1") == [made]
    assert await database.credentials.list("proj_2") == []


async def test_an_owner_has_one_for_a_provider(database: Database) -> None:
    await stored(database, credential())
    with pytest.raises(Conflict):
        await stored(database, credential("cred_2"))
    await stored(database, credential("cred_3", owner="user_1"))
    await stored(database, credential("cred_4", provider="other"))
    assert [each.id for each in await database.credentials.list("proj_1", owner="")] == ["cred_1", "cred_4"]
    assert [each.id for each in await database.credentials.list("proj_1", owner="user_1")] == ["cred_3"]


async def test_a_users_own_is_found_before_the_projects(database: Database) -> None:
    await stored(database, credential())
    await stored(database, credential("cred_2", owner="user_1", sealed=b"own"))
    found = [await database.credentials.find("proj_1", user, "theirs") for user in ("user_1", "user_2", "")]
    assert [each and each.id for each in found] == ["cred_2", "cred_1", "cred_1"]
    assert found[0] is not None
    assert found[0].sealed == b"own"
    assert await database.credentials.find("proj_2", "user_1", "theirs") is None
    assert await database.credentials.find("proj_1", "user_1", "other") is None


async def test_a_rotation_makes_a_version_and_forgets_the_check(database: Database) -> None:
    await stored(database, credential())
    found = await database.credentials.find("proj_1", "", "theirs")
    assert found is not None
    await database.credentials.note_check(found, error="upstream_timeout", now=NOW + 1)
    checked = await database.credentials.get("proj_1", "cred_1")
    assert checked is not None
    assert (checked.checked_at, checked.check_error) == (NOW + 1, "upstream_timeout")
    rotation = Rotation(b"anew", "https://example.com", "0002")
    made = await database.credentials.rotate("proj_1", "cred_1", rotation, now=NOW + 2, event=event())
    assert made is not None
    assert (made.version, made.last_four, made.base_url) == (2, "0002", "https://example.com")
    assert (made.rotated_at, made.checked_at, made.check_error) == (NOW + 2, None, None)
    await database.credentials.note_check(found, error=None, now=NOW + 3)  # of the version before
    assert await database.credentials.get("proj_1", "cred_1") == made
    gone = await database.credentials.rotate("proj_2", "cred_1", rotation, now=NOW, event=event())
    assert gone is None


async def test_one_is_taken_away_once(database: Database) -> None:
    await stored(database, credential())
    assert not await database.credentials.delete("proj_2", "cred_1", event=event())
    assert await database.credentials.delete("proj_1", "cred_1", event=event())
    assert not await database.credentials.delete("proj_1", "cred_1", event=event())


async def test_all_are_sealed_anew_with_the_newest_key(database: Database, tmp_path: Path) -> None:
    sealer = Sealer(tmp_path / "key")
    for number in (1, 2):
        place = about(f"cred_{number}", "proj_1", f"user_{number}", "theirs", None)
        sealed = sealer.seal(b"secret", about=place)
        await stored(database, credential(f"cred_{number}", owner=f"user_{number}", sealed=sealed))
    await stored(database, credential("cred_3"))
    assert await open_all(database, sealer) == Opened(3, ("cred_3",))
    add_key(tmp_path / "key")
    assert await reseal_all(database, Sealer(tmp_path / "key")) == Opened(3, ("cred_3",))
    newest = (tmp_path / "key").read_bytes().split()[0]
    (tmp_path / "key").write_bytes(newest)
    assert await open_all(database, Sealer(tmp_path / "key")) == Opened(3, ("cred_3",))


async def test_one_that_changed_meanwhile_is_not_sealed_over(database: Database) -> None:
    await stored(database, credential())
    before = await database.credentials.find("proj_1", "", "theirs")
    assert isinstance(before, SealedCredential)
    rotation = Rotation(b"anew", None, "0002")
    await database.credentials.rotate("proj_1", "cred_1", rotation, now=NOW, event=event())
    assert not await database.credentials.reseal(before, b"old")
    after = await database.credentials.find("proj_1", "", "theirs")
    assert after is not None
    assert after.sealed == b"anew"


async def test_a_keys_own_limits_come_with_its_look_up(database: Database) -> None:
    key = await database.keys.get("key_1")
    assert key is not None
    assert await database.key_rates.find("key_1") == NO_RATES
    rates = KeyRates(requests_per_minute=5, parallel_runs=0)
    assert await database.key_rates.set("key_1", rates, event=event("api_key.limited"))
    assert await database.key_rates.find("key_1") == rates
    assert not await database.key_rates.set("key_none", rates)
    assert await database.key_rates.find("key_none") is None
    await database.keys.revoke("key_1", now=NOW)
    assert not await database.key_rates.set("key_1", NO_RATES)


async def test_what_a_deleted_user_brought_is_gone(database: Database) -> None:
    user = User("user_1", "Ann", "ann@example.com", None, None, "reader", (), NOW)
    await database.users.create(user, event("user.added"))
    await stored(database, credential("cred_1", owner="user_1"))
    await stored(database, credential("cred_2"))
    assert await database.users.delete("user_1", now=NOW, event=event("user.deleted"))
    assert [each.id for each in await database.credentials.list("proj_1")] == ["cred_2"]
