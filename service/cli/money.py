"""`dragoman balance` and `dragoman usage`."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path

import click

from service.cli.changes import change
from service.cli.common import (
    config_option,
    expected_failures,
    json_option,
    on_store,
    print_json,
    print_table,
)
from service.cli.values import Amount
from service.store.database import Database
from service.store.records import Account, KeyRecord, UsageTotal
from specs.errors import NotFound
from specs.money import format_usd


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
        kind = "account.topped_up" if usd > 0 else "account.adjusted"
        event = change(kind, key.account, project=key.project, amount=format_usd(usd))
        now = int(time.time())
        return await database.accounts.grant(key.account, usd, reason="operator", now=now, audit=event)

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
