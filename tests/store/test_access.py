"""Users, members, service accounts, keys and the audit log, on each kind of database."""

from __future__ import annotations

from collections.abc import AsyncIterator
from itertools import count

import pytest
from msgspec import structs

from service.store.access_records import (
    OPERATOR,
    Actor,
    AuditEvent,
    AuditQuery,
    Role,
    ServiceAccount,
    User,
    detailed,
)
from service.store.database import Database
from service.store.keys import KeyChange, mint
from service.store.records import Project
from service.store.users import UserChange
from specs.errors import Conflict, NotFound
from tests.support.money import NOW, new_key, opened
from tests.support.postgres import Where

pytestmark = pytest.mark.anyio
numbers = count(1)


@pytest.fixture
async def database(where: Where) -> AsyncIterator[Database]:
    async with opened(where, granted=1_000) as database:
        yield database
        assert await database.books.check(now=NOW, grace=30) == []


def event(type: str = "thing.changed", *, moment: int | None = None, **fields) -> AuditEvent:
    number = next(numbers)
    at = NOW * 1_000_000 + number if moment is None else moment
    return AuditEvent(f"audit_{number:06}", type, at, fields.pop("target", "x"), OPERATOR, **fields)


def user(id: str = "user_1", *, email: str | None = "ann@example.com", **fields) -> User:
    values = {"role": "reader", "permissions": ("keys.use",), "issuer": None, "subject": None, **fields}
    return User(id, "Ann", email, created_at=NOW, **values)


async def joined(database: Database, role: Role = "member", **fields) -> User:
    made = await database.users.create(user(**fields), event("user.added"))
    await database.members.add("proj_1", made.id, role, now=NOW, event=event())
    return made


async def key_of(database: Database, owner: User, *scopes: str):
    key = structs.replace(
        new_key("key_2", account="acct_2"),
        user=owner.id,
        scopes=scopes or ("inference",),
        on_users_account=True,
    )
    await database.keys.create(key, event=event("api_key.created"))
    found = await database.keys.find_by_digest(key.digest)
    assert found is not None
    return found


# Users


async def test_a_user_is_found_by_id_address_and_subject(database: Database) -> None:
    made = await database.users.create(user(issuer="https://i", subject="s"), event())
    assert await database.users.get("user_1") == made
    assert await database.users.by_email("ANN@example.com") == made
    assert await database.users.by_subject("https://i", "s") == made
    assert await database.users.by_subject("https://other", "s") is None


@pytest.mark.parametrize("second", [{"email": "ann@example.com"}, {"email": None, "subject": "s"}])
async def test_an_address_and_a_subject_are_one_users(database: Database, second: dict) -> None:
    await database.users.create(user(issuer="https://i", subject="s"), event())
    with pytest.raises(Conflict):
        await database.users.create(user("user_2", issuer="https://i", **second), event())
    assert (await database.users.page(limit=10)).data[-1].id == "user_1"


async def test_what_is_refused_is_not_written_down(database: Database) -> None:
    await database.users.create(user(), event("user.added"))
    with pytest.raises(Conflict):
        await database.users.create(user("user_2"), event("user.added"))
    assert len((await database.audit.page(AuditQuery(), limit=10)).data) == 1


async def test_a_deleted_user_is_gone_until_added_again_with_the_same_id(database: Database) -> None:
    made = await joined(database, issuer="https://i", subject="s")
    key = await key_of(database, made)
    assert await database.users.delete(made.id, now=NOW, event=event())
    assert not await database.users.delete(made.id, now=NOW, event=event())
    assert await database.users.get(made.id) is None
    assert await database.users.by_email("ann@example.com") is None
    known = await database.users.by_subject("https://i", "s")
    assert known is not None
    assert known.deleted_at == NOW
    again = await database.users.create(user("user_9", permissions=("keys.create",)), event())
    assert (again.id, again.permissions, again.subject) == (made.id, ("keys.create",), "s")
    assert await database.members.get("proj_1", made.id) is None
    record = await database.keys.get(key.id)
    assert record is not None
    assert record.revoked_at == NOW


