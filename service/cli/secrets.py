"""`dragoman secrets`: the key that seals what is secret in the database."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path

import click

from service.cli.changes import change
from service.cli.common import (
    config_option,
    expected_failures,
    fail,
    json_option,
    on_store,
    print_json,
    read_store_settings,
)
from service.secrets import BadKeyFile, Sealer, add_key, drop_old_keys
from service.store.database import Database
from service.store.resealing import Opened, reseal_all


@click.group()
def secrets() -> None:
    """Replace the key that seals credentials."""


@secrets.command()
@config_option
@json_option
@expected_failures
def rotate(config: Path | None, as_json: bool) -> None:
    """Make a new key, and seal every credential with it; the old ones still open what they sealed."""

    async def work(database: Database, file: Path) -> Opened:
        add_key(file)
        resealed = await reseal_all(database, Sealer(file))
        await database.audit.record(change("secrets.rotated", "credentials", stored=resealed.stored))
        return resealed

    resealed = _on_keys(config, work)
    _tell(resealed, as_json)
    if not as_json:
        click.echo("Send the running services SIGHUP, or restart them. Later: dragoman secrets drop-old")


@secrets.command("drop-old")
@config_option
@json_option
@expected_failures
def drop_old(config: Path | None, as_json: bool) -> None:
    """Forget every key but the newest. What only they open is lost, unless it is a credential."""

    async def work(database: Database, file: Path) -> Opened:
        resealed = await reseal_all(database, Sealer(file))
        if not resealed.unreadable:
            dropped = drop_old_keys(file)
            await database.audit.record(change("secrets.dropped", "credentials", keys=dropped))
        return resealed

    _tell(_on_keys(config, work), as_json)


def _on_keys(config: Path | None, work: Callable[[Database, Path], Awaitable[Opened]]) -> Opened:
    file = read_store_settings(config).secret_key_file
    try:
        return on_store(config, lambda database: work(database, file))
    except BadKeyFile as error:
        fail(str(error))


def _tell(resealed: Opened, as_json: bool) -> None:
    if as_json:
        print_json(resealed)
    else:
        click.echo(f"Credentials sealed with the newest key: {resealed.stored - len(resealed.unreadable)}.")
    if resealed.unreadable:
        fail(*(f"No key opens the credential {id}. It must be stored again." for id in resealed.unreadable))
