"""What the writer does for a hold: open, grow, settle, void. Each runs inside one transaction.

The guards are in the statements, and the account's columns and the transfers follow by triggers: a
request costs five statements in all. Each statement gives up Python's lock and must get it back from
a busy event loop, so their number is what a settlement costs.
"""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec import structs

from service.store.records import (
    ExtendHold,
    HoldRefused,
    HoldTaken,
    OpenHold,
    Settle,
    Settled,
    Taken,
    VoidHold,
)
from service.store.statements import sql
from service.store.writer import Connection, row
from specs.usage import COUNTS, Usage

_HOLDS = sql("holds")
_RUNS = sql("runs")
_USAGE = sql("usage")
_DAY = 86_400


def open_hold(connection: Connection, order: OpenHold) -> Taken:
    """Hold between least and most, and note the run."""
    values = structs.asdict(order)
    held = row(connection, _HOLDS["open"], values)
    if held is None:
        return _refusal(connection, values)
    connection.execute(_RUNS["start"], values)
    return HoldTaken(held[0])


def _refusal(connection: Connection, values: dict[str, Any]) -> HoldRefused:
    standing = row(connection, _HOLDS["standing"], values)
    if standing is None:
        return HoldRefused("key")
    available, held, key_valid, run_open = standing
    if not key_valid:
        return HoldRefused("key", available, held)
    return HoldRefused("balance" if run_open else "run", available, held)


def extend_hold(connection: Connection, order: ExtendHold) -> int:
    """Let an open hold grow between least and most; by nothing where that is refused."""
    values = structs.asdict(order)
    before = row(connection, _HOLDS["amount"], values)
    after = row(connection, _HOLDS["grow"], values)
    return after[0] - before[0] if after else 0


def void(connection: Connection, order: VoidHold) -> bool:
    """Give an open hold back."""
    return row(connection, _HOLDS["void"], structs.asdict(order)) is not None


def settle(connection: Connection, order: Settle) -> Settled:
    """Settle an open hold and write down what was used; its transfers follow from that."""
    failed = _paid_by_house(connection, order)
    values = _usage_row(order)
    due = values["due"] = order.cost - failed
    resolved = row(connection, _HOLDS["settle"], values)
    if resolved is None:
        return Settled(already=True)
    amount, charged = resolved
    if order.usage.estimated:
        due = min(due, amount)
    values.update(cost=due + failed, charged=charged, failed=failed, overrun=due - charged)
    connection.execute(_USAGE["record"], values)
    return Settled(due + failed, charged, failed, due - charged)


def _paid_by_house(connection: Connection, order: Settle) -> int:
    """What the house pays of a failed attempt: all of it, until the day's allowance is used up."""
    if order.house_allowance is None:
        return 0
    since = order.now - order.now % _DAY
    (spent,) = row(connection, _HOLDS["failed_since"], {"run": order.run, "since": since})
    return min(order.cost, max(0, order.house_allowance - spent))


def _usage_row(order: Settle) -> dict[str, Any]:
    """The values of a usage row that its hold and run do not know, but who paid."""
    values = structs.asdict(order.usage)
    values["units"] = msgspec.json.encode(order.usage.units).decode() if order.usage.units else None
    values["run"] = order.run
    values["step"] = order.step
    values["attempt"] = order.attempt
    values["rates"] = order.rates
    values["raw"] = order.raw
    values["now"] = order.now
    return values


def row_to_usage(values: tuple[Any, ...]) -> Usage:
    """Read the counts, the units and the flag of a usage row back."""
    *counts, units, estimated = values
    return Usage(
        **dict(zip(COUNTS, counts, strict=True)),
        units=_units.decode(units) if units else {},
        estimated=bool(estimated),
    )


_units = msgspec.json.Decoder(dict[str, int])