async def test_users_are_changed_and_what_is_left_out_stays(database: Database) -> None:
    await database.users.create(user(), event())
    changed = await database.users.update("user_1", UserChange(role="owner"), event())
    assert changed is not None
    assert (changed.name, changed.role, changed.permissions) == ("Ann", "owner", ("keys.use",))
    assert await database.users.get("user_1") == changed
    assert await database.users.update("user_9", UserChange(role="owner"), event()) is None


async def test_pages_of_users_follow_one_another(database: Database) -> None:
    for number in range(5):
        await database.users.create(user(f"user_{number}", email=None), event())
    first = await database.users.page(limit=2)
    second = await database.users.page(limit=3, after=first.data[-1].id)
    assert [each.id for each in (*first.data, *second.data)] == [f"user_{number}" for number in range(5)]
    assert (first.has_more, second.has_more) == (True, False)
    with pytest.raises(NotFound):
        await database.users.page(limit=2, after="user_9")


async def test_an_address_another_user_has_stays_with_them(database: Database) -> None:
    await database.users.create(user(), event())
    second = await database.users.create(user("user_2", email=None), event())
    claimed = structs.replace(second, issuer="https://i", subject="s", email="ann@example.com")
    await database.users.recognise(claimed)
    known = await database.users.by_subject("https://i", "s")
    assert known is not None
    assert (known.id, known.email) == ("user_2", None)


# Members


async def test_a_member_who_leaves_and_returns_keeps_the_account(database: Database) -> None:
    made = await joined(database)
    await key_of(database, made)
    before = await database.members.get("proj_1", made.id)
    assert before is not None
    assert before.account is not None
    assert await database.members.update("proj_1", made.id, "none", event()) is not None
    assert await database.members.get("proj_1", made.id) is None
    assert await database.members.update("proj_1", made.id, "owner", event()) is None
    assert (await database.members.page("proj_1", limit=5)).data == ()
    again = await database.members.add("proj_1", made.id, "owner", now=NOW + 5, event=event())
    assert (again.account, again.role, again.created_at) == (before.account, "owner", NOW + 5)


async def test_a_user_is_in_projects_that_are_not_archived(database: Database) -> None:
    made = await joined(database)
    await database.projects.create(Project("proj_2", "tools", NOW), event())
    await database.members.add("proj_2", made.id, "viewer", now=NOW, event=event())
    found = await database.members.of_user(made.id)
    assert [(each.project_name, each.role) for each in found] == [("default", "member"), ("tools", "viewer")]
    await database.projects.archive("proj_2", now=NOW, event=event())
    assert [each.project for each in await database.members.of_user(made.id)] == ["proj_1"]


# Projects


async def test_projects_are_renamed_archived_and_listed(database: Database) -> None:
    made = await database.projects.create(Project("proj_2", "tools", NOW + 1), event())
    with pytest.raises(Conflict):
        await database.projects.create(Project("proj_3", "tools", NOW), event())
    with pytest.raises(Conflict):
        await database.projects.rename("proj_2", "default", event())
    renamed = await database.projects.rename("proj_2", "shop", event())
    assert renamed == structs.replace(made, name="shop")
    assert await database.projects.rename("proj_9", "x", event()) is None
    archived = await database.projects.archive("proj_2", now=NOW + 9, event=event())
    assert archived is not None
    again = await database.projects.archive("proj_2", now=NOW + 99, event=event())
    assert again == archived
    assert [each.id for each in (await database.projects.page(limit=5)).data] == ["proj_1"]
    every = await database.projects.page(limit=5, archived=True)
    assert [each.id for each in every.data] == ["proj_1", "proj_2"]


async def test_the_keys_of_an_archived_project_are_revoked(database: Database) -> None:
    await database.projects.archive("proj_1", now=NOW, event=event())
    key = await database.keys.get("key_1")
    assert key is not None
    assert key.revoked_at == NOW


# Service accounts


