"""What the writer does for a hold: open, grow, settle, void. Each runs inside one transaction.

The guards are in the statements, and the account's columns and the transfers follow by triggers: a
request costs five statements in all. Each statement gives up Python's lock and must get it back from
a busy event loop, so their number is what a settlement costs.
"""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec import structs

from service.store.account_commands import refill_now
from service.store.records import (
    ExtendHold,
    HoldRefused,
    HoldTaken,
    Left,
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
    """Hold between least and most, and note the run; a refill that is due comes before a refusal."""
    values = structs.asdict(order)
    held = row(connection, _HOLDS["open"], values)
    if held is None:
        refused, to_refill = _refusal(connection, values)
        if to_refill is None or refill_now(connection, to_refill, now=order.now) is None:
            return refused
        held = row(connection, _HOLDS["open"], values)
    if held is None:
        return _refusal(connection, values)[0]
    connection.execute(_RUNS["start"], values)
    return HoldTaken(held[0])


def _refusal(connection: Connection, values: dict[str, Any]) -> tuple[HoldRefused, str | None]:
    """Why nothing was held, and the account to refill, if one is due."""
    standing = row(connection, _HOLDS["standing"], values)
    if standing is None:
        return HoldRefused("key"), None
    available, held, key_valid, run_open, beyond, beyond_day, *limits, to_refill = standing
    available = max(0, available)
    if not key_valid or not run_open:
        return HoldRefused("run" if key_valid else "key", available, held), None
    if not beyond:
        return HoldRefused("balance", available, held), to_refill
    day_limit, day_ends, month_limit, month_ends = limits
    if beyond_day == 0:
        return HoldRefused("day", available, held, day_limit, day_ends), to_refill
    return HoldRefused("month", available, held, month_limit, month_ends), to_refill


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
    amount, charged, *standing = resolved
    if order.usage.estimated:
        due = min(due, amount)
    values.update(cost=due + failed, charged=charged, failed=failed, overrun=due - charged)
    connection.execute(_USAGE["record"], values)
    left = _left(standing, freed=amount - charged)
    return Settled(due + failed, charged, failed, due - charged, left=left)


def _left(standing: list[Any], *, freed: int) -> Left:
    """What the account has once the hold is resolved; the row tells what it had before."""
    account, before, threshold, low_since, unlimited = standing
    available = before + freed
    low = threshold is not None and available < threshold
    return Left(account, None if unlimited else available, low, low and low_since is None)


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
