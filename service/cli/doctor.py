"""`dragoman doctor`."""

from __future__ import annotations

import time
from pathlib import Path

import click

from service.cli.common import (
    config_option,
    expected_failures,
    fail,
    json_option,
    on_store,
    print_json,
    read_store_settings,
)
from service.secrets import BadKeyFile, Sealer
from service.store.database import Database
from service.store.records import BrokenInvariant, HouseTotals
from service.store.resealing import Opened, open_all
from specs.money import format_usd

INVARIANTS = {
    "I1": "entries sum to zero and to the accounts",
    "I2": "no balance is below zero",
    "I3": "what is held is the sum of the open holds",
    "I4": "a hold resolves exactly once",
    "I5": "no more is settled from a hold than it held",
    "I6": "every paid attempt has exactly one usage record",
    "I7": "parts of a usage do not exceed their totals",
    "I8": "no hold or run outlives its lease",
}
GRACE_SECONDS = 60
"""How long a lease may have been expired: the time the sweep has."""


@click.command()
@config_option
@json_option
@expected_failures
def doctor(config: Path | None, as_json: bool) -> None:
    """Check the invariants of the books, and open every credential; exit 1 when something is wrong."""
    sealer = Sealer(read_store_settings(config).secret_key_file)

    async def examine(database: Database) -> tuple[list[BrokenInvariant], HouseTotals, Opened]:
        broken = await database.books.check(now=int(time.time()), grace=GRACE_SECONDS)
        opened = await open_all(database, sealer)
        return broken, await database.usage.house(), opened

    try:
        broken, house, opened = on_store(config, examine)
    except BadKeyFile as error:
        fail(str(error))
    if as_json:
        print_json(_diagnosis(broken, house, opened))
    else:
        _print_diagnosis(broken, house)
        _print_credentials(opened)
    if broken or opened.unreadable:
        raise SystemExit(1)


def _failures(broken: list[BrokenInvariant], name: str) -> list[BrokenInvariant]:
    return [each for each in broken if each.name.split("_")[0] == name]


def _diagnosis(broken: list[BrokenInvariant], house: HouseTotals, opened: Opened) -> dict[str, object]:
    return {
        "ok": not broken and not opened.unreadable,
        "invariants": [
            {
                "name": name,
                "about": about,
                "ok": not _failures(broken, name),
                "broken": [each.detail for each in _failures(broken, name)],
            }
            for name, about in INVARIANTS.items()
        ],
        "total_overrun": format_usd(house.overrun),
        "failed_attempts": format_usd(house.failed),
        "holds_open": house.holds_open,
        "credentials": opened,
    }


def _print_credentials(opened: Opened) -> None:
    click.echo(f"Credentials stored: {opened.stored}, unreadable: {len(opened.unreadable)}.")
    for id in opened.unreadable:
        click.echo(f"            no key opens {id}; it must be stored again")


def _print_diagnosis(broken: list[BrokenInvariant], house: HouseTotals) -> None:
    for name, about in INVARIANTS.items():
        found = _failures(broken, name)
        click.echo(f"{name}  {'broken' if found else 'ok':<6}  {about}")
        for each in found:
            click.echo(f"            {each.detail}")
    click.echo(f"Total overrun: ${format_usd(house.overrun)}. Failed attempts: ${format_usd(house.failed)}.")
    click.echo(f"Holds open now: {house.holds_open}.")