async def test_a_service_account_is_its_projects_and_its_keys_end_with_it(database: Database) -> None:
    robot = ServiceAccount("svcacct_1", "proj_1", "robot", "member", NOW)
    await database.service_accounts.create(robot, event())
    key = structs.replace(new_key("key_2", account="acct_2"), service_account=robot.id)
    await database.keys.create(key)
    assert await database.service_accounts.get("proj_2", robot.id) is None
    changed = await database.service_accounts.update(
        "proj_1", robot.id, name=None, role="owner", event=event()
    )
    assert changed == structs.replace(robot, role="owner")
    assert not await database.service_accounts.delete("proj_2", robot.id, now=NOW, event=event())
    assert await database.service_accounts.delete("proj_1", robot.id, now=NOW, event=event())
    assert (await database.service_accounts.page("proj_1", limit=5)).data == ()
    found = await database.keys.find_by_digest(key.digest)
    assert found is not None
    assert found.revoked_at == NOW


# Keys


@pytest.mark.parametrize(
    ("role", "left"),
    [
        ("owner", ("inference", "usage.read", "agents.write")),
        ("member", ("inference", "agents.write")),
        ("viewer", ()),
    ],
)
async def test_a_key_has_the_scopes_its_owners_role_leaves(database: Database, role: Role, left) -> None:
    made = await joined(database, role)
    key = await key_of(database, made, "inference", "usage.read", "agents.write", "keys.create", "admin")
    assert key.scopes == left
    assert key.denied is None


async def test_permissions_decide_over_a_users_keys(database: Database) -> None:
    made = await joined(database, permissions=())
    key = await key_of(database, made, "inference", "keys.create")
    assert key.denied is not None
    assert "keys.use" in key.denied
    await database.users.update(made.id, UserChange(permissions=("keys.use", "keys.create")), event())
    database.keys.forget_recalled()
    digest = structs.replace(new_key("key_2")).digest
    found = await database.keys.find_by_digest(digest)
    assert found is not None
    assert (found.denied, found.scopes) == (None, ("inference", "keys.create"))


async def test_a_key_of_who_left_the_project_is_denied(database: Database) -> None:
    made = await joined(database)
    key = await key_of(database, made)
    await database.members.update("proj_1", made.id, "none", event())
    database.keys.forget_recalled()
    found = await database.keys.find_by_digest(new_key("key_2").digest)
    assert found is not None
    assert (found.id, found.scopes) == (key.id, ())
    assert found.denied is not None


async def test_two_keys_of_a_user_share_their_account(database: Database) -> None:
    made = await joined(database)
    first = await key_of(database, made)
    second = structs.replace(new_key("key_3", account="acct_3"), user=made.id, on_users_account=True)
    assert (await database.keys.create(second)).account == first.account
    own = structs.replace(new_key("key_4", account="acct_4"), user=made.id)
    assert (await database.keys.create(own)).account == "acct_4"


async def test_a_rotated_key_is_found_by_both_secrets_for_a_while(database: Database) -> None:
    minted = mint()
    assert await database.keys.rotate("key_1", minted, until=NOW + 60, event=event()) is not None
    old = await database.keys.find_by_digest(new_key().digest)
    new = await database.keys.find_by_digest(minted.digest)
    assert old is not None
    assert new is not None
    assert (old.id, new.id) == ("key_1", "key_1")
    assert (old.expires_at, new.expires_at) == (NOW + 60, None)
    assert new.last_four == minted.last_four
    await database.keys.rotate("key_1", mint(), until=NOW + 60, event=event())
    assert await database.keys.find_by_digest(new_key().digest) is None
    assert await database.keys.find_by_digest(minted.digest) is not None


async def test_a_revoked_key_is_neither_rotated_nor_changed(database: Database) -> None:
    await database.keys.revoke("key_1", now=NOW, event=event())
    assert await database.keys.rotate("key_1", mint(), until=NOW, event=event()) is None
    assert await database.keys.update("key_1", KeyChange(name="x"), event=event()) is None


async def test_a_key_is_changed_and_what_is_left_out_stays(database: Database) -> None:
    await database.keys.update("key_1", KeyChange(agents=("agent_a",), expires_at=NOW + 9), event=event())
    changed = await database.keys.update("key_1", KeyChange(scopes=("files",)), event=event())
    assert changed is not None
    assert (changed.scopes, changed.agents, changed.expires_at) == (("files",), ("agent_a",), NOW + 9)
    assert await database.keys.get("key_1") == changed


