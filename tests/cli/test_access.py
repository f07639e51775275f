"""`dragoman keys rotate`, `dragoman users`: access, done on the machine and written down."""

from __future__ import annotations

from typing import Any

import pytest

from service.store.access_records import AuditQuery
from service.store.keys import digest
from tests.cli.test_cli import Run, key, run

__all__ = ["key", "run"]


def types(run: Run) -> list[str]:
    """The changes in the audit log, newest first."""
    return [event["type"] for event in changes(run)]


def changes(run: Run) -> list[dict[str, Any]]:
    from pathlib import Path

    from service.cli.common import on_store
    from service.store.database import Database

    async def read(database: Database) -> list[dict[str, Any]]:
        events = [event async for event in database.audit.every(AuditQuery())]
        return [{"type": event.type, "actor": event.actor.kind, "text": repr(event)} for event in events]

    return on_store(Path("dragoman.toml") if Path("dragoman.toml").exists() else None, read)


def test_a_rotated_key_has_another_secret(run: Run, key: dict[str, Any]) -> None:
    new = run("keys", "rotate", key["id"], "--grace", "0s", "--json").json
    assert new["id"] == key["id"]
    assert new["key"] != key["key"]
    assert new["grace_seconds"] == 0
    assert new["last_four"] == new["key"][-4:]
    again = run("keys", "rotate", key["id"])
    assert "it is shown this once" in again.out


@pytest.mark.parametrize("grace", ["soon", "12", "-1s", "99999999999999d"])
def test_a_grace_that_is_no_span_is_not_understood(run: Run, key: dict[str, Any], grace: str) -> None:
    assert run("keys", "rotate", key["id"], "--grace", grace).code == 2


def test_a_revoked_key_is_not_rotated(run: Run, key: dict[str, Any]) -> None:
    run("keys", "revoke", key["id"])
    result = run("keys", "rotate", key["id"])
    assert (result.code, "to rotate" in result.err) == (1, True)


def test_what_was_done_is_in_the_audit_log_and_no_secret(run: Run, key: dict[str, Any]) -> None:
    new = run("keys", "rotate", key["id"], "--json").json
    run("keys", "revoke", key["id"])
    found = changes(run)
    assert [event["type"] for event in found] == ["api_key.deleted", "api_key.rotated", "api_key.created"]
    assert {event["actor"] for event in found} == {"operator"}
    for secret in (key["key"], new["key"]):
        assert all(
            secret not in event["text"] and digest(secret).hex() not in event["text"] for event in found
        )


def test_a_user_is_added_joined_given_a_key_and_removed(run: Run, key: dict[str, Any]) -> None:
    added = run("users", "add", "--email", "Ann@Example.com", "--grant", "keys.use", "--json").json
    assert (added["email"], added["role"], added["permissions"]) == (
        "ann@example.com",
        "reader",
        ["keys.use"],
    )
    joined = run("users", "set", "ann@example.com", "--project", "default", "--role", "member", "--json").json
    assert joined["projects"] == {"default": "member"}
    made = run("keys", "create", "--name", "hers", "--user", "ann@example.com", "--json").json
    assert made["user_id"] == added["id"]
    assert "Ann" not in run("users", "list").out
    assert "ann@example.com" in run("users", "list").out
    assert run("users", "remove", added["id"]).out == f"Deleted {added['id']}.\n"
    states = {each["id"]: each["state"] for each in run("keys", "list", "--json").json}
    assert states[made["id"]] == "revoked"
    assert types(run)[0] == "user.deleted"


def test_a_users_key_may_do_no_more_than_the_user(run: Run, key: dict[str, Any]) -> None:
    run("users", "add", "--email", "ann@example.com")
    run("users", "set", "ann@example.com", "--project", "default", "--role", "viewer")
    result = run("keys", "create", "--name", "hers", "--user", "ann@example.com")
    assert (result.code, "more than a viewer may" in result.err) == (1, True)


@pytest.mark.parametrize(
    "arguments",
    [
        ["users", "add"],
        ["users", "add", "--subject", "x"],
        ["users", "set", "x", "--project", "default"],
    ],
)
def test_half_a_wish_is_not_understood(run: Run, arguments: list[str]) -> None:
    assert run(*arguments).code == 2
