"""`dragoman ledger report` and `dragoman ledger reconcile`."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import click

from service.cli.common import (
    config_option,
    expected_failures,
    fail,
    json_option,
    moment,
    on_store,
    print_json,
    print_table,
    read_store_settings,
)
from service.cli.values import Amount
from service.http.organization.ledger_wires import settlement_to_wire
from service.ids import run_of
from service.ledger.reconcile import Billed, Difference, Sheet, add_up, compare, read_invoice
from service.store.database import Database
from service.store.entry_records import Charge
from service.store.periods import DAY
from specs.errors import NotFound
from specs.money import format_usd
from specs.openai.organization_ledger import ResponseSettlement, SettledAttempt


@click.group()
def ledger() -> None:
    """Show how a response was charged, and compare the ledger with an invoice."""


@ledger.command()
@click.argument("response_id")
@config_option
@json_option
@expected_failures
def report(response_id: str, config: Path | None, as_json: bool) -> None:
    """Show how a response was charged: every attempt, its tokens by class, the rates, who paid."""

    async def find(database: Database) -> Sequence[Charge]:
        return await database.entries.of_run(run_of(response_id), project=None)

    charges = on_store(config, find)
    if not charges:
        raise NotFound(f"There is no charge for {response_id!r}.")
    shown = settlement_to_wire(response_id, charges)
    if as_json:
        print_json(shown)
    else:
        _print_settlement(shown)


def _print_settlement(shown: ResponseSettlement) -> None:
    click.echo(f"response  {shown.id}")
    click.echo(f"project   {shown.project_id}")
    for attempt in shown.attempts:
        _print_attempt(attempt)
    total = shown.total
    click.echo(f"\ntotal     ${total.cost}")
    payers = (
        ("account", total.charged),
        ("house, failed attempts", total.failed),
        ("house, overrun", total.overrun),
        ("given back", total.refunded),
    )
    for name, amount in payers:
        if amount != "0.00" or name == "account":
            click.echo(f"  ${amount}  {name}")


def _print_attempt(attempt: SettledAttempt) -> None:
    how = "estimated" if attempt.estimated else "as reported"
    click.echo(f"\nstep {attempt.step}, attempt {attempt.attempt}: {attempt.provider}/{attempt.model}, {how}")
    click.echo(f"  {moment(attempt.created_at)}, agent {attempt.agent_id} version {attempt.agent_version}")
    click.echo(f"  key {attempt.key_id}, account {attempt.account_id}")
    rows = [
        (
            line.name,
            f"{line.quantity:,}",
            f"${line.rate} {'per million' if line.per > 1 else 'each'}",
            line.amount,
        )
        for line in attempt.lines
    ]
    print_table(
        ("  CLASS", "QUANTITY", "RATE", "USD"), [(f"  {name}", *rest) for name, *rest in rows], empty=""
    )
    cut = ", cut to what was held" if attempt.cut_to_hold else ""
    click.echo(f"  cost ${attempt.cost}{cut}")


@ledger.command()
@click.option("--provider", required=True, help="The provider, by its name in the configuration.")
@click.option(
    "--tolerance", type=Amount(), default="0.01", show_default=True, help="USD a day and model may differ by."
)
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@config_option
@json_option
@expected_failures
def reconcile(provider: str, tolerance: int, file: Path, config: Path | None, as_json: bool) -> None:
    """Compare the ledger with a provider's invoice, a CSV; exit 1 where they differ."""
    providers = read_store_settings(config).pricing
    if provider not in providers:
        fail(f"There is no provider {provider!r}; there are: {', '.join(providers) or 'none'}.")
    invoice = _read(file)
    if not invoice:
        fail(f"{file}: there is nothing in it to compare.")
    days = sorted(day for day, _ in invoice)
    since, until = _begins(days[0]), _begins(days[-1]) + DAY

    async def find(database: Database) -> Sheet:
        found = await database.entries.by_day(provider, since=since, until=until)
        return add_up(
            (_day(each.day), each.model, Billed(each.cost, each.input, each.output)) for each in found
        )

    ours = on_store(config, find)
    differences = compare(invoice, ours, tolerance=tolerance)
    if as_json:
        print_json({"ok": not differences, "differences": [_shown(each) for each in differences]})
    else:
        _print_differences(invoice, ours, differences)
    if differences:
        raise SystemExit(1)


def _read(file: Path) -> Sheet:
    try:
        with file.open(encoding="utf-8-sig", newline="") as lines:
            rows = csv.reader(lines)
            return read_invoice(next(rows, []), rows)
    except (ValueError, csv.Error, OSError) as error:
        fail(f"{file}: {error}")


def _begins(day: str) -> int:
    return int(datetime.fromisoformat(day).replace(tzinfo=UTC).timestamp())


def _day(begins: int) -> str:
    return datetime.fromtimestamp(begins, UTC).date().isoformat()


def _shown(difference: Difference) -> dict[str, object]:
    return {
        "day": difference.day,
        "model": difference.model,
        "invoiced": format_usd(difference.invoiced.cost),
        "ours": format_usd(difference.ours.cost),
        "difference": format_usd(difference.cost),
        "invoiced_tokens": {"input": difference.invoiced.input, "output": difference.invoiced.output},
        "our_tokens": {"input": difference.ours.input, "output": difference.ours.output},
    }


def _print_differences(invoice: Sheet, ours: Sheet, differences: list[Difference]) -> None:
    rows = [
        (
            each.day,
            each.model,
            *(format_usd(cost) for cost in (each.invoiced.cost, each.ours.cost, each.cost)),
        )
        for each in differences
    ]
    heads = ("DAY", "MODEL", "INVOICED USD", "OURS USD", "DIFFERENCE")
    print_table(heads, rows, empty="Invoice and ledger agree.")
    billed, known = (sum(each.cost for each in sheet.values()) for sheet in (invoice, ours))
    sums = (format_usd(amount) for amount in (billed, known, billed - known))
    click.echo("Invoiced ${}, ours ${}, difference ${}.".format(*sums))