async def test_keys_of_administration_are_listed_apart(database: Database) -> None:
    for number in (2, 3):
        key = structs.replace(
            new_key(f"key_{number}", account=f"acct_{number}", created_at=NOW + number), scopes=("admin",)
        )
        await database.keys.create(key)
    assert [key.id for key in (await database.keys.page("proj_1", limit=5)).data] == ["key_1"]
    oldest = await database.keys.page_of_administration(limit=1)
    newest = await database.keys.page_of_administration(limit=1, newest_first=True)
    assert ([oldest.data[0].id, newest.data[0].id], oldest.has_more) == (["key_2", "key_3"], True)
    rest = await database.keys.page_of_administration(limit=5, after="key_3", newest_first=True)
    assert [key.id for key in rest.data] == ["key_2"]


async def test_a_users_tokens_spend_by_one_key_for_each_project(database: Database) -> None:
    made = await joined(database)
    first = await database.keys.sign_in("proj_1", made.id, key="key_5", account="acct_5", now=NOW)
    again = await database.keys.sign_in("proj_1", made.id, key="key_6", account="acct_6", now=NOW)
    assert first == again
    assert (first.id, first.account, first.signed_in) == ("key_5", "acct_5", True)
    assert (await key_of(database, made)).account == "acct_5"
    assert "key_5" not in {key.id for key in await database.keys.list()}


# The audit log


async def test_changes_are_kept_as_they_were_told_newest_first(database: Database) -> None:
    actor = Actor("key", "key_1", "user_1", "ann@example.com", None)
    told = structs.replace(
        event("api_key.created", project="proj_1", request_id="req_1"),
        actor=actor,
        details=detailed({"scopes": ("files",), "name": "ci"}),
    )
    await database.audit.record(told)
    await database.audit.record(event("project.created", target="proj_1"))
    newest, oldest = (await database.audit.page(AuditQuery(), limit=5)).data
    assert newest.type == "project.created"
    assert bytes(oldest.details) == b'{"scopes":["files"],"name":"ci"}'
    assert structs.replace(oldest, details=told.details) == told


@pytest.mark.parametrize(
    ("query", "found"),
    [
        (AuditQuery(types=("a.b",)), ["2"]),
        (AuditQuery(projects=("proj_1",)), ["1"]),
        (AuditQuery(targets=("3",)), ["3"]),
        (AuditQuery(emails=("ann@example.com",)), ["3"]),
        (AuditQuery(actors=("user_1", "key_9")), ["3"]),
        (AuditQuery(since=NOW + 2), ["3", "2"]),
        (AuditQuery(until=NOW + 2), ["1"]),
    ],
)
async def test_changes_are_filtered(database: Database, query: AuditQuery, found: list[str]) -> None:
    ann = Actor("key", "key_1", "user_1", "ann@example.com", None)
    moments = [(NOW + number) * 1_000_000 for number in (1, 2, 3)]
    await database.audit.record(event("c.d", moment=moments[0], target="1", project="proj_1"))
    await database.audit.record(event("a.b", moment=moments[1], target="2"))
    await database.audit.record(structs.replace(event("c.d", moment=moments[2], target="3"), actor=ann))
    page = await database.audit.page(query, limit=5)
    assert [each.target for each in page.data] == found
    assert [each.target async for each in database.audit.every(query)] == found


async def test_pages_of_changes_go_both_ways(database: Database) -> None:
    made = [event(target=str(number)) for number in range(5)]
    for each in made:
        await database.audit.record(each)
    first = await database.audit.page(AuditQuery(), limit=2)
    assert ([each.target for each in first.data], first.has_more) == (["4", "3"], True)
    second = await database.audit.page(AuditQuery(), limit=2, after=first.data[-1].id)
    assert [each.target for each in second.data] == ["2", "1"]
    back = await database.audit.page(AuditQuery(), limit=2, before=second.data[0].id)
    assert [each.target for each in back.data] == ["4", "3"]
    with pytest.raises(NotFound):
        await database.audit.page(AuditQuery(), limit=2, after="audit_9")
