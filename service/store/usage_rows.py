"""Rows of the table `usage`: how settlements write them, and how what was counted is read back."""

from __future__ import annotations

from collections.abc import Sequence
from operator import attrgetter
from typing import Any

import msgspec
from msgspec import Struct

from service.store.records import Settle
from service.store.repeated import Repeated
from service.store.statements import sql
from specs.usage import COUNTS, Usage

record = Repeated(sql("usage")["record"])
"""Writes rows of usage."""
_counts = attrgetter(*COUNTS)
_units = msgspec.json.Decoder(dict[str, int])


class Payment(Struct, frozen=True):
    """Who paid for an attempt. `cost` is `charged` + `failed` + `overrun`."""

    account: str
    cost: int
    charged: int
    failed: int = 0
    overrun: int = 0


def usage_row(order: Settle, payment: Payment) -> tuple[Any, ...]:
    """The values of `record` for a settled attempt."""
    usage = order.usage
    units = msgspec.json.encode(usage.units).decode() if usage.units else None
    return (
        *(order.run, order.step, order.attempt, *_counts(usage), units, usage.estimated),
        *(order.rates, order.raw, payment.cost, payment.charged, payment.failed, payment.overrun, order.now),
    )


def row_to_usage(values: Sequence[Any]) -> Usage:
    """Read the counts, the units and the flag of a row back."""
    *counts, units, estimated = values
    return Usage(
        **dict(zip(COUNTS, counts, strict=True)),
        units=_units.decode(units) if units else {},
        estimated=bool(estimated),
    )
