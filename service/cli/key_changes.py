"""`dragoman keys list`, `rotate` and `revoke`."""

from __future__ import annotations

import time
from pathlib import Path

import click

from service.cli.changes import change
from service.cli.common import (
    config_option,
    expected_failures,
    fail,
    json_option,
    moment,
    on_store,
    print_json,
    print_table,
)
from service.cli.values import Span
from service.store.database import Database
from service.store.keys import mint, mint_admin
from service.store.records import KeyRecord
from specs.errors import NotFound
from specs.scopes import ADMIN

DEFAULT_GRACE = 86_400


@click.command("list")
@click.option("--project", help="Only the keys of this project.")
@config_option
@json_option
@expected_failures
def list_keys(project: str | None, config: Path | None, as_json: bool) -> None:
    """List the keys; of their secrets only the ends are known."""

    async def find(database: Database) -> list[KeyRecord]:
        return [key for key in await database.keys.list() if project in (None, key.project_name)]

    found = on_store(config, find)
    if as_json:
        print_json([{"id": key.id, **shown(key)} for key in found])
        return
    heads = ("ID", "NAME", "KEY", "PROJECT", "SCOPES", "AGENTS", "EXPIRES", "STATE")
    rows = [
        (
            key.id,
            key.name,
            f"{key.prefix}…{key.last_four}",
            key.project_name,
            key.scopes,
            key.agents or "all",
            moment(key.expires_at),
            state(key),
        )
        for key in found
    ]
    print_table(heads, rows, empty="There are no keys.")


@click.command()
@click.argument("key_id")
@click.option("--grace", type=Span(), default=DEFAULT_GRACE, help="How long the old one opens: 12h, 0s (1d).")
@config_option
@json_option
@expected_failures
def rotate(key_id: str, grace: int, config: Path | None, as_json: bool) -> None:
    """Give a key another secret and show it, this once."""

    async def work(database: Database) -> tuple[KeyRecord, str]:
        key = await database.keys.get(key_id)
        if key is None or key.revoked_at is not None or key.signed_in:
            raise NotFound(f"There is no key {key_id!r} to rotate. `dragoman keys list` shows them.")
        minted = mint_admin() if ADMIN in key.scopes else mint()
        event = change("api_key.rotated", key.id, project=key.project, name=key.name, grace_seconds=grace)
        until = int(time.time()) + grace
        await database.keys.rotate(key.id, minted, until=until, event=event)
        return await database.keys.get(key.id) or key, minted.secret.reveal()

    record, secret = on_store(config, work)
    if as_json:
        print_json({"id": record.id, "key": secret, **shown(record), "grace_seconds": grace})
    else:
        click.echo(f"The new secret of {record.id}; it is shown this once:\n\n  {secret}\n")
        click.echo(f"The old one opens until {moment(int(time.time()) + grace)}.")


@click.command()
@click.argument("key_id")
@config_option
@json_option
@expected_failures
def revoke(key_id: str, config: Path | None, as_json: bool) -> None:
    """Revoke a key for good."""

    async def work(database: Database) -> bool:
        key = await database.keys.get(key_id)
        if key is None:
            return False
        event = change("api_key.deleted", key_id, project=key.project, name=key.name)
        return await database.keys.revoke(key_id, now=int(time.time()), event=event)

    if not on_store(config, work):
        fail(f"There is no key {key_id!r} to revoke. `dragoman keys list` shows them.")
    if as_json:
        print_json({"id": key_id, "revoked": True})
    else:
        click.echo(f"Revoked {key_id}.")


def state(key: KeyRecord) -> str:
    """Whether a key opens now."""
    if key.revoked_at is not None:
        return "revoked"
    return "valid" if key.valid(time.time()) else "expired"


def shown(key: KeyRecord) -> dict[str, object]:
    """A key as JSON shows it."""
    return {
        "name": key.name,
        "project": key.project_name,
        "prefix": key.prefix,
        "last_four": key.last_four,
        "scopes": key.scopes,
        "agents": key.agents,
        "user_id": key.user,
        "service_account_id": key.service_account,
        "account_id": key.account,
        "created_at": key.created_at,
        "expires_at": key.expires_at,
        "revoked_at": key.revoked_at,
        "last_used_at": key.last_used_at,
        "state": state(key),
    }
