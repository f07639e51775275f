"""`dragoman balance`, `dragoman usage`, `dragoman doctor`."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path

import click

from service.cli.common import (
    config_option,
    expected_failures,
    json_option,
    on_store,
    print_json,
    print_table,
)
from service.cli.keys import Amount
from service.store.database import Database
from service.store.records import Account, BrokenInvariant, HouseTotals, KeyRecord, UsageTotal
from specs.errors import NotFound
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


@click.group()
def balance() -> None:
    """Show and raise balances."""


@balance.command()
@click.argument("key_id")
@config_option
@json_option
@expected_failures
def show(key_id: str, config: Path | None, as_json: bool) -> None:
    """Show what a key was granted, has spent, and can spend."""

    async def find(database: Database) -> Account:
        return await _account(database, await _key(database, key_id))

    _print_balance(key_id, on_store(config, find), as_json=as_json)


@balance.command()
@click.argument("key_id")
@click.argument("usd", type=Amount(), metavar="USD")
@config_option
@json_option
@expected_failures
def add(key_id: str, usd: int, config: Path | None, as_json: bool) -> None:
    """Add to a key's balance (after `--`, a negative amount takes back what is not spent)."""
    if usd == 0:
        raise click.BadParameter("must not be zero", param_hint="USD")

    async def grant(database: Database) -> Account:
        key = await _key(database, key_id)
        return await database.accounts.grant(key.account, usd, reason="operator", now=int(time.time()))

    _print_balance(key_id, on_store(config, grant), as_json=as_json)


@click.command()
@click.option("--key", "key_id", metavar="ID", help="Only what this key used.")
@config_option
@json_option
@expected_failures
def usage(key_id: str | None, config: Path | None, as_json: bool) -> None:
    """Show what was used and what it cost, by key and model."""

    async def find(database: Database) -> Sequence[UsageTotal]:
        if key_id is not None:
            await _key(database, key_id)
        return await database.usage.totals(key=key_id)

    totals = on_store(config, find)
    if as_json:
        print_json([_shown(total) for total in totals])
        return
    heads = ("KEY", "NAME", "MODEL", "CALLS", "INPUT", "OUTPUT", "CHARGED USD")
    rows = [
        (
            total.key,
            total.key_name,
            f"{total.provider}/{total.model}",
            total.attempts,
            total.input,
            total.output,
            format_usd(total.charged),
        )
        for total in totals
    ]
    print_table(heads, rows, empty="Nothing was used yet.")


@click.command()
@config_option
@json_option
@expected_failures
def doctor(config: Path | None, as_json: bool) -> None:
    """Check the invariants of the books; exit 1 when one is broken."""

    async def examine(database: Database) -> tuple[list[BrokenInvariant], HouseTotals]:
        broken = await database.books.check(now=int(time.time()), grace=GRACE_SECONDS)
        return broken, await database.usage.house()

    broken, house = on_store(config, examine)
    if as_json:
        print_json(_diagnosis(broken, house))
    else:
        _print_diagnosis(broken, house)
    if broken:
        raise SystemExit(1)


async def _key(database: Database, id: str) -> KeyRecord:
    key = await database.keys.get(id)
    if key is None:
        raise NotFound(f"There is no key {id!r}. `dragoman keys list` shows them.")
    return key


async def _account(database: Database, key: KeyRecord) -> Account:
    account = await database.accounts.get(key.account)
    if account is None:
        raise NotFound(f"The account {key.account!r} of this key is gone.")
    return account


def _print_balance(key_id: str, account: Account, *, as_json: bool) -> None:
    amounts = {
        "granted": format_usd(account.granted),
        "settled": format_usd(account.settled),
        "held": format_usd(account.held),
        "available": None if account.available is None else format_usd(account.available),
    }
    if as_json:
        print_json({"key_id": key_id, "account_id": account.id, **amounts})
        return
    for name, amount in amounts.items():
        click.echo(f"{name:<10} {'without limit' if amount is None else '$' + amount}")


def _shown(total: UsageTotal) -> dict[str, object]:
    return {
        "key_id": total.key,
        "key_name": total.key_name,
        "provider": total.provider,
        "model": total.model,
        "calls": total.attempts,
        "input_tokens": total.input,
        "output_tokens": total.output,
        "cost": format_usd(total.cost),
        "charged": format_usd(total.charged),
        "estimated_calls": total.estimated,
    }


def _failures(broken: list[BrokenInvariant], name: str) -> list[BrokenInvariant]:
    return [each for each in broken if each.name.split("_")[0] == name]


def _diagnosis(broken: list[BrokenInvariant], house: HouseTotals) -> dict[str, object]:
    return {
        "ok": not broken,
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
    }


def _print_diagnosis(broken: list[BrokenInvariant], house: HouseTotals) -> None:
    for name, about in INVARIANTS.items():
        found = _failures(broken, name)
        click.echo(f"{name}  {'broken' if found else 'ok':<6}  {about}")
        for each in found:
            click.echo(f"            {each.detail}")
    click.echo(f"Total overrun: ${format_usd(house.overrun)}. Failed attempts: ${format_usd(house.failed)}.")
    click.echo(f"Holds open now: {house.holds_open}.")
