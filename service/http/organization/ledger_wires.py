"""Entries of the ledger and settlements as they are shown."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any, assert_never

import msgspec

from service.ids import response_id
from service.ledger.bill import Line, lines
from service.ledger.cost import cost
from service.store.entry_records import Charge, Entry, Grant, entry_id
from service.store.records import UsageRecord
from specs.money import format_usd
from specs.openai import organization_ledger as wire
from specs.openai.organization_accounts import ModelRates
from specs.prices import Rates
from specs.usage import COUNTS

_REVENUE = "house:revenue"


def entry_to_wire(entry: Entry) -> wire.LedgerEntry:
    """An entry with both its sides."""
    match entry:
        case Grant():
            return _grant_to_wire(entry)
        case UsageRecord():
            return _charge_to_wire(entry)
        case _:
            assert_never(entry)


def _grant_to_wire(grant: Grant) -> wire.LedgerEntry:
    amount = format_usd(grant.amount)
    return wire.LedgerEntry(
        id=entry_id(grant),
        created_at=grant.created_at,
        kind=grant.cause,
        account_id=grant.account,
        project_id=grant.project,
        amount=amount,
        postings=(wire.Posting(grant.account, amount), wire.Posting(grant.house, format_usd(-grant.amount))),
        reason=grant.reason,
        actor=grant.actor,
        response_id=response_id(grant.reference) if grant.cause == "refund" else None,
        usage=None,
    )


def _charge_to_wire(record: UsageRecord) -> wire.LedgerEntry:
    payers = (
        (record.account, record.charged),
        ("house:failed", record.failed),
        ("house:overrun", record.overrun),
    )
    postings = [(account, -amount) for account, amount in payers if amount]
    if record.cost:
        postings.append((_REVENUE, record.cost))
    return wire.LedgerEntry(
        id=entry_id(record),
        created_at=record.created_at,
        kind="usage",
        account_id=record.account,
        project_id=record.project,
        amount=format_usd(-record.charged),
        postings=tuple(wire.Posting(account, format_usd(amount)) for account, amount in postings),
        reason="",
        actor=record.key,
        response_id=response_id(record.run),
        usage=wire.Attempt(**_attempt(record)),
    )


def _attempt(record: UsageRecord) -> dict[str, Any]:
    """The fields of an attempt, which a settlement has too."""
    return {
        "run_id": record.run,
        "step": record.step,
        "attempt": record.attempt,
        "key_id": record.key,
        "agent_id": record.agent,
        "agent_version": record.agent_version,
        "api": record.api,
        "provider": record.provider,
        "model": record.model,
        "estimated": record.usage.estimated,
        "tokens": wire.Tokens(*(getattr(record.usage, name) for name in COUNTS)),
        "units": record.usage.units,
        "rates": rates_to_wire(msgspec.json.decode(record.rates, type=Rates)),
        "cost": format_usd(record.cost),
    }


def rates_to_wire(rates: Rates) -> ModelRates:
    """Rates as decimal strings without an exponent."""
    named = {name: getattr(rates, name) for name in ModelRates.__struct_fields__ if name != "units"}
    return ModelRates(
        **{name: decimal_text(rate) for name, rate in named.items() if rate is not None},
        units={name: decimal_text(rate) for name, rate in rates.units.items()},
    )


def decimal_text(value: Decimal) -> str:
    """A decimal as it would be written by hand."""
    text = f"{value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def settlement_to_wire(id: str, charges: Sequence[Charge]) -> wire.ResponseSettlement:
    """How a response was charged; there is at least one charge."""
    records = [charge.usage for charge in charges]
    return wire.ResponseSettlement(
        id=id,
        run_id=records[0].run,
        project_id=records[0].project,
        estimated=any(record.usage.estimated for record in records),
        attempts=tuple(map(_settled_to_wire, charges)),
        total=wire.Total(
            input_tokens=sum(record.usage.input or 0 for record in records),
            output_tokens=sum(record.usage.output or 0 for record in records),
            cost=format_usd(sum(record.cost for record in records)),
            charged=format_usd(sum(record.charged for record in records)),
            failed=format_usd(sum(record.failed for record in records)),
            overrun=format_usd(sum(record.overrun for record in records)),
            refunded=format_usd(sum(charge.refunded for charge in charges)),
        ),
    )


def _settled_to_wire(charge: Charge) -> wire.SettledAttempt:
    record = charge.usage
    rates = msgspec.json.decode(record.rates, type=Rates)
    return wire.SettledAttempt(
        **_attempt(record),
        created_at=record.created_at,
        account_id=record.account,
        lines=tuple(map(_line_to_wire, lines(record.usage, rates))),
        cut_to_hold=record.cost < cost(record.usage, rates),
        charged=format_usd(record.charged),
        failed=format_usd(record.failed),
        overrun=format_usd(record.overrun),
        refunded=format_usd(charge.refunded),
    )


def _line_to_wire(line: Line) -> wire.Line:
    return wire.Line(line.name, line.quantity, decimal_text(line.rate), line.per, decimal_text(line.amount))
