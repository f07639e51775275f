"""`dragoman limits`: the limits of single keys."""

from __future__ import annotations

from pathlib import Path

import click
from msgspec import structs

from service.cli.changes import change
from service.cli.common import config_option, expected_failures, fail, json_option, on_store, print_json
from service.store.database import Database
from specs.limits import KeyRates

CONFIGURED = "configured"
"""What takes a limit of a key's own back."""


class Most(click.ParamType):
    """A number, or `configured`."""

    name = "number"

    def convert(
        self, value: str | int, param: click.Parameter | None, ctx: click.Context | None
    ) -> int | str:
        """Read the number."""
        if value == CONFIGURED:
            return CONFIGURED
        if not str(value).isascii() or not str(value).isdigit():
            self.fail(f"{value!r} must be a number from 0 on, or {CONFIGURED!r}", param, ctx)
        return int(value)


@click.command()
@click.argument("key_id")
@click.option("--requests-per-minute", type=Most(), help="Model calls it may ask for in a minute.")
@click.option("--tokens-per-minute", type=Most(), help="Tokens they may use in a minute.")
@click.option("--parallel-runs", type=Most(), help="Runs it may have going on at once.")
@config_option
@json_option
@expected_failures
def limits(key_id: str, config: Path | None, as_json: bool, **asked: int | str | None) -> None:
    """Show or set the limits of a key; `configured` goes back to those of every key."""
    given = {
        name: None if value == CONFIGURED else value for name, value in asked.items() if value is not None
    }

    async def work(database: Database) -> KeyRates | None:
        rates = await database.key_rates.find(key_id)
        if rates is None or not given:
            return rates
        rates = structs.replace(rates, **given)
        event = change("api_key.limited", key_id, **structs.asdict(rates))
        return rates if await database.key_rates.set(key_id, rates, event=event) else None

    rates = on_store(config, work)
    if rates is None:
        fail(f"There is no valid key {key_id!r}. `dragoman keys list` shows them.")
    if as_json:
        print_json({"id": key_id, **structs.asdict(rates)})
        return
    for name, value in structs.asdict(rates).items():
        click.echo(f"{name}: {CONFIGURED if value is None else value}")
